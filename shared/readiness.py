"""The log says once that a service is no longer ready, with why, and once that it is again: an outage is two lines."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack

from shared.collector import settled

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 5.0


async def say_readiness(problems: Callable[[], list[str]], *, every: float = LOOK_EVERY_SECONDS) -> None:
    """Look until cancelled; what passes between two looks is not said, nor what stands in the way of a first start.

    From the first time that it is ready the service is settled, until this is cancelled.
    """
    was_ready, lost_at = False, 0.0
    with ExitStack() as until_cancelled:
        while True:
            found = problems()
            if was_ready and found:
                lost_at = time.monotonic()
                logger.warning("not ready any more: %s", "; ".join(found))
            elif not was_ready and not found:
                if not lost_at:
                    until_cancelled.enter_context(settled())
                away = {"after_seconds": round(time.monotonic() - lost_at)} if lost_at else {}
                logger.info("ready again" if lost_at else "ready", extra=away)
            was_ready = not found
            await asyncio.sleep(every)
