"""Faults at random moments of a load: which, and when, by one seed."""

import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg

from deploy.create_roles import SERVICES
from tests.deadline import eventually
from tests.faults.installation import Installation
from tests.faults.load import Load

KILLED = {"ingest": 3, "matcher": 4, "notifier": 4, "console": 1}
"""How often each service is drawn; the relay of a service lives in its process."""
_AT_WORK = {
    "notifier": "SELECT EXISTS (SELECT FROM notifier.mails WHERE state = 'frozen' AND begun_at IS NOT NULL)"
    " OR EXISTS (SELECT FROM notifier.outbox)"
}


@dataclass(frozen=True)
class Fault:
    """What happens, and after how many steps of the load."""

    after: int
    what: str
    do: Callable[[], Awaitable[None]]


class Chaos:
    """Does each fault in its turn, once the load has come so far."""

    def __init__(self, installation: Installation, load: Load, *, seed: int) -> None:
        self._installation = installation
        self._load = load
        self._chance = random.Random(f"{seed}/chaos")
        self.done: list[str] = []

    def plan(self, *, steps: int, kills: int) -> list[Fault]:
        """In any order: `kills` kills, each server restarted after a kill -9 and after a clean end, answers lost."""
        services = self._chance.choices(list(KILLED), list(KILLED.values()), k=kills - 3)
        # Whatever is drawn, each relay that matters, the matcher and the notifier are killed.
        faults = [(f"kill {each}", self._kill(each)) for each in ("ingest", "matcher", "notifier", *services)]
        for name, restart in (
            ("broker", self._installation.restart_broker),
            ("postgres", self._installation.restart_postgres),
        ):
            faults += [(f"restart {name}, clean: {clean}", self._restart(restart, clean)) for clean in (True, False)]
        faults += [("lose an answer", self._lose_answer)] * 3
        self._chance.shuffle(faults)
        moments = sorted(self._chance.sample(range(steps // 10, steps * 19 // 20), len(faults)))
        return [Fault(after, what, do) for after, (what, do) in zip(moments, faults, strict=True)]

    async def run(self, faults: list[Fault]) -> None:
        """Let the faults happen; what the load was too short for happens at its end."""
        for fault in faults:
            await self._load.reaches(fault.after)
            self.done.append(f"{self._load.done}: {fault.what}")
            await fault.do()
        await self._installation.ready(*SERVICES)

    def _kill(self, service: str) -> Callable[[], Awaitable[None]]:
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

    def _restart(self, restart: Callable[..., None], clean: bool) -> Callable[[], Awaitable[None]]:
        async def again() -> None:
            restart(clean=clean)
            await self._installation.serving()
            await self._installation.ready(*SERVICES)

        return again

    async def _lose_answer(self) -> None:
        self._installation.post.lose_answers(1)
