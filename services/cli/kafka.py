"""Where Kafka is, for commands that read it."""

from services.cli.refusing import FAILED, refuse
from shared.events.registry import PREFIX
from shared.secrets import secret


def kafka_of(service: str, code: int = FAILED) -> tuple[str, str]:
    """The brokers and the topics' prefix: named as the service has them, else the demonstration's."""
    variable = f"{service.upper()}_KAFKA_BOOTSTRAP_SERVERS"
    prefix = secret(f"{service.upper()}_TOPIC_PREFIX") or PREFIX
    servers = secret(variable)
    if servers:
        return servers, prefix
    try:
        from deploy.local.ports import preferred_port
    except ModuleNotFoundError:
        refuse(f"{variable} n'est pas défini : donnez-lui l'adresse de Kafka", code)
    return f"127.0.0.1:{preferred_port('ESSAIM_KAFKA_PORT')}", prefix
