"""A broker and a database in containers, on loopback ports, from images that are there already."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.local.kafka import serves
from deploy.local.ports import any_free_port
from deploy.local.postgres import accepts
from tests.deadline import wait_until

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer


class ContainerFailure(Exception):
    """A container ended, or did not answer in time; says what it last wrote."""


@contextmanager
def containers(kafka_image: str, postgres_image: str) -> Iterator[tuple[str, str]]:
    """The bootstrap servers and the administrator's DSN, while both run. Raises `ContainerFailure`."""
    # Containers are stopped below, and the reaper's image may be absent.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    with _postgres(postgres_image) as admin_dsn, _kafka(kafka_image) as bootstrap_servers:
        yield bootstrap_servers, admin_dsn


@contextmanager
def _postgres(image: str) -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    port = any_free_port()
    container = DockerContainer(image).with_env("POSTGRES_PASSWORD", "essaim")
    container = container.with_command("postgres -c fsync=off -c synchronous_commit=off -c max_connections=200")
    container.ports["5432/tcp"] = ("127.0.0.1", port)
    with container:
        _wait(container, lambda: accepts(port))
        yield f"postgresql://postgres:essaim@127.0.0.1:{port}/postgres"


@contextmanager
def _kafka(image: str) -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    port = any_free_port()
    container = DockerContainer(image)
    container.ports[f"{port}/tcp"] = ("127.0.0.1", port)
    for name, value in _kafka_settings(port).items():
        container = container.with_env(f"KAFKA_{name}", value)
    with container:
        _wait(container, lambda: serves(port))
        yield f"127.0.0.1:{port}"


def _wait(container: "DockerContainer", ready: Callable[[], bool]) -> None:
    def ended() -> bool:
        wrapped = container.get_wrapped_container()
        wrapped.reload()
        return wrapped.status in ("exited", "dead")

    try:
        wait_until(lambda: ready() or ended(), seconds=90)
    except TimeoutError as error:
        raise ContainerFailure(f"{container.image} does not answer") from error
    if not ready():
        last = b"".join(container.get_logs()).decode(errors="replace").strip().splitlines()[-1:]
        raise ContainerFailure(f"{container.image} ended: {''.join(last)}")


def _kafka_settings(port: int) -> dict[str, str]:
    """One variable given, the image applies no default; the broker reaches itself by a listener of its own."""
    return {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "LISTENERS": f"PLAINTEXT://:{port},INSIDE://:9092,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port},INSIDE://localhost:9092",
        "LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "INTER_BROKER_LISTENER_NAME": "INSIDE",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "TRANSACTION_STATE_LOG_NUM_PARTITIONS": "4",
        "SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
