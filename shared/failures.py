"""A failure is a value where raising it would be too late, or only logged by a library."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def failure_of(work: Coroutine[Any, Any, None]) -> Exception | None:
    """The exception that `work` ended with, as a value; a cancellation passes through."""
    failure: BaseException | None = (await asyncio.gather(work, return_exceptions=True))[0]
    if failure is not None and not isinstance(failure, Exception):
        raise failure
    return failure
