"""Announces and holds the number of calls a key may make: one bucket per key, in this process's memory."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after a call; `wait_s` is 0 unless the call is one too many."""

    calls_per_minute: int
    left: int
    wait_s: int

    @property
    def headers(self) -> dict[str, str]:
        """The policy, what is left of it now, and in how many seconds one more call is allowed."""
        refilled = max(1, math.ceil(60 / self.calls_per_minute))
        announced = {
            "RateLimit-Policy": f'"cle";q={self.calls_per_minute};w=60',
            "RateLimit": f'"cle";r={self.left};t={self.wait_s or refilled}',
        }
        return {**announced, "Retry-After": str(self.wait_s)} if self.wait_s else announced


class Limiter:
    """Buckets of `calls_per_minute` calls that refill evenly; the least recently used are forgotten beyond 10 000."""

    def __init__(self, calls_per_minute: int, now: Callable[[], float]) -> None:
        self._calls_per_minute = calls_per_minute
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> Allowance:
        """Counts one call of `name`, if one is left."""
        now = self._now()
        left, at = self._buckets.pop(name, (float(self._calls_per_minute), now))
        left = min(self._calls_per_minute, left + (now - at) * self._calls_per_minute / 60)
        allowed = left >= 1
        left -= 1 if allowed else 0
        self._buckets[name] = (left, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        wait_s = 0 if allowed else max(1, math.ceil((1 - left) * 60 / self._calls_per_minute))
        return Allowance(self._calls_per_minute, int(left), wait_s)


class AnnounceLimits:
    """Adds to the answer of each counted call what is left of its allowance."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_limits(message: Message) -> None:
            allowance = scope.get("state", {}).get("allowance")
            if message["type"] == "http.response.start" and isinstance(allowance, Allowance):
                headers = MutableHeaders(scope=message)
                for name, value in allowance.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_limits)
