"""An event loop whose clock stands still until it is moved, and which says when nothing more happens by itself."""

import asyncio
import selectors
from collections.abc import Callable

SILENCE_SECONDS = 0.002
"""How long a server that was asked something is listened to before it is looked at whether it waits for a lock."""


class _Selector(selectors.DefaultSelector):
    """Tells the loop whenever it would wait."""

    on_quiet: Callable[[], bool]
    asked: Callable[[], bool]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        ready = super().select(SILENCE_SECONDS if self.asked() else 0)
        if ready or self.on_quiet():
            return ready
        return super().select(0.02)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Timers follow `now`, which `move_on` alone changes; sockets are real. `asked` tells whether an answer is due."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.on_quiet, selector.asked = self._on_quiet, self._is_asked
        self.now = 0.0
        self.asked: Callable[[], bool] = lambda: False
        self._waiter: asyncio.Future[None] | None = None
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def _is_asked(self) -> bool:
        return self.asked()

    async def quiet(self) -> None:
        """Until every task waits for a timer, for a future, or for a server that has been silent for a moment."""
        self._waiter = self.create_future()
        await self._waiter

    def next_timer(self) -> float | None:
        """When the next timer is due."""
        return min((each.when() for each in self._scheduled if not each.cancelled()), default=None)

    def move_on(self, to: float) -> None:
        """Let time pass."""
        self.now = max(self.now, to)

    def _on_quiet(self) -> bool:
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return False
        waiter.set_result(None)
        return True
