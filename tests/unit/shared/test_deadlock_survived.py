"""Chores that a deadlock cuts short go on at their next turn: the service does not end with them."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext, suppress
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from services.console.pages import housekeeping as console_housekeeping
from services.ingest import days, feeds
from shared import housekeeping

CONSOLE: Any = SimpleNamespace(pool=SimpleNamespace(acquire=nullcontext))
NOBODY: Any = None

CHORES: list[tuple[Any, str, str, Callable[[], Coroutine[Any, Any, None]]]] = [
    (housekeeping, "EVERY_SECONDS", "forget_old", lambda: housekeeping.keep_house(NOBODY)),
    (console_housekeeping, "SAY_EVERY_S", "say_due", lambda: console_housekeeping.say_due_answers(CONSOLE)),
    (console_housekeeping, "CLEAN_EVERY_S", "clean", lambda: console_housekeeping.keep_house(CONSOLE)),
    (days, "_LONGEST_PAUSE_S", "in_transaction", lambda: days.keep_saying_days(NOBODY)),
    (
        feeds,
        "_LOOK_EVERY_S",
        "poll",
        lambda: feeds.keep_polling(NOBODY, [NOBODY], NOBODY, every=NOBODY, clock=lambda: NOBODY),
    ),
]


@pytest.mark.parametrize(("module", "pause", "work", "chore"), CHORES)
async def test_a_chore_goes_on_after_a_deadlock(
    module: Any, pause: str, work: str, chore: Callable[[], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    again = asyncio.Event()

    async def deadlocks(*_: object, **__: object) -> None:
        nonlocal turns
        turns += 1
        if turns > 1:
            again.set()
        raise asyncpg.DeadlockDetectedError

    monkeypatch.setattr(module, pause, 0.0)
    monkeypatch.setattr(module, work, deadlocks)
    task = asyncio.create_task(chore())
    waiting = asyncio.create_task(again.wait())
    await asyncio.wait([task, waiting], timeout=10, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert waiting.done()
