"""A failure is a value where raising it would be too late, or only logged by a library."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class CutShort(Exception):
    """Something that was waited for was cancelled, by a library and not by whoever may end the work."""


async def failure_of(work: Coroutine[Any, Any, None]) -> Exception | None:
    """The exception that `work` ended with, as a value; a cancellation of the caller passes through.

    One that comes from inside is a failure as any other: a task that ended of it would end without a word.
    """
    failure: BaseException | None = (await asyncio.gather(work, return_exceptions=True))[0]
    if isinstance(failure, asyncio.CancelledError):
        return CutShort("something that was waited for was cancelled")
    if failure is not None and not isinstance(failure, Exception):
        raise failure
    return failure
