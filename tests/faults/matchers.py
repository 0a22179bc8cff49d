"""Other matchers come and go beside the first: two to all of them, killed, stopped and paused at any moment."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable

from tests.faults.installation import Installation
from tests.faults.scale import Scale

PAUSE_SECONDS = 14.0
"""Longer than the session of a consumer (10 s), as long as a transaction or a relay may be idle."""
MOST_AT_ONCE = 3


class Matchers:
    """Has other matchers come and go; each of them is killed as often as the scale asks for."""

    def __init__(self, installation: Installation, scale: Scale, note: Callable[[str], None], *, seed: int) -> None:
        self._installation = installation
        self._scale = scale
        self._note = note
        self._chance = random.Random(f"{seed}/matchers")
        self._names = [f"matcher-{number}" for number in range(2, scale.matchers + 1)]
        self._alone = asyncio.Lock()
        self._wanted = len(self._names)
        self.kills: Counter[str] = Counter()
        self.rebalances = 0
        """How often one came, went, or was paused for longer than its session."""
        self.most = 1
        """How many were ready at once."""

    async def come_and_go(self, over: asyncio.Event) -> None:
        """Have others start, end, be killed and be paused until `over`, all were ready at once, and each was killed
        often enough.

        All of them run at first, then fewer, and more again; those that run in the end are ready.
        """
        while not over.is_set() or self._owed or not self._all_were_ready:
            async with self._alone:
                await self._turn()
            seconds = self._chance.uniform(0.5, 1.5) * self._scale.turn_s
            if over.is_set():
                await asyncio.sleep(seconds)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), seconds)
        await self._installation.ready(*self._running)

    @contextlib.asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """No matcher runs meanwhile, as a restoration needs; those that ran do so again afterwards."""
        async with self._alone:
            ran = ["matcher", *self._running]
            await asyncio.gather(*(asyncio.to_thread(self._installation.stop_service, name) for name in ran))
            yield
            for name in ran:
                self._installation.start_service(name)

    @property
    def _running(self) -> list[str]:
        return [name for name in self._names if self._installation.runs(name)]

    async def _is_ready(self, name: str) -> bool:
        return self._installation.runs(name) and await self._installation.is_ready(name)

    @property
    def _all_were_ready(self) -> bool:
        return self.most == self._scale.matchers

    @property
    def _owed(self) -> list[str]:
        """Those that are to be killed more often."""
        return [name for name in self._names if self.kills[name] < self._scale.other_kills]

    async def _turn(self) -> None:
        ready = [name for name in ("matcher", *self._running) if await self._is_ready(name)]
        self.most = max(self.most, len(ready))
        ready = [name for name in ready if name != "matcher"]
        if len(self._running) == self._wanted == len(ready):
            self._wanted = self._chance.randint(0 if not self._owed else len(self._names) // 2, len(self._names))
        away = [name for name in self._names if name not in self._running]
        if owed := [name for name in away if name in self._owed]:
            self._start(self._chance.choice(owed))
        elif len(self._running) < self._wanted:
            self._start(self._chance.choice(away))
        elif self._all_were_ready and ready and (len(ready) > self._wanted or self._chance.random() < 0.3):
            await self._leave(self._chance.choice(ready), self._chance.choice(("stop", "pause")))
        if self._all_were_ready and (self._owed or self._chance.random() < 0.3):
            await self._kill_some([name for name in ready if self._installation.runs(name)])

    def _start(self, name: str) -> None:
        self._count(f"start {name}")
        self._installation.start_service(name)

    async def _kill_some(self, ready: list[str]) -> None:
        """Kill some at once, those first that were least often; most of them start again at once."""
        ready.sort(key=lambda name: (self.kills[name], name))
        for name in ready[: self._chance.randint(1, MOST_AT_ONCE)]:
            self._count(f"kill {name}")
            await asyncio.to_thread(self._installation.kill, name)
            self.kills[name] += 1
            if self._owed or self._chance.random() < 0.5:
                self._start(name)

    async def _leave(self, name: str, how: str) -> None:
        self._count(f"{how} {name}")
        if how == "stop":
            await asyncio.to_thread(self._installation.stop_service, name)
            return
        async with self._installation.hanging(name):
            await asyncio.sleep(PAUSE_SECONDS)
        self._count(f"resume {name}")

    def _count(self, what: str) -> None:
        self.rebalances += 1
        self._note(what)
