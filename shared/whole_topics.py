"""Every process reads these topics whole, each partition in order, from what was stored or from the beginning."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from shared.absence import AwayTooLong, check_absence
from shared.database import Connection, backoff
from shared.dead_letter import Limit, TooManyDeadLetters, log_set_aside, set_aside
from shared.failures import failure_of
from shared.fetching import Fetched, guard, let_go
from shared.log_identity import ForeignLog, Log, check_cluster, check_positions
from shared.logs import describe, is_worth_saying
from shared.offsets import begin, store
from shared.received import Arrived, Batch, Position, RawRecord, TopicPartitionNumber, Unreadable

logger = logging.getLogger(__name__)

MOST_RECORDS = 500

OnRecords = Callable[["WholeBatch"], Awaitable[None]]


class WholeBatch(Batch):
    """Records of one partition, with where the partition stands after them; `keep` stores that, for one process."""

    def __init__(self, arrived: Arrived, before: Position) -> None:
        batch = arrived.batch()
        super().__init__(batch.topic, batch.partition, batch.records)
        self.arrived = arrived
        self.after = arrived.position_after(before)

    async def keep(self, connection: Connection) -> bool:
        """Store the position after this batch, and its dead letters, once; false when it was stored already.

        What the records say must be stored by the same transaction, by their versions: a second time must change
        nothing, since several batches may be stored at once of which some were.
        """
        stored = await begin(connection, self.topic, self.partition, Position(0, -1, self.after.cluster_id))
        if stored.next_offset >= self.after.next_offset:
            return False
        bad = self.arrived.from_offset(stored.next_offset).bad(self.rejected)
        for unreadable in bad.values():
            await set_aside(connection, self.topic, unreadable)
        log_set_aside(self.topic, self.partition, list(bad.values()))
        await store(connection, self.topic, self.partition, self.after)
        return True


class WholeTopics:
    """One consumer of a process's own, without a group: it hands every record of its topics to `on_records`."""

    def __init__(
        self,
        bootstrap_servers: str,
        topic_prefix: str,
        topics: Sequence[str],
        on_records: OnRecords,
        *,
        service: str,
        set_aside_all: Collection[str] = (),
    ) -> None:
        """`on_records` gets one partition's records at a time and again, after a pause, when it raises."""
        self._servers = bootstrap_servers
        self._names = {topic_prefix + topic: topic for topic in topics}
        self._on_records = on_records
        self._service = service
        self._consumer: AIOKafkaConsumer | None = None
        self._positions: dict[TopicPartition, Position] = {}
        self._limits = {topic: Limit(topic, lifted=topic in set_aside_all) for topic in topics}
        self._trouble: str | None = "the whole topics are not read yet"
        self._stopped: dict[TopicPartition, str] = {}
        self._lag: dict[str, int] = {}

    def problem(self) -> str | None:
        """Why these topics are not read to their ends, in words."""
        return "; ".join(self._stopped.values()) or self._trouble

    def positions(self) -> dict[TopicPartitionNumber, Position]:
        """Where each partition stands: all below was handed over."""
        return {(self._names[tp.topic], tp.partition): position for tp, position in self._positions.items()}

    def lag(self) -> dict[str, int]:
        """Records not handed over yet, by `topic/partition`, as of the last reading."""
        return dict(self._lag)

    async def fill(
        self,
        stored: Mapping[TopicPartitionNumber, Position] | None = None,
        away: Mapping[TopicPartitionNumber, timedelta] | None = None,
    ) -> None:
        """Read from the `stored` positions, else from the beginning, to what are the ends now; waits for Kafka.

        A record that cannot be parsed stops its partition, and so the filling, until the process is started again; so
        does a topic most of which is unreadable.
        `away` gives for how long stored partitions were not read to their ends. Raises `AwayTooLong` when what was
        erased may be forgotten since, `ForeignLog` when a stored position does not fit the log.
        """
        await self._patiently(lambda: self._connect(stored or {}, away or {}))
        assert self._consumer is not None
        ends = await self._consumer.end_offsets(list(self._positions))
        while not await self._reached(ends):
            await self._patiently(self._read_once)
        self._trouble = None

    async def run(self) -> None:
        """Follow the topics for ever, once filled.

        Raises `ForeignLog` when the log was truncated or replaced.
        """
        while True:
            await self._patiently(self._read_once)
            await self._measure()
            self._trouble = None

    async def _measure(self) -> None:
        """Note how far the ends are; offsets that transactions mark count as handed over."""
        assert self._consumer is not None
        ends = {partition: self._consumer.last_stable_offset(partition) for partition in self._positions}
        self._lag = {
            f"{self._names[partition.topic]}/{partition.partition}": max(
                0, (end or 0) - await self._consumer.position(partition)
            )
            for partition, end in ends.items()
        }

    async def read_to_ends(self) -> dict[TopicPartition, str]:
        """The partitions of which all that Kafka last told of was handed over, with their topics' short names."""
        consumer = self._consumer
        if consumer is None:
            return {}
        ends = {partition: consumer.last_stable_offset(partition) for partition in self._read_on()}
        return {
            partition: self._names[partition.topic]
            for partition, end in ends.items()
            if end is not None and await consumer.position(partition) >= end
        }

    async def stop(self) -> None:
        """Let go of Kafka; `run` must have been cancelled."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await let_go(consumer)

    async def _patiently(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        attempt = 0
        while failure := await failure_of(work()):
            if isinstance(failure, AwayTooLong | ForeignLog):
                raise failure
            attempt += 1
            self._trouble = f"{', '.join(self._names.values())}: {describe(failure)}; trying again"
            if is_worth_saying(attempt):
                logger.warning("whole topics are not read", exc_info=failure, extra={"attempts": attempt})
            await asyncio.sleep(backoff(attempt, first=0.1, highest=30.0))

    async def _connect(
        self, stored: Mapping[TopicPartitionNumber, Position], away: Mapping[TopicPartitionNumber, timedelta]
    ) -> None:
        await self.stop()
        log = await Log.of(self._servers, self._names)
        self._consumer = consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            isolation_level="read_committed",
            enable_auto_commit=False,
            # A position outside the log must be met, not mended.
            auto_offset_reset="none",
            fetch_max_wait_ms=100,
            fetch_max_bytes=8 * 1024 * 1024,
        )
        await consumer.start()
        guard(consumer, self._read_on, self._give_up_on)
        partitions = [partition for several in log.partitions.values() for partition in several]
        consumer.assign(partitions)
        known = {tp: stored[place] for tp in partitions if (place := self._place(tp)) in stored}
        check_cluster(self._service, log.cluster_id, known)
        await check_positions(consumer, self._service, self._servers, known)
        since = {tp: (known[tp].next_offset, away[self._place(tp)]) for tp in known if self._place(tp) in away}
        await check_absence(self._service, self._servers, consumer, since)
        firsts = await consumer.beginning_offsets(partitions)
        self._stopped = {}
        self._positions = {tp: known.get(tp) or Position(firsts[tp], -1, log.cluster_id) for tp in partitions}
        self._seek_back()

    def _place(self, partition: TopicPartition) -> TopicPartitionNumber:
        return self._names[partition.topic], partition.partition

    async def _reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Whether all below `ends` was handed over; marks that transactions leave in the log count as handed over."""
        assert self._consumer is not None
        return all([await self._consumer.position(partition) >= end for partition, end in ends.items()])

    async def _read_once(self) -> None:
        done = False
        try:
            for partition, records in (await self._fetch()).items():
                await self._hand_over(partition, records)
            done = True
        finally:
            if not done:
                self._seek_back()

    async def _fetch(self) -> Fetched:
        assert self._consumer is not None
        try:
            fetched: Fetched = await self._consumer.getmany(timeout_ms=100, max_records=MOST_RECORDS)
            return fetched
        except OffsetOutOfRangeError:
            log = await Log.of(self._servers)
            check_cluster(self._service, log.cluster_id, self._positions)
            await check_positions(self._consumer, self._service, self._servers, self._positions)
            raise

    def _seek_back(self) -> None:
        """Have all that was fetched and not handed over fetched again."""
        if self._consumer is not None:
            for partition, position in self._positions.items():
                self._consumer.seek(partition, position.next_offset)

    def _read_on(self) -> dict[TopicPartition, int]:
        """The next offset of each partition that is still read."""
        return {tp: position.next_offset for tp, position in self._positions.items() if tp not in self._stopped}

    async def _give_up_on(self, partition: TopicPartition, error: Exception) -> None:
        offset = self._positions[partition].next_offset
        self._stop_reading(partition, f"records from offset {offset} on cannot be parsed ({type(error).__name__})")

    def _stop_reading(self, partition: TopicPartition, why: str) -> None:
        """Hand over nothing more of a partition until this process is started again, and say why."""
        assert self._consumer is not None
        self._consumer.pause(partition)
        self._consumer.seek(partition, self._positions[partition].next_offset)
        self._stopped[partition] = (
            f"reading of {partition.topic}/{partition.partition} has stopped: {why};"
            " correct the cause, then start again"
        )
        logger.error("reading has stopped", extra={"partitions": str(partition), "why": why})

    async def _hand_over(self, partition: TopicPartition, records: Sequence[RawRecord]) -> None:
        topic, number = self._place(partition)
        arrived = Arrived.of(topic, number, records)
        try:
            window = self._limits[topic].after([isinstance(one, Unreadable) for one in arrived.read])
        except TooManyDeadLetters as error:
            self._stop_reading(partition, str(error))
            return
        batch = WholeBatch(arrived, self._positions[partition])
        await self._on_records(batch)
        self._limits[topic].enter(window)
        self._positions[partition] = batch.after
