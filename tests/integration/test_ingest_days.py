"""Each day is said once, and the reference once, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime

import pytest

from services.ingest.days import say_days
from services.ingest.seed import load_reference
from shared.database import in_transaction
from shared.events.entities import FundPublished, TerritoryPublished
from shared.events.people import DayStarted
from tests.integration.ingest_house import House, open_house

LATE_MONDAY = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


async def say(house: House, now: datetime) -> list[date]:
    return await in_transaction(house.pool, lambda connection: say_days(connection, now))


async def test_day_begins_at_midnight_in_paris_and_is_said_once(house: House) -> None:
    assert await say(house, LATE_MONDAY) == [date(2026, 11, 30)]
    assert await say(house, LATE_MONDAY) == []
    assert await say(house, TUESDAY) == [date(2026, 12, 1)]
    events = [event for event in await house.said("days") if isinstance(event, DayStarted)]
    assert [(event.day, event.version) for event in events] == [(date(2026, 11, 30), 1), (date(2026, 12, 1), 2)]


async def test_missed_days_are_said_in_order(house: House) -> None:
    await say(house, TUESDAY)
    assert await say(house, datetime(2026, 12, 4, 9, 0, tzinfo=UTC)) == [
        date(2026, 12, 2),
        date(2026, 12, 3),
        date(2026, 12, 4),
    ]


async def test_clock_set_back_says_nothing(house: House) -> None:
    await say(house, TUESDAY)
    assert await say(house, LATE_MONDAY) == []


async def test_several_processes_say_a_day_once(house: House) -> None:
    said = await asyncio.gather(*(say(house, TUESDAY) for _ in range(6)))
    assert sorted(said) == [[], [], [], [], [], [date(2026, 12, 1)]]
    assert len(await house.said("days")) == 1


async def test_reference_is_published_once_and_what_was_erased_stays_away(house: House) -> None:
    assert await load_reference(house.pool) == 46
    assert await load_reference(house.pool) == 0
    operator = await house.partner("essaim", "admin")
    assert (await operator.post("/v1/funds/fiso-2/erasure")).status_code == 202
    assert (await operator.patch("/v1/funds/novess", json={"title": "Fonds NOVESS, suite"})).status_code == 202
    assert await load_reference(house.pool) == 0
    events = await house.said()
    territories = [event.territory for event in events if isinstance(event, TerritoryPublished)]
    assert (len(territories), {territory.status for territory in territories}) == (20, {"labellise"})
    assert sum(len(territory.challenges) for territory in territories) == 61
    assert sum(isinstance(event, FundPublished) for event in events) == 26
