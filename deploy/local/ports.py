"""Chooses the loopback ports of the local stack: the preferred ones, or free ones for tests."""

import errno
import os
import random
import socket
import time

from deploy.local.machine import MachineError

# The variable that moves a port, and where it is otherwise.
PREFERRED = {
    "ESSAIM_CONSOLE_PORT": 8000,
    "ESSAIM_INGEST_PORT": 8001,
    "ESSAIM_MATCHER_PORT": 8002,
    "ESSAIM_NOTIFIER_PORT": 8003,
    "ESSAIM_MAIL_PAGE_PORT": 8025,
    "ESSAIM_SMTP_PORT": 8026,
    "ESSAIM_KAFKA_PORT": 19092,
    "ESSAIM_KAFKA_CONTROLLER_PORT": 19093,
    "ESSAIM_POSTGRES_PORT": 54330,
}
LABELS = {
    "ESSAIM_CONSOLE_PORT": "les pages",
    "ESSAIM_INGEST_PORT": "l'API de dépôt",
    "ESSAIM_MATCHER_PORT": "le service de rapprochement",
    "ESSAIM_NOTIFIER_PORT": "le service d'alerte",
    "ESSAIM_MAIL_PAGE_PORT": "la page des mails",
    "ESSAIM_SMTP_PORT": "la réception des mails",
    "ESSAIM_KAFKA_PORT": "Kafka",
    "ESSAIM_KAFKA_CONTROLLER_PORT": "le contrôleur de Kafka",
    "ESSAIM_POSTGRES_PORT": "PostgreSQL",
}

_GIVEN: set[int] = set()
"""What `any_free_port` said so far."""


def preferred_port(variable: str) -> int:
    """The port that the environment variable names, or the usual one. Raises `MachineError` when it is no port."""
    text = os.environ.get(variable, "")
    if not text:
        return PREFERRED[variable]
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise MachineError(
            f"{variable}={text} n'est pas un port.", f"Donnez un nombre de 1024 à 65535 : {variable}=18000"
        )
    return int(text)


def check_free(variables: list[str], patience_seconds: float = 0) -> None:
    """Raise one `MachineError` that names every taken port and how to move it; wait so long for one being let go."""
    deadline = time.monotonic() + patience_seconds
    taken = [name for name in variables if not is_free(preferred_port(name))]
    while taken and time.monotonic() < deadline:
        time.sleep(0.1)
        taken = [name for name in taken if not is_free(preferred_port(name))]
    if taken:
        lines = [f"Le port {preferred_port(name)} ({LABELS[name]}) est déjà pris." for name in taken]
        moved = " ".join(
            f"{name}={preferred_port(name) + 10000 if preferred_port(name) < 50000 else 44330}" for name in taken
        )
        raise MachineError(
            "\n".join(lines),
            f"Arrêtez le programme qui l'occupe (une autre démonstration ?), ou changez de port : {moved} make demo",
        )


def is_free(port: int) -> bool:
    """Whether a server can listen on this loopback port now. `MachineError` when it is a reserved one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise MachineError(
                    f"Le port {port} est réservé par le système.", "Choisissez un port au-dessus de 1024."
                ) from error
            return False
    return True


def any_free_port() -> int:
    """A port that is free now, below the range from which the system takes ports for outgoing connections.

    Never the same twice in one process: a server that is yet to listen, or that starts again, finds its own free.
    """
    for _ in range(1000):
        port = random.randrange(20000, 32000)  # noqa: S311 - not a secret
        if port not in _GIVEN and is_free(port):
            _GIVEN.add(port)
            return port
    raise MachineError("Aucun port libre entre 20000 et 32000.", "Arrêtez des programmes qui en occupent.")
