"""Partitions of several topics stay together, a seek makes what was fetched void, and no failure is only logged."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition

from shared import reading
from shared.broker import Stream
from shared.database import Pool
from shared.offsets import Handling
from shared.received import Arrived, RawRecord
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import preference_set
from tests.streams import (
    GaveUp,
    Recorder,
    effects,
    note,
    opened,
    prepare_effects,
    put,
    raw,
    records_of,
    started,
    wait_for_effects,
)

TOPICS = ("projects", "answers")


def owned(recorder: Recorder) -> set[int]:
    """What an owner was given and not taken from it since."""
    last = {partition: call for call, partition in recorder.calls}
    return {partition for partition, call in last.items() if call == "taken"}


def matcher(pool: Pool, servers: str, prefix: str, owner: Recorder) -> Stream:
    """A matcher that owns its partitions."""
    stream = Stream(
        service="matcher", bootstrap_servers=servers, topic_prefix=prefix, pool=pool, relay=False, give_up=GaveUp()
    )
    stream.hears(TOPICS, dict.fromkeys(TOPICS, note), owner=owner)
    return stream


@pytest.mark.partitions(3)
async def test_one_number_of_both_topics_reaches_the_same_process(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """`projects` and `answers` are in one group with `RangePartitionAssignor`."""
    first, second = Recorder(), Recorder()
    async with opened(service_dsn("matcher"), "matcher") as pool:
        one = matcher(pool, bootstrap_servers, topic_prefix, first)
        two = matcher(pool, bootstrap_servers, topic_prefix, second)
        async with started(one), started(two):

            async def shared_out() -> bool:
                shown = [set(stream.lag()) for stream in (one, two)]
                return bool(shown[0] and shown[1]) and len(shown[0] | shown[1]) == 6

            await eventually(shared_out, seconds=40)
            for stream in (one, two):
                numbers = [sorted(place.split("/")[1] for place in stream.lag() if topic in place) for topic in TOPICS]
                assert numbers[0] == numbers[1]
            assert owned(first) | owned(second) == {0, 1, 2}
            assert not owned(first) & owned(second)


def reader(pool: Pool, servers: str, prefix: str, gave_up: GaveUp) -> Stream:
    """A notifier that hears preferences."""
    stream = Stream(
        service="notifier", bootstrap_servers=servers, topic_prefix=prefix, pool=pool, relay=False, give_up=gave_up
    )
    stream.hears(["preferences"], {"preferences": note})
    return stream


async def test_what_was_fetched_before_a_seek_is_fetched_again(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction is refused when the consumer's position no longer lies beyond its batch."""
    stood: list[bool] = []
    handle = Handling.handle

    async def sought_between(self: Handling, arrived: Arrived, still_open: Callable[[], Awaitable[bool]]) -> None:
        if not stood:
            consumer = stream._readings[0]._consumer()
            partition = next(one for one in consumer.assignment() if one.partition == 0)
            consumer.seek(partition, 0)
            stood.append(await still_open())
            stood.append(False)
        await handle(self, arrived, still_open)

    monkeypatch.setattr(Handling, "handle", sought_between)
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        stream = reader(pool, bootstrap_servers, topic_prefix, GaveUp())
        async with started(stream):
            await put(
                bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set(f"per-{n}")) for n in (0, 1)]
            )
            await wait_for_effects(pool, 2)
        assert stood[0] is False
        assert [row["key"] for row in await effects(pool)] == ["per-0", "per-1"]


async def test_nothing_is_handled_between_revocation_and_assignment(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        stream = reader(pool, bootstrap_servers, topic_prefix, GaveUp())
        async with started(stream):

            async def all_open() -> bool:
                return len(stream.lag()) == 4

            await eventually(all_open, seconds=30)
            heard = stream._readings[0]
            consumer = heard._consumer()
            assigned = consumer.assignment()
            await heard.on_partitions_revoked(assigned)
            consumer.pause(*assigned)
            await put(bootstrap_servers, topic, [raw(preference_set())])
            consumer.seek(TopicPartition(topic, 0), 1)
            await heard.take(await records_of(bootstrap_servers, topic))
            assert await effects(pool) == []

            async def all_closed() -> bool:
                return stream.lag() == {}

            await eventually(all_closed)
            await heard.on_partitions_assigned(assigned)
            await wait_for_effects(pool, 1)


async def test_what_a_rebalance_meets_stops_the_process(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka only logs what the callback of a rebalance raises."""

    def fail(*_: object) -> None:
        raise RuntimeError("a callback fails")

    monkeypatch.setattr(reading, "guard", fail)
    await assert_stops(service_dsn, bootstrap_servers, topic_prefix)


async def test_what_taking_a_batch_meets_stops_the_process(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastStream only logs what a handler raises."""

    async def fail(self: object, records: Sequence[RawRecord]) -> None:
        raise RuntimeError("a batch fails")

    monkeypatch.setattr(reading.Reading, "_take", fail)
    await assert_stops(service_dsn, bootstrap_servers, topic_prefix)


async def assert_stops(service_dsn: ServiceDsn, servers: str, prefix: str) -> None:
    """A reader of one record gives up, and says why."""
    gave_up = GaveUp()
    await put(servers, f"{prefix}preferences", [raw(preference_set())])
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        stream = reader(pool, servers, prefix, gave_up)
        async with started(stream, ready=False):

            async def stopped() -> bool:
                return gave_up.times == 1

            await eventually(stopped, seconds=40)
            assert "notifier stops: RuntimeError" in stream.problems()
        assert await effects(pool) == []


async def test_a_stopped_process_keeps_a_row_locked_for_some_seconds_only(service_dsn: ServiceDsn) -> None:
    """`idle_in_transaction_session_timeout`: nobody waits for ever for a lease or an offset."""

    async def lock(pool: Pool, held: asyncio.Event, go_on: asyncio.Event) -> Any:
        async with pool.acquire() as connection, connection.transaction():
            found = await connection.fetchval("SELECT generation FROM generation FOR UPDATE")
            held.set()
            await go_on.wait()
            return found

    held, never, at_once = asyncio.Event(), asyncio.Event(), asyncio.Event()
    at_once.set()
    async with (
        opened(service_dsn("notifier"), "notifier") as stopped,
        opened(service_dsn("notifier"), "notifier") as other,
    ):
        stopping = asyncio.create_task(lock(stopped, held, never))
        await held.wait()
        try:
            async with asyncio.timeout(25):
                assert await lock(other, asyncio.Event(), at_once) == 0
        finally:
            stopping.cancel()
            await asyncio.wait([stopping])
