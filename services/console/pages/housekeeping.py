"""What runs beside the pages: answers said in time, old rows deleted."""

import asyncio
import logging

from services.console.pages.answering import say_due
from services.console.pages.context import Console
from services.console.store import feed, sessions
from shared.database import CONNECTION_LOST

SAY_EVERY_S = 1.0
CLEAN_EVERY_S = 600.0
FEED_DAYS = 7

logger = logging.getLogger(__name__)


async def say_due_answers(console: Console) -> None:
    """Say held answers when their time comes, until cancelled."""
    while True:
        try:
            await say_due(console)
        except CONNECTION_LOST:
            logger.warning("held answers wait: PostgreSQL does not answer")
        await asyncio.sleep(SAY_EVERY_S)


async def keep_house(console: Console) -> None:
    """Delete what no longer serves, until cancelled."""
    while True:
        try:
            async with console.pool.acquire() as connection:
                await sessions.prune(connection)
                await feed.prune(connection, FEED_DAYS)
        except CONNECTION_LOST:
            logger.warning("nothing was cleaned: PostgreSQL does not answer")
        await asyncio.sleep(CLEAN_EVERY_S)
