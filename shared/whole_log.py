"""Reads topics once, from their beginnings to what are their ends now: for a command, while their reader is stopped."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from shared.fetching import reading_once
from shared.log_identity import Log
from shared.received import Arrived, Position, TopicPartitionNumber

MOST_RECORDS = 500
STALLED_SECONDS = 30.0
"""For how long Kafka may bring nothing of what is still to be read."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done (a topic's short name, while it is read), how far it is, and how far it goes."""


class Waiting:
    """Gives a log up that brings nothing any more: a consumer whose Kafka went away waits for ever, without a word."""

    def __init__(self, topic: str, left: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._left = left
        self._clock = clock
        self._since = clock()

    def go_on(self, left: int) -> None:
        """To be told how much is left; raises `KafkaTimeoutError` where it was no less for `STALLED_SECONDS`."""
        if left < self._left:
            self._left, self._since = left, self._clock()
        elif self._clock() - self._since > STALLED_SECONDS:
            raise KafkaTimeoutError(f"nothing of {self._topic} came for {STALLED_SECONDS:.0f} s")


class WholeLog:
    """What is in some topics (short names) now, committed records only; `positions` is where each partition ended.

    `unparsable` is what could not be parsed, by topic, partition and offset: it was passed over.
    """

    def __init__(self, bootstrap_servers: str, topic_prefix: str, progress: Progress) -> None:
        self._servers = bootstrap_servers
        self._prefix = topic_prefix
        self.progress = progress
        self.positions: dict[TopicPartitionNumber, Position] = {}
        self.unparsable: set[tuple[str, int, int]] = set()

    async def partitions_of(self, topic: str) -> int:
        """How many partitions a topic has; raises `MissingTopic`."""
        name = self._prefix + topic
        return len((await Log.of(self._servers, [name])).partitions[name])

    async def read(self, topics: Sequence[str]) -> AsyncIterator[Arrived]:
        """Every record, topic after topic, each partition in order.

        Raises `KafkaError`, `MissingTopic` among them, when Kafka is away, or goes away, or a topic is not there.
        """
        for topic in topics:
            async for arrived in self._read(topic):
                yield arrived

    async def _read(self, topic: str) -> AsyncIterator[Arrived]:
        log = await Log.of(self._servers, [self._prefix + topic])
        partitions = log.partitions[self._prefix + topic]

        def passed(partition: TopicPartition, offset: int) -> None:
            place = topic, partition.partition
            self.unparsable.add((*place, offset))
            self.positions[place] = replace(self.positions[place], next_offset=offset + 1)

        async with reading_once(self._servers, partitions, passed) as consumer:
            firsts = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
            for partition in partitions:
                consumer.seek(partition, firsts[partition])
                self.positions[topic, partition.partition] = Position(firsts[partition], -1, log.cluster_id)
            total = sum(ends[partition] - firsts[partition] for partition in partitions)
            left, waiting = total, Waiting(topic, total)
            while left:
                for partition, records in (await consumer.getmany(timeout_ms=200, max_records=MOST_RECORDS)).items():
                    arrived = Arrived.of(topic, partition.partition, records)
                    place = topic, partition.partition
                    self.positions[place] = arrived.position_after(self.positions[place])
                    yield arrived
                left = await _left(consumer, ends)
                waiting.go_on(left)
                self.progress(topic, total - left, total)


async def _left(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> int:
    """Offsets not passed yet; marks that transactions leave in the log are passed without a record."""
    return sum([max(0, end - await consumer.position(partition)) for partition, end in ends.items()])
