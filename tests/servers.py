"""The real servers of a test run: named by the environment, else containers, else the embedded ones of the demo."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy.local.servers import LocalServers
from tests.containers import ContainerFailure, containers

KAFKA_IMAGE = "apache/kafka:4.3.1"
POSTGRES_IMAGE = "postgres:18"


@dataclass(frozen=True)
class Servers:
    """Where the broker and the database administrator's account are."""

    bootstrap_servers: str
    admin_dsn: str


def source() -> str:
    """Which servers a run takes, in words for the report."""
    named = [name for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL") if os.environ.get(name)]
    if len(named) == 2:
        return "servers of the environment (KAFKA_BOOTSTRAP_SERVERS, DATABASE_URL)"
    started = f"containers ({KAFKA_IMAGE}, {POSTGRES_IMAGE})" if has_images() else "embedded Kafka and PostgreSQL"
    return " and ".join([f"{name} of the environment" for name in named] + [started])


@contextmanager
def started_servers(say: Callable[[str], object]) -> Iterator[Servers]:
    """Both servers, for as long as the context lasts; those of the environment are left running.

    An engine that has the images but cannot run them is told to `say`, and the embedded servers take over.
    """
    kafka, postgres = os.environ.get("KAFKA_BOOTSTRAP_SERVERS"), os.environ.get("DATABASE_URL")
    if kafka and postgres:
        yield Servers(kafka, postgres)
        return
    with ExitStack() as stack:
        bootstrap_servers, admin_dsn = _enter(stack, say)
        yield Servers(kafka or bootstrap_servers, postgres or admin_dsn)


def _enter(stack: ExitStack, say: Callable[[str], object]) -> tuple[str, str]:
    if has_images():
        try:
            return stack.enter_context(containers(KAFKA_IMAGE, POSTGRES_IMAGE))
        except ContainerFailure as error:
            say(f"servers: embedded after all, since {error}")
    return stack.enter_context(_embedded())


@cache
def has_images() -> bool:
    """Whether a container engine answers and has both images, so that nothing need be downloaded.

    `ESSAIM_TEST_SERVERS=embedded` says no.
    """
    if os.environ.get("ESSAIM_TEST_SERVERS") == "embedded" or not shutil.which("docker"):
        return False
    command = ["docker", "image", "inspect", KAFKA_IMAGE, POSTGRES_IMAGE]
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@contextmanager
def _embedded() -> Iterator[tuple[str, str]]:
    state = Path(tempfile.mkdtemp(prefix="essaim-tests-"))
    # PostgreSQL runs as another user when the tests run as root: let it pass.
    state.chmod(0o755)
    try:
        with LocalServers(state, durable=False) as servers:
            yield servers.bootstrap_servers, servers.dsn("postgres")
    finally:
        shutil.rmtree(state)
