"""Faults at random moments of a load: which, and when, by one seed."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import asyncpg

from deploy.create_roles import SERVICES
from services.matcher.matching.criteria import RULES
from services.matcher.store.models import Model
from services.matcher.store.models import bring as bring_model
from shared.database import in_transaction, open_pool
from tests.deadline import eventually
from tests.faults.commands import essaim
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.faults.matchers import PAUSE_SECONDS, Matchers
from tests.faults.people import People
from tests.faults.scale import Scale
from tests.integration.matcher_stage import other_model
from tests.integration.restored import Backups

SLOW_SECONDS = 0.2
STEPS_SECONDS = 30.0
"""How long a fault waits at most for the load to go on."""
TURNED_SECONDS = 300.0
"""How long the building of lists for the next model may last beyond the last fault."""
BACKUP_IS_OLDER = 20
"""How many steps were taken after a backup that is put back."""
_AT_WORK = {
    "notifier": "SELECT EXISTS (SELECT FROM notifier.mails WHERE state = 'frozen' AND begun_at IS NOT NULL)"
    " OR EXISTS (SELECT FROM notifier.outbox)"
}
Do = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """What happens, and after how many steps of the load."""

    after: int
    what: str
    do: Do


class Chaos:
    """Does each fault in its turn, once the load has come so far; other matchers come and go meanwhile."""

    def __init__(
        self,
        installation: Installation,
        load: Load,
        people: People,
        scale: Scale,
        watch: Callable[[str], None],
        *,
        seed: int,
    ) -> None:
        """`watch` is told what happens as it does."""
        self._installation = installation
        self._load = load
        self._people = people
        self._scale = scale
        self._watch = watch
        self._began = time.monotonic()
        self._chance = random.Random(f"{seed}/chaos")
        self.matchers = Matchers(installation, scale, self.note, seed=seed)
        self.done: list[str] = []

    def plan(self, *, steps: int) -> list[Fault]:
        """All that the scale asks for, in any order, at any moments of `steps` steps of the load."""
        faults = list(self._faults())
        self._chance.shuffle(faults)
        moments = sorted(self._chance.choices(range(steps // 10, steps * 19 // 20), k=len(faults)))
        return [Fault(after, what, do) for after, (what, do) in zip(moments, faults, strict=True)]

    def _faults(self) -> Iterator[tuple[str, Do]]:
        scale = self._scale
        for service, kills in scale.kills.items():
            yield from [(f"kill {service}", self._kill(service)) for _ in range(kills)]
            yield from [(f"pause {service}", self._pause(service))] * scale.pauses
        for number in range(scale.restarts):
            clean = number % 2 == 0
            yield f"restart postgres, clean: {clean}", self._restart_postgres(clean)
        for number in range(scale.broker_restarts):
            clean = number % 2 == 1
            yield f"restart broker, clean: {clean}", self._restart_broker(number % scale.brokers, clean)
        for server in ("broker", "postgres"):
            yield from [(f"cut {server}", self._cut(server))] * scale.cuts
            yield from [(f"slow {server}", self._slow(server))] * scale.slow
        yield from [("lose an answer", self._lose_answer)] * 3
        yield from [("erase what is being answered", self._erase)] * scale.erasures
        for number in range(scale.models):
            yield "bring a model", self._bring(f"model-{number + 2}")
        for command, service in scale.restorations:
            yield f"{command} {service}", self._restore(command, service)

    async def run(self, faults: list[Fault]) -> None:
        """Let the faults happen."""
        for number, fault in enumerate(faults, 1):
            await self._load.reaches(fault.after)
            self.note(f"{number} of {len(faults)}: {fault.what}")
            await fault.do()
        await self._installation.ready(*SERVICES)
        await eventually(self._has_turned, seconds=TURNED_SECONDS)

    async def _has_turned(self) -> bool:
        """Whether no model is being built aside and all lists, and their matches, are of the one at work."""
        connection = await asyncpg.connect(self._installation.servers.dsn())
        try:
            return bool(
                await connection.fetchval(
                    "SELECT NOT EXISTS (SELECT FROM matcher.models WHERE state = 'next') AND NOT EXISTS (SELECT FROM"
                    " matcher.leases WHERE heads_behind OR model IS DISTINCT FROM"
                    " (SELECT model FROM matcher.models WHERE state = 'current'))"
                )
            )
        finally:
            await connection.close()

    def note(self, what: str) -> None:
        """Remember what happens, and tell it."""
        self.done.append(f"{self._load.done}: {what}")
        self._watch(f"{time.monotonic() - self._began:6.0f} s, {self._load.done:5} steps: {what}")

    async def _steps(self, count: int) -> None:
        """Wait for the load to take so many more steps, not for ever: it may need what is away."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._load.reaches(self._load.done + count), STEPS_SECONDS)

    def _kill(self, service: str) -> Do:
        waits, hurries, aims = self._chance.randrange(4), self._chance.random() < 0.3, self._chance.random() < 0.6

        async def kill() -> None:
            if aims:
                await self._at_work(service)
            self._installation.kill(service)
            if service != "ingest":  # without which the load does not go on
                await self._steps(waits)
            self._installation.start_service(service)
            if not hurries:
                await self._installation.ready(service)

        return kill

    async def _at_work(self, service: str) -> None:
        """Wait a little for a moment when the relay of a service, or its mailer, has something in its hands."""
        connection = await asyncpg.connect(self._installation.servers.dsn())

        async def is_at_work() -> bool:
            return bool(
                await connection.fetchval(_AT_WORK.get(service, f"SELECT EXISTS (SELECT FROM {service}.outbox)"))
            )

        with contextlib.suppress(TimeoutError):
            await eventually(is_at_work, seconds=5)
        await connection.close()

    def _pause(self, service: str) -> Do:
        async def pause() -> None:
            async with self._installation.hanging(service):
                await asyncio.sleep(PAUSE_SECONDS)
            with self._recovering(f"pause of {service}"):
                await self._installation.ready(service)

        return pause

    def _restart_broker(self, number: int, clean: bool) -> Do:
        waits = self._chance.randrange(8) if self._scale.brokers > 1 else 0

        async def again() -> None:
            with self._recovering("restart of a broker"):
                await asyncio.to_thread(self._installation.end_broker, number, clean=clean)
                await self._steps(waits)
                self._installation.start_broker(number)
                await self._installation.serving()
                await self._installation.ready(*SERVICES)

        return again

    def _restart_postgres(self, clean: bool) -> Do:
        async def again() -> None:
            with self._recovering("restart of postgres"):
                await asyncio.to_thread(self._installation.end_postgres, clean=clean)
                self._installation.start_postgres()
                await self._installation.serving()
                await self._installation.ready(*SERVICES)

        return again

    def _cut(self, server: str) -> Do:
        async def cut() -> None:
            with self._recovering(f"cut of {server}"):
                self._installation.cut(server)
                await self._installation.ready(*SERVICES)

        return cut

    def _slow(self, server: str) -> Do:
        async def slow() -> None:
            with self._installation.slowed(server, SLOW_SECONDS):
                await self._steps(5)

        return slow

    @contextlib.contextmanager
    def _recovering(self, what: str) -> Iterator[None]:
        """Remember how long it takes."""
        began = time.monotonic()
        yield
        self._installation.recoveries[what].append(time.monotonic() - began)

    async def _lose_answer(self) -> None:
        self._installation.post.lose_answers(1)

    async def _erase(self) -> None:
        """Have a project erased while somebody answers one of its matches, and others may just be told of it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STEPS_SECONDS):
                while True:
                    match_id = await self._people.asked()
                    if await self._load.erase(("projects", match_id.partition("~")[0])):
                        return

    def _bring(self, name: str) -> Do:
        async def bring() -> None:
            model = Model(name, other_model(name).to_bytes(), RULES)
            pool = await open_pool(self._installation.servers.service_dsn("matcher"), service="matcher", max_size=1)
            await in_transaction(pool, lambda connection: bring_model(connection, model))
            await pool.close()

        return bring

    def _restore(self, command: str, service: str) -> Do:
        async def restore() -> None:
            installation = self._installation
            backups = Backups(installation.servers.dsn(), installation.servers.dsn(), service)
            saved = await backups.save() if command == "restored" else {}
            await self._steps(BACKUP_IS_OLDER)
            with self._recovering(f"{command} {service}"):
                async with self._stopped(service):
                    if saved:
                        await backups.put_back(saved)
                    code, said = await essaim(installation, command, service, "--yes")
                    assert code == 0, f"essaim {command} {service}: {code}\n{said}"
                await installation.ready(service)

        return restore

    @contextlib.asynccontextmanager
    async def _stopped(self, service: str) -> AsyncIterator[None]:
        if service == "matcher":
            async with self.matchers.stopped():
                yield
            return
        await asyncio.to_thread(self._installation.stop_service, service)
        yield
        self._installation.start_service(service)
