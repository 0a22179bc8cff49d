"""What runs beside the pages: answers said in time, old rows deleted."""

import asyncio
import logging

from services.console.pages.answering import say_due
from services.console.pages.context import Console
from services.console.store import feed, people, sessions
from shared.database import RETRIED, Connection
from shared.logs import describe, is_worth_saying

SAY_EVERY_S = 1.0
CLEAN_EVERY_S = 600.0
FEED_DAYS = 7
DELIVERIES_DAYS = 60
"""Twice as long as their topic keeps them."""

logger = logging.getLogger(__name__)


async def say_due_answers(console: Console) -> None:
    """Say held answers when their time comes, until cancelled."""
    failures = 0
    while True:
        try:
            await say_due(console)
            failures = 0
        except RETRIED as error:
            failures += 1
            if is_worth_saying(failures):
                logger.warning("held answers wait: %s", describe(error), extra={"attempts": failures})
        await asyncio.sleep(SAY_EVERY_S)


async def clean(connection: Connection) -> None:
    """Delete once what no longer serves: sessions, links and attempts that ended, rights of people gone,
    old news, mails about matches that are gone."""
    await sessions.delete_ended_sessions(connection)
    await sessions.delete_ended_links(connection)
    await sessions.delete_old_attempts(connection)
    await people.delete_unused_rights(connection)
    await feed.prune(connection, FEED_DAYS)
    await people.prune_deliveries(connection, DELIVERIES_DAYS)


async def keep_house(console: Console) -> None:
    """Delete what no longer serves, until cancelled."""
    while True:
        try:
            async with console.pool.acquire() as connection:
                await clean(connection)
        except RETRIED as error:
            logger.warning("nothing was cleaned: %s", describe(error))
        await asyncio.sleep(CLEAN_EVERY_S)
