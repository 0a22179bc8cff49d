"""Consuming and validating a batch as services do, against a bare `getmany` that looks at nothing."""

import asyncio
import time
from collections.abc import Sequence
from itertools import groupby
from statistics import median
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from benchmarks.stream.installation import Installation
from shared.collector import settled
from shared.reading import Reading
from shared.received import Arrived
from shared.subscribing import MOST_RECORDS, build_broker, subscribe

TOPIC = "projects"


async def consuming(installation: Installation, prefix: str, events: int, times: int) -> dict[str, float]:
    """Microseconds of processor time per event, medians of several readings of the same topic each way.

    The first batch starts the clock: joining a group and opening connections is not in it.
    """
    servers = installation.servers.bootstrap_servers
    bare = [await _bare(servers, prefix + TOPIC, events) for _ in range(times)]
    ours = [await _ours(servers, prefix + TOPIC, events, turn) for turn in range(times)]
    return {"getmany": median(bare), "consume and validate": median(ours)}


async def _bare(servers: str, topic: str, events: int) -> float:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=100,
    )
    clock = _Clock(events)
    async with consumer:
        while not clock.is_done():
            found = await consumer.getmany(timeout_ms=100, max_records=MOST_RECORDS)
            clock.count(sum(map(len, found.values())))
    return clock.us()


async def _ours(servers: str, topic: str, events: int, turn: int) -> float:
    broker = build_broker(servers, f"bench-{turn}")
    clock, done = _Clock(events), asyncio.Event()
    taker = _Taker(clock, done)
    # It takes records as a service's own does, and keeps nothing.
    subscriber = subscribe(broker, [topic], f"bench-{turn}", cast(Reading, taker), session_timeout_ms=10_000)
    taker.consumer = lambda: subscriber.consumer
    with settled():
        await broker.start()
        try:
            await asyncio.wait_for(done.wait(), 60)
        finally:
            await broker.stop()
    assert taker.bad == 0, "an event of the workload was not valid"
    return clock.us()


class _Clock:
    """Counts events, and the processor time from the first of them that is not in the first batch."""

    def __init__(self, events: int) -> None:
        self._events = events
        self._first = self._seen = 0
        self._began = self._ended = 0.0

    def count(self, events: int) -> None:
        """So many more were dealt with."""
        self._seen += events
        self._ended = time.process_time()
        if not self._first and events:
            self._first, self._began = events, self._ended

    def is_done(self) -> bool:
        """Whether all were."""
        return self._seen >= self._events

    def us(self) -> float:
        """Microseconds per event."""
        return (self._ended - self._began) / (self._seen - self._first) * 1e6


class _Taker(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Reads what records say and keeps nothing."""

    def __init__(self, clock: _Clock, done: asyncio.Event) -> None:
        self._clock, self._done = clock, done
        self.consumer: Any = None
        self.bad = 0

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Nothing is held."""

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """From the beginning."""
        for partition in assigned:
            self.consumer().seek(partition, 0)

    async def take(self, records: Sequence[Any]) -> None:
        """As services do: by partition, each record decoded and validated."""
        for partition, group in groupby(records, key=lambda record: int(record.partition)):
            arrived = Arrived.of(TOPIC, partition, list(group))
            self.bad += len(arrived.read) - len(arrived.batch().records)
        self._clock.count(len(records))
        if self._clock.is_done():
            self._done.set()
