"""Faults at random moments of a load: which, and when, by one seed."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import asyncpg

from deploy.create_roles import SERVICES
from tests.deadline import eventually
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.faults.scale import Scale

PAUSE_SECONDS = 14.0
"""Longer than the session of a consumer (10 s), as long as a transaction or a relay may be idle."""
SLOW_SECONDS = 0.2
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

    def __init__(self, installation: Installation, load: Load, scale: Scale, *, seed: int) -> None:
        self._installation = installation
        self._load = load
        self._scale = scale
        self._chance = random.Random(f"{seed}/chaos")
        self._turns = random.Random(f"{seed}/matchers")
        self.rebalances = 0
        """How often another matcher came, went, or was paused for longer than its session."""
        self.done: list[str] = []

    def plan(self, *, steps: int) -> list[Fault]:
        """All that the scale asks for, in any order, at any moments of `steps` steps of the load."""
        faults = list(self._faults())
        self._chance.shuffle(faults)
        moments = sorted(self._chance.sample(range(steps // 10, steps * 19 // 20), len(faults)))
        return [Fault(after, what, do) for after, (what, do) in zip(moments, faults, strict=True)]

    def _faults(self) -> Iterator[tuple[str, Do]]:
        scale = self._scale
        for service, kills in scale.kills.items():
            yield from [(f"kill {service}", self._kill(service)) for _ in range(kills)]
            yield from [(f"pause {service}", self._pause(service))] * scale.pauses
        for number in range(scale.restarts):
            clean = number % 2 == 0
            yield f"restart postgres, clean: {clean}", self._restart_postgres(clean)
            yield f"restart broker, clean: {clean}", self._restart_broker(number % scale.brokers, clean)
        for server in ("broker", "postgres"):
            yield from [(f"cut {server}", self._cut(server))] * scale.cuts
            yield from [(f"slow {server}", self._slow(server))] * scale.slow
        yield from [("lose an answer", self._lose_answer)] * 3

    async def run(self, faults: list[Fault]) -> None:
        """Let the faults happen."""
        for fault in faults:
            await self._load.reaches(fault.after)
            self._note(fault.what)
            await fault.do()
        await self._installation.ready(*SERVICES)

    async def come_and_go(self, over: asyncio.Event) -> None:
        """Have other matchers start, end, be killed and be paused until `over`; those that run then are ready."""
        names = [f"matcher-{number}" for number in range(2, self._scale.matchers + 1)]
        while not over.is_set():
            name = self._turns.choice(names)
            if not self._installation.runs(name):
                self._turn(f"start {name}")
                self._installation.start_service(name)
            else:
                await self._leave(name, self._turns.choice(("stop", "kill", "pause")))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self._turns.uniform(0.5, 1.5) * self._scale.turn_s)
        await self._installation.ready(*[name for name in names if self._installation.runs(name)])

    async def _leave(self, name: str, how: str) -> None:
        self._turn(f"{how} {name}")
        if how == "pause":
            async with self._installation.hanging(name):
                await asyncio.sleep(PAUSE_SECONDS)
            self._turn(f"resume {name}")
        else:
            await asyncio.to_thread(self._installation.kill if how == "kill" else self._installation.stop_service, name)

    def _turn(self, what: str) -> None:
        self.rebalances += 1
        self._note(what)

    def _note(self, what: str) -> None:
        self.done.append(f"{self._load.done}: {what}")

    def _kill(self, service: str) -> Do:
        waits, hurries, aims = self._chance.randrange(4), self._chance.random() < 0.3, self._chance.random() < 0.6

        async def kill() -> None:
            if aims:
                await self._at_work(service)
            self._installation.kill(service)
            if service != "ingest":  # without which the load does not go on
                await self._load.reaches(self._load.done + waits)
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
            await self._installation.ready(service)

        return pause

    def _restart_broker(self, number: int, clean: bool) -> Do:
        waits = self._chance.randrange(8) if self._scale.brokers > 1 else 0

        async def again() -> None:
            with self._recovering():
                await asyncio.to_thread(self._installation.end_broker, number, clean=clean)
                await self._load.reaches(self._load.done + waits)
                self._installation.start_broker(number)
                await self._installation.serving()
                await self._installation.ready(*SERVICES)

        return again

    def _restart_postgres(self, clean: bool) -> Do:
        async def again() -> None:
            with self._recovering():
                await asyncio.to_thread(self._installation.end_postgres, clean=clean)
                self._installation.start_postgres()
                await self._installation.serving()
                await self._installation.ready(*SERVICES)

        return again

    def _cut(self, server: str) -> Do:
        async def cut() -> None:
            with self._recovering():
                self._installation.cut(server)
                await self._installation.ready(*SERVICES)

        return cut

    def _slow(self, server: str) -> Do:
        async def slow() -> None:
            with self._installation.slowed(server, SLOW_SECONDS):
                await self._load.reaches(self._load.done + 5)

        return slow

    @contextlib.contextmanager
    def _recovering(self) -> Iterator[None]:
        """Remember how long it takes."""
        began = time.monotonic()
        yield
        self._installation.recoveries.append(time.monotonic() - began)

    async def _lose_answer(self) -> None:
        self._installation.post.lose_answers(1)
