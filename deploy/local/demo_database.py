"""Where the demonstration's database is, for the commands that manage its accounts."""

from deploy.local.ports import preferred_port
from deploy.local.servers import LocalServers
from deploy.local.state import home


def database_url(service: str) -> str | None:
    """The DSN of a service of the demonstration kept here; none when it never ran."""
    if not (home() / "postgres" / "service-passwords").exists():
        return None
    return LocalServers(home(), postgres_port=preferred_port("ESSAIM_POSTGRES_PORT")).service_dsn(service)
