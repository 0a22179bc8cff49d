"""Whole topics are read from what was stored or from the beginning, in order, and again after a failure."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import timedelta

import pytest

from shared.absence import AwayTooLong
from shared.database import in_transaction
from shared.events.entities import CommitmentPublished
from shared.events.event import VERSION_HEADER
from shared.log_identity import ForeignLog
from shared.offsets import positions
from shared.received import Position
from shared.whole_topics import WholeBatch, WholeTopics
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import a_commitment, commitment_published, day_started
from tests.streams import opened, put, put_and_take_back, put_unparsable, raw

TOPICS = ("commitments", "days")
BAD = (b"eng-bad", b"{", [(VERSION_HEADER, b"1")])


def commitment(commitment_id: str) -> CommitmentPublished:
    """The event of one commitment."""
    return commitment_published(a_commitment(commitment_id))


def whole(servers: str, prefix: str, on_records: Callable[[WholeBatch], Awaitable[None]]) -> WholeTopics:
    """A reader of commitments and days."""
    return WholeTopics(servers, prefix, TOPICS, on_records, service="matcher")


def read_to(topics: WholeTopics, offset: int) -> Callable[[], Awaitable[bool]]:
    """Whether all commitments below `offset` were handed over."""

    async def reached() -> bool:
        return topics.positions()["commitments", 0].next_offset >= offset

    return reached


@asynccontextmanager
async def following(topics: WholeTopics) -> AsyncIterator[None]:
    """`run` at work, once filled."""
    task = asyncio.create_task(topics.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_fill_reads_to_the_ends_and_run_follows(bootstrap_servers: str, topic_prefix: str) -> None:
    heard: list[str] = []

    async def on_records(batch: WholeBatch) -> None:
        heard.extend(record.key for record in batch.records)

    commitments = [raw(commitment(f"eng-{n}")) for n in range(30)]
    await put(bootstrap_servers, f"{topic_prefix}commitments", commitments)
    await put(bootstrap_servers, f"{topic_prefix}days", [raw(day_started())])
    topics = whole(bootstrap_servers, topic_prefix, on_records)
    try:
        assert topics.problem()
        await topics.fill()
        assert topics.problem() is None
        assert [key for key in heard if key != "day"] == [f"eng-{n}" for n in range(30)]
        assert "day" in heard
        assert topics.positions()["commitments", 0].next_offset == 30
        async with following(topics):
            await put(bootstrap_servers, f"{topic_prefix}commitments", [raw(commitment("eng-late"))])
            await eventually(read_to(topics, 31), seconds=20)
        assert heard[-1] == "eng-late"
    finally:
        await topics.stop()


async def test_what_is_stored_is_not_read_again(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    heard: list[str] = []

    async with opened(service_dsn("matcher"), "matcher") as pool:

        async def keeps(batch: WholeBatch) -> None:
            assert await in_transaction(pool, batch.keep)
            assert not await in_transaction(pool, batch.keep)
            heard.extend(record.key for record in batch.records)

        await put(bootstrap_servers, f"{topic_prefix}commitments", [raw(commitment("eng-a")), BAD])
        first = whole(bootstrap_servers, topic_prefix, keeps)
        await first.fill()
        await first.stop()
        await put(bootstrap_servers, f"{topic_prefix}commitments", [raw(commitment("eng-b"))])
        async with pool.acquire() as connection:
            stored = await positions(connection, TOPICS)
        second = whole(bootstrap_servers, topic_prefix, keeps)
        await second.fill(stored)
        await second.stop()
        letters = await pool.fetch("SELECT topic, record_offset FROM dead_letters")
    assert heard == ["eng-a", "eng-b"]
    assert [tuple(letter) for letter in letters] == [("commitments", 1)]


async def test_what_a_transaction_took_back_is_not_read(bootstrap_servers: str, topic_prefix: str) -> None:
    """Readers take committed records only."""
    heard: list[str] = []

    async def take(batch: WholeBatch) -> None:
        heard.extend(record.key for record in batch.records)

    await put_and_take_back(bootstrap_servers, f"{topic_prefix}commitments", commitment("eng-taken-back"))
    await put(bootstrap_servers, f"{topic_prefix}commitments", [raw(commitment("eng-said"))])
    topics = whole(bootstrap_servers, topic_prefix, take)
    await topics.fill()
    await topics.stop()
    assert heard == ["eng-said"]


async def test_records_come_again_when_they_could_not_be_taken(bootstrap_servers: str, topic_prefix: str) -> None:
    heard: list[str] = []
    attempts = 0

    async def fails_twice(batch: WholeBatch) -> None:
        nonlocal attempts
        attempts += 1
        if attempts <= 2:
            raise RuntimeError("not yet")
        heard.extend(record.key for record in batch.records)

    await put(bootstrap_servers, f"{topic_prefix}commitments", [raw(commitment(f"eng-{n}")) for n in range(3)])
    topics = whole(bootstrap_servers, topic_prefix, fails_twice)
    try:
        await topics.fill()
        assert heard == ["eng-0", "eng-1", "eng-2"]
        assert topics.problem() is None
    finally:
        await topics.stop()


async def test_records_that_cannot_be_parsed_stop_their_partition_alone_and_lose_nothing(
    bootstrap_servers: str, topic_prefix: str
) -> None:
    heard: list[str] = []

    async def on_records(batch: WholeBatch) -> None:
        heard.extend(record.key for record in batch.records)

    topics = whole(bootstrap_servers, topic_prefix, on_records)
    try:
        await topics.fill()
        # Both wait when `run` begins, so that one fetch meets them.
        await put(bootstrap_servers, f"{topic_prefix}commitments", [raw(commitment("eng-a"))])
        await put_unparsable(bootstrap_servers, f"{topic_prefix}days", raw(day_started()))
        async with following(topics):

            async def says_so() -> bool:
                return "cannot be parsed" in (topics.problem() or "")

            await eventually(says_so, seconds=30)
            await put(bootstrap_servers, f"{topic_prefix}commitments", [raw(commitment("eng-b"))])
            await eventually(read_to(topics, 2), seconds=20)
        assert heard == ["eng-a", "eng-b"]
        assert "days/0 has stopped" in (topics.problem() or "")
    finally:
        await topics.stop()


async def test_a_stored_position_of_another_cluster_is_refused(bootstrap_servers: str, topic_prefix: str) -> None:
    topics = whole(bootstrap_servers, topic_prefix, nothing)
    try:
        with pytest.raises(ForeignLog, match="essaim restored matcher"):
            await topics.fill({("commitments", 0): Position(0, -1, "another")})
    finally:
        await topics.stop()


@pytest.mark.parametrize(("days", "missed", "refused"), [(31, 3, True), (31, 0, False), (3, 3, False)])
async def test_a_reader_away_for_longer_than_tombstones_are_kept_is_refused_when_it_missed_something(
    bootstrap_servers: str, topic_prefix: str, days: int, missed: int, refused: bool
) -> None:
    topic = f"{topic_prefix}commitments"
    await put(bootstrap_servers, topic, [raw(commitment("eng-a"))])
    first = whole(bootstrap_servers, topic_prefix, nothing)
    try:
        await first.fill()
        assert "commitments" in (await first.read_to_ends()).values()
    finally:
        await first.stop()
    await put(bootstrap_servers, topic, [raw(commitment(f"eng-missed-{n}")) for n in range(missed)])
    second = whole(bootstrap_servers, topic_prefix, nothing)
    refusal = pytest.raises(AwayTooLong, match="essaim rebuild matcher") if refused else nullcontext()
    try:
        with refusal:
            await second.fill(first.positions(), dict.fromkeys(first.positions(), timedelta(days=days)))
        assert (second.problem() is None) != refused
    finally:
        await second.stop()


async def test_mass_dead_lettering_stops_the_filling(bootstrap_servers: str, topic_prefix: str) -> None:
    await put(bootstrap_servers, f"{topic_prefix}commitments", [BAD] * 120)
    topics = whole(bootstrap_servers, topic_prefix, nothing)
    task = asyncio.create_task(topics.fill())
    try:

        async def said() -> bool:
            return "120 of the last 120 records are unreadable" in (topics.problem() or "")

        await eventually(said, seconds=30)
        # The process lives and says so; one that ended would be started again and again.
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await topics.stop()


async def test_a_missing_topic_is_said_while_it_is_waited_for(bootstrap_servers: str, topic_prefix: str) -> None:
    topics = whole(bootstrap_servers, f"{topic_prefix}else.", nothing)
    task = asyncio.create_task(topics.fill())
    try:

        async def said() -> bool:
            return "does not exist" in (topics.problem() or "")

        await eventually(said, seconds=30)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await topics.stop()


async def nothing(batch: WholeBatch) -> None:
    """Takes all."""
