"""Waits for a condition, never for a time: `wait_until` in plain code, `eventually` in a coroutine."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], *, seconds: float = 10) -> T:
    """The condition's first truthy value; `TimeoutError` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds} s: {condition}")
        time.sleep(0.02)
    return value


async def eventually(condition: Callable[[], Awaitable[T]], *, seconds: float = 10) -> T:
    """The awaited condition's first truthy value; `TimeoutError` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := await condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds} s: {condition}")
        await asyncio.sleep(0.02)
    return value
