"""The log says once that a service is no longer ready, with why, and once that it is again: an outage is two lines.

What a service holds when it is ready for the first time stays: Python's collector passes it over from then on. It would
walk through all of it again and again, which stops the event loop, by half a second for three million objects. What
takes its place later, as when a matcher turns to another model, is walked through until the next start.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 5.0


async def say_readiness(problems: Callable[[], list[str]], *, every: float = LOOK_EVERY_SECONDS) -> None:
    """Look until cancelled; what passes between two looks is not said, nor what stands in the way of a first start."""
    was_ready, lost_at = False, 0.0
    while True:
        found = problems()
        if was_ready and found:
            lost_at = time.monotonic()
            logger.warning("not ready any more: %s", "; ".join(found))
        elif not was_ready and not found:
            if not lost_at:
                gc.collect()
                gc.freeze()
            away = {"after_seconds": round(time.monotonic() - lost_at)} if lost_at else {}
            logger.info("ready again" if lost_at else "ready", extra=away)
        was_ready = not found
        await asyncio.sleep(every)
