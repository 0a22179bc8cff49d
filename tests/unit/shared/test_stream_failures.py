"""What ends a piece of work is told, unless it is its caller who ends."""

import asyncio

import pytest

from shared.failures import CutShort, failure_of


async def test_what_work_raises_is_a_value() -> None:
    async def fails() -> None:
        raise ValueError

    assert isinstance(await failure_of(fails()), ValueError)


async def test_a_cancellation_from_inside_is_a_failure() -> None:
    """A library that cancels what it waits for must not end the task of whoever called it, without a word."""

    async def cut_short() -> None:
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        await task

    assert isinstance(await failure_of(cut_short()), CutShort)


async def test_the_cancellation_of_the_caller_passes_through() -> None:
    began = asyncio.Event()

    async def waits() -> None:
        began.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(failure_of(waits()))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
