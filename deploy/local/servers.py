"""The servers that everything needs, a broker and a database, with one life: for the demo and for tests alike."""

import asyncio
import fcntl
import secrets
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import asyncpg

from deploy.create_roles import SERVICES
from deploy.local.children import Child, stop_leftovers
from deploy.local.kafka import Kafka, Node
from deploy.local.machine import MachineError, check_owner
from deploy.local.ports import any_free_port
from deploy.local.postgres import Postgres
from deploy.local.progress import Progress, Silent
from deploy.local.roles import dsn_of, prepare_roles
from deploy.local.state import default_cache, write_secret

DATABASE = "essaim"
T = TypeVar("T")


class LocalServers:
    """One Kafka broker, or a cluster, and one PostgreSQL server on loopback, their data below `state`.

    Use it as a context manager, from the main thread. Data survive a stop, and a kill -9
    of the servers or of this process.
    Port 0 takes any free one; `durable=False` gives up safety against a power cut, for tests.
    """

    def __init__(
        self,
        state: Path,
        *,
        kafka_port: int = 0,
        kafka_controller_port: int = 0,
        postgres_port: int = 0,
        forwarders: Sequence[int] = (),
        cache: Path | None = None,
        durable: bool = True,
        progress: Progress | None = None,
    ) -> None:
        """One broker, or with `forwarders` one behind each of these ports, and reached directly all the same."""
        self.state = state.absolute()
        self.run = self.state / "run"
        self._progress: Progress = progress or Silent()
        cache = (cache or default_cache()).absolute()
        self._cache = cache
        first = Node(1, kafka_port or any_free_port(), kafka_controller_port or any_free_port())
        self.nodes = [
            Node(number, any_free_port(), any_free_port(), (any_free_port(), port))
            for number, port in enumerate(forwarders, 1)
        ] or [first]
        self.brokers = [Kafka(self._folder_of(node), cache, self.run, node, self.nodes) for node in self.nodes]
        self.postgres = Postgres(self.state / "postgres", self.run, postgres_port or any_free_port(), durable=durable)
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """The brokers' addresses for clients."""
        return ",".join(broker.bootstrap_servers for broker in self.brokers)

    def dsn(self, database: str = DATABASE) -> str:
        """The superuser's DSN of a database; only after `start`."""
        return self.postgres.dsn(database)

    def service_dsn(self, service: str, database: str = DATABASE) -> str:
        """The DSN of one service's role, whose schema is the only one it sees; only after `start`."""
        return dsn_of(self.dsn(database), service, self._passwords()[service])

    @property
    def children(self) -> list[Child]:
        """The processes."""
        return [*(broker.child for broker in self.brokers), self.postgres.child]

    def claim(self) -> None:
        """Take the state for this process and stop what a killed run of it left running; a second call does nothing.

        Raises `MachineError` when another process has it, or it is another user's.
        """
        if self._lock:
            return
        check_owner(self.state)
        check_owner(self._cache)
        self.run.mkdir(parents=True, exist_ok=True)
        self._lock = hold(self.run / "lock")
        stop_leftovers(self.run)

    def start(self) -> None:
        """Start both, wait until they serve, create the database, its roles and schemas. Raises `MachineError`."""
        try:
            self.claim()
            # The quick one first: it starts while the broker is prepared.
            self.postgres.start(self._progress)
            for broker in self.brokers:
                broker.start(self._progress)
            with self._progress.step("Démarrage de PostgreSQL et de Kafka"):
                self.postgres.wait()
                run_apart(self._prepare_database())
                for broker in self.brokers:
                    broker.wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all cleanly, brokers first; a second call does nothing."""
        for broker in self.brokers:
            broker.ask_to_stop()
        self.postgres.stop()
        for broker in self.brokers:
            broker.stop()
        if self._lock:
            self._lock.close()
            self._lock = None

    def _folder_of(self, node: Node) -> Path:
        return self.state / ("kafka" if node.number == 1 else f"kafka-{node.number}")

    async def _prepare_database(self) -> None:
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()
        await prepare_roles(self.dsn(), self._passwords())

    def _passwords(self) -> dict[str, str]:
        path = self.state / "postgres" / "service-passwords"
        if not path.exists():
            write_secret(path, "".join(f"{service} {secrets.token_urlsafe(24)}\n" for service in SERVICES))
        lines = path.read_text(encoding="utf-8").split()
        return dict(zip(lines[::2], lines[1::2], strict=True))


def hold(path: Path) -> IO[str]:
    """A lock that lasts until the file is closed or this process ends; `MachineError` when another holds it."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise MachineError(
            f"Essaim tourne déjà avec les données de {path.parent.parent}.",
            "Arrêtez-le d'abord (Ctrl-C dans son terminal).",
        ) from error
    return file


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own, whether or not this thread has one running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
