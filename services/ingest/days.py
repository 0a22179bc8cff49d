"""Says each day once, at 00:00 in Paris; days missed while nothing ran are said first, in order."""

import asyncio
import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import uuid4

from services.ingest.store import answers, entities, progress
from shared.clock import utc_now
from shared.database import RETRIED, Connection, Pool, in_transaction
from shared.events.people import DayStarted
from shared.outbox import announce, next_version
from shared.words.french import PARIS

_LONGEST_PAUSE_S = 60.0

Clock = Callable[[], datetime]
logger = logging.getLogger(__name__)


def days_due(last_said: date | None, today: date) -> list[date]:
    """The days to say now: those after the last one said up to today, or today alone at the very first."""
    if last_said is None:
        return [today]
    return [last_said + timedelta(days=more) for more in range(1, (today - last_said).days + 1)]


def seconds_to_midnight(now: datetime) -> float:
    """From `now` to the next 00:00 in Paris, over changes of the legal hour too."""
    here = now.astimezone(PARIS)
    midnight = datetime.combine(here.date() + timedelta(days=1), datetime.min.time(), PARIS)
    return midnight.timestamp() - now.timestamp()


async def say_days(connection: Connection, now: datetime) -> list[date]:
    """Announces the days that are due at `now`, each in its own event; returns them. A day is never said twice."""
    await entities.lock(connection, ["days"])
    said = []
    for day in days_due(await progress.last_day_said(connection), now.astimezone(PARIS).date()):
        if await progress.add_day(connection, day):
            version = await next_version(connection, "days", "day")
            await announce(connection, DayStarted(version=version, event_id=uuid4(), occurred_at=now, day=day))
            said.append(day)
    return said


async def keep_saying_days(pool: Pool, clock: Clock = utc_now) -> None:
    """Runs until cancelled: says what is due, forgets old answers and imports, waits for midnight or a minute."""
    while True:
        try:
            said = await in_transaction(pool, lambda connection: say_days(connection, clock()))
            for day in said:
                logger.info("a day begins", extra={"day": day.isoformat()})
            await answers.forget_old_answers(pool)
            await progress.forget_old_imports(pool)
        except RETRIED as error:
            logger.warning(
                "PostgreSQL is away, or its work was cut short: the day waits", extra={"cause": type(error).__name__}
            )
        await asyncio.sleep(min(_LONGEST_PAUSE_S, seconds_to_midnight(clock())))
