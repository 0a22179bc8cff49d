"""A whole Essaim whose parts can be killed, stopped for a while and started again, each time counted."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx

from deploy.create_roles import SERVICES
from deploy.create_topics import ensure_topics
from deploy.local.children import Child
from deploy.local.machine import MachineError
from deploy.local.ports import any_free_port
from deploy.local.progress import Silent
from deploy.local.servers import LocalServers, run_apart
from deploy.local.services import Ports, command, environment
from deploy.local.state import default_cache, own_secrets
from services.ingest.accounts import add_key, add_organisation
from shared.database import open_pool
from shared.migrations import migrate
from tests.faults.compaction import NOT_TODAY, set_compaction
from tests.faults.forwarder import Forwarders
from tests.faults.post import PostOffice

READY_SECONDS = 120.0
SERVER_SECONDS = 40.0
PREFIX = "essaim."
OPERATOR = "exploitant"
SETTINGS = {
    # Mails leave at once: nothing waits for a clock.
    "NOTIFIER_WINDOW_SECONDS": "0.5",
    "NOTIFIER_SUGGESTIONS_APART_SECONDS": "0",
    "MATCHER_ENGINE": "compiled",
    "MATCHER_COMPILED_DIR": str(default_cache() / "compiled"),
    # Long enough for a program to take an answer back.
    "CONSOLE_DECLINE_GRACE_S": "2",
}


class Installation:
    """Servers, services and a post office of their own, below a temporary folder; use `start` and `stop`.

    Services reach the servers through forwarders. `matcher-2` is a second matcher, and so on. Call all but the waits
    and the ends from the main thread.
    """

    def __init__(self, *, brokers: int = 1) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="essaim-faults-"))
        # PostgreSQL runs as another user when the tests run as root: let it pass.
        self.state.chmod(0o755)
        self._kafka_ports = [any_free_port() for _ in range(brokers)]
        self._postgres_port, postgres_port = any_free_port(), any_free_port()
        self.servers = LocalServers(self.state, postgres_port=postgres_port, forwarders=self._kafka_ports)
        behind = [node.forwarded[0] for node in self.servers.nodes if node.forwarded]
        self._forwarders = Forwarders(
            [(self._postgres_port, postgres_port), *zip(self._kafka_ports, behind, strict=True)]
        )
        self.ports = Ports(*(any_free_port() for _ in range(6)))
        self.post = PostOffice(self.ports.smtp)
        self.key = ""
        self.kills: Counter[str] = Counter()
        self.pauses: Counter[str] = Counter()
        self.restarts: Counter[str] = Counter()
        self.cuts: Counter[str] = Counter()
        self.recoveries: dict[str, list[float]] = defaultdict(list)
        """Seconds from each start of a service, or end of a server, to readiness, by what it was."""
        self._running: dict[str, Child] = {}
        self._started_at: dict[str, float] = {}
        self._addresses = {service: self.ports.url(service) for service in SERVICES}
        self._runs: Counter[str] = Counter()

    def start(self) -> None:
        """Start everything and wait until all is ready."""
        self.servers.start()
        self._forwarders.open()
        self.post.open()
        run_apart(self._prepare())
        for service in SERVICES:
            self.start_service(service)
        run_apart(self.ready(*SERVICES))
        self.recoveries.clear()

    def stop(self) -> None:
        """Stop everything and forget it."""
        for child in self._running.values():
            child.ask_to_stop()
        for child in self._running.values():
            child.stop(5)
        self._forwarders.close()
        self.servers.stop()
        self.post.close()
        shutil.rmtree(self.state)

    def url(self, service: str) -> str:
        """Where a service answers."""
        return self._addresses[service]

    def runs(self, service: str) -> bool:
        """Whether it was started, and neither ended nor killed since."""
        return service in self._running

    def pid(self, service: str) -> int:
        """The process id of a service that runs."""
        return self._running[service].pid

    def start_service(self, service: str) -> None:
        """Start a service that does not run; `matcher-2` is a second matcher, on a port of its own."""
        kind = _kind(service)
        self._addresses.setdefault(service, f"http://127.0.0.1:{any_free_port()}")
        self._runs[service] += 1
        port = int(self._addresses[service].rpartition(":")[2])
        settings = environment(kind, self.servers, self.ports, own_secrets(self.state), PREFIX)
        settings |= SETTINGS | self._forwarded(kind) | {"MATCHER_ADDRESS": self._addresses[service]}
        child = Child(f"{service}-{self._runs[service]}", self.servers.run)
        child.start(command(kind, port), env=settings)
        self._running[service] = child
        self._started_at[service] = time.monotonic()

    def ended(self) -> str:
        """What has ended by itself, with its last words; empty while all runs."""
        return "; ".join(
            f"{name} has ended: {child.last_lines(5)}"
            for name, child in list(self._running.items())  # others end on threads meanwhile
            if child.exit_code is not None
        )

    async def mend(self) -> None:
        """Have all services run, once each, whatever another test has left."""
        for service in self._running.keys() - set(SERVICES):
            self.stop_service(service)
        for service in SERVICES:
            if service not in self._running or self._running[service].exit_code is not None:
                self.start_service(service)
        await self.ready(*SERVICES)

    async def is_ready(self, service: str) -> bool:
        """Whether it says so now."""
        with suppress(TimeoutError):
            await self.ready(service, seconds=0)
            return True
        return False

    def kill(self, service: str) -> None:
        """End a service, and the relay in it, as `kill -9` does."""
        self._end(service, Child.kill)
        self.kills[_kind(service)] += 1

    def stop_service(self, service: str) -> None:
        """End a service as an operator does."""
        self._end(service, Child.stop)

    @asynccontextmanager
    async def hanging(self, service: str) -> AsyncIterator[None]:
        """A service that runs no further meanwhile, and afterwards goes on without knowing that time has passed."""
        pid = self._running[service].pid
        os.kill(pid, signal.SIGSTOP)
        self.pauses[_kind(service)] += 1
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def cut(self, server: str) -> None:
        """Break off every connection between the services and `broker` or `postgres`."""
        for port in self._ports_of(server):
            self._forwarders.cut(port)
        self.cuts[server] += 1

    @contextmanager
    def slowed(self, server: str, seconds: float) -> Iterator[None]:
        """Let all that services and `broker` or `postgres` say to one another take so much longer meanwhile."""
        for port in self._ports_of(server):
            self._forwarders.delay(port, seconds)
        try:
            yield
        finally:
            for port in self._ports_of(server):
                self._forwarders.delay(port, 0)

    async def relay_of(self, service: str) -> int:
        """Which database session is the active relay of a service; 0 when there is none."""
        connection = await asyncpg.connect(self.servers.dsn())
        try:
            found = await connection.fetchval(
                """
                SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
                AND classid::bigint = hashtext('essaim-relay') & 4294967295
                AND objid::bigint = hashtext($1) & 4294967295
                """,
                service,
            )
        finally:
            await connection.close()
        return int(found or 0)

    def end_broker(self, number: int, *, clean: bool) -> None:
        """End one of the brokers, counted from 0; `clean` or as `kill -9` does."""
        broker = self.servers.brokers[number]
        (broker.stop if clean else broker.kill)()
        self.restarts["broker"] += 1

    def start_broker(self, number: int) -> None:
        """Start a broker that was ended."""
        self.servers.brokers[number].start(Silent())

    def end_postgres(self, *, clean: bool) -> None:
        """End the database server; `clean` or as `kill -9` does."""
        postgres = self.servers.postgres
        (postgres.stop if clean else postgres.kill)()
        self.restarts["postgres"] += 1

    def start_postgres(self) -> None:
        """Start the database server that was ended."""
        self.servers.postgres.start(Silent())

    async def serving(self) -> None:
        """Return once brokers and database serve."""
        for broker in self.servers.brokers:
            await asyncio.to_thread(broker.wait)
        deadline = time.monotonic() + SERVER_SECONDS
        while True:
            try:
                await asyncio.to_thread(self.servers.postgres.wait)
                return
            except MachineError:
                # Right after a kill -9, processes of the former server may still hold its memory.
                if time.monotonic() > deadline:
                    raise
                self.servers.postgres.start(Silent())

    async def ready(self, *services: str, seconds: float = READY_SECONDS) -> None:
        """Return once these services say that they are ready; remembers how long it took them since their start."""
        deadline = time.monotonic() + seconds
        waiting = list(services)
        said = ""
        async with httpx.AsyncClient(timeout=2) as client:
            while waiting:
                try:
                    answer = await client.get(f"{self.url(waiting[0])}/health/ready")
                    said = answer.text
                    if answer.status_code == 200:
                        since = self._started_at.pop(waiting[0], None)
                        name = waiting.pop(0)
                        if since:
                            self.recoveries[f"start of {_kind(name)}"].append(time.monotonic() - since)
                        continue
                except httpx.TransportError as error:
                    said = repr(error)
                assert not self.ended(), self.ended()
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{waiting[0]} is not ready after {seconds:.0f} s: {said}")
                await asyncio.sleep(0.05)

    def logs(self, lines: int = 20, width: int = 500) -> dict[str, str]:
        """The end of the log of every run of every process, by its name."""
        found = {}
        for path in sorted(self.servers.run.glob("*.log*")):
            last = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
            found[path.name] = "\n".join(line[:width] for line in last)
        return found

    def _ports_of(self, server: str) -> list[int]:
        return self._kafka_ports if server == "broker" else [self._postgres_port]

    def _forwarded(self, kind: str) -> dict[str, str]:
        """The settings of a service that lead it through the forwarders."""
        dsn = self.servers.service_dsn(kind)
        name = kind.upper()
        return {
            f"{name}_DATABASE_URL": dsn.replace(f":{urlsplit(dsn).port}/", f":{self._postgres_port}/"),
            f"{name}_KAFKA_BOOTSTRAP_SERVERS": ",".join(f"127.0.0.1:{port}" for port in self._kafka_ports),
        }

    def _end(self, service: str, how: Callable[[Child], None]) -> None:
        child = self._running.pop(service)
        how(child)
        child.stop()
        self._started_at.pop(service, None)

    async def _prepare(self) -> None:
        for service in SERVICES:
            await migrate(self.servers.service_dsn(service), service)
        replication = len(self.servers.brokers)
        await ensure_topics(self.servers.bootstrap_servers, prefix=PREFIX, replication=replication)
        await set_compaction(self.servers.bootstrap_servers, PREFIX, NOT_TODAY)
        pool = await open_pool(self.servers.service_dsn("ingest"), service="ingest")
        await add_organisation(pool, OPERATOR, "Exploitant")
        self.key = await add_key(pool, OPERATOR, ["admin"])
        await pool.close()


def _kind(service: str) -> str:
    return service.partition("-")[0]
