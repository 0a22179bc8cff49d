"""A partition opens only where PostgreSQL says, in the log it says it of, and once its owner's memory is true."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.absence import AwayTooLong, absences, check_absence
from shared.database import CONNECTION_LOST, Connection, Pool, backoff, in_transaction
from shared.dead_letter import Handler, Limit, TooManyDeadLetters
from shared.failures import failure_of
from shared.log_identity import ForeignLog, Log, check_cluster, check_positions
from shared.logs import describe, is_worth_saying
from shared.offsets import Handling, Position, Refused, begin, position_of
from shared.units import PartitionOwner, Unit

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
LONGEST_PAUSE = 30.0
PAUSE_WHILE_AWAY = 5.0
TAKEN_AWAY_PAUSE = 0.1
DOUBTS = 3
"""How often in a row a log must look foreign: a broker that has just become leader may not know its end yet."""


class Opening:
    """Opens and closes units for one subscriber's consumer."""

    def __init__(
        self,
        *,
        service: str,
        pool: Pool,
        topics: Mapping[str, str],
        handlers: Mapping[str, Handler],
        owner: PartitionOwner | None,
        consumer: Callable[[], Any],
        bootstrap_servers: str,
        set_aside_all: Collection[str] = (),
    ) -> None:
        """`topics` gives each full topic's short name; `consumer` the subscriber's own, once it has one.

        Of the topics `set_aside_all` (short names) every bad record is set aside, however many there are.
        """
        self._service = service
        self._pool = pool
        self._topics = topics
        self._handlers = handlers
        self._owner = owner
        self._consumer = consumer
        self._servers = bootstrap_servers
        self._limits = {name: Limit(name, lifted=name in set_aside_all) for name in topics.values()}

    async def open(self, unit: Unit) -> None:
        """Open `unit`, or put it off when that fails.

        Raises `ForeignLog` when its log is not the one it was, `AwayTooLong` when what was erased may be forgotten.
        """
        async with unit.lock:
            closings = unit.closings
            failure = await failure_of(self._prepare(unit))
            if unit.closings != closings:
                return  # revoked meanwhile: it is closed, and due
            if failure is None:
                self._start(unit)
            elif isinstance(failure, AwayTooLong) or (isinstance(failure, ForeignLog) and unit.doubts >= DOUBTS):
                raise failure
            else:
                unit.doubts += isinstance(failure, ForeignLog)
                unit.not_opened = self._words(unit, failure)
                await self._close_for_a_while(unit, failure)

    async def _prepare(self, unit: Unit) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            positions = await self._positions(unit)
        unit.handlings = {
            partition: self._handling(self._topics[partition.topic], position)
            for partition, position in positions.items()
        }
        if self._owner:
            unit.held = True
            await self._owner.taken(unit.number)

    def _handling(self, topic: str, position: Position) -> Handling:
        return Handling(self._pool, self._handlers[topic], self._limits[topic], position, alone=self._owner is not None)

    async def _positions(self, unit: Unit) -> dict[TopicPartition, Position]:
        cluster_id = (await Log.of(self._servers)).cluster_id
        consumer = self._consumer()
        stored = await in_transaction(self._pool, lambda connection: self._stored(connection, unit))
        check_cluster(self._service, cluster_id, stored)
        # Where nothing is stored yet, the log's beginning is the position.
        firsts = await consumer.beginning_offsets([one for one in unit.partitions if one not in stored])
        for partition, first in firsts.items():
            stored[partition] = await self._begin(partition, Position(first, -1, cluster_id))
        await check_positions(consumer, self._service, self._servers, stored)
        await self._check_absence(stored)
        return stored

    async def _check_absence(self, stored: Mapping[TopicPartition, Position]) -> None:
        topics = {self._topics[partition.topic] for partition in stored}
        away = await in_transaction(self._pool, lambda connection: absences(connection, list(topics)))
        since = {
            partition: (position.next_offset, away[self._topics[partition.topic], partition.partition])
            for partition, position in stored.items()
        }
        await check_absence(self._service, self._servers, self._consumer(), since)

    async def _stored(self, connection: Connection, unit: Unit) -> dict[TopicPartition, Position]:
        found = {one: await position_of(connection, self._topics[one.topic], one.partition) for one in unit.partitions}
        return {partition: position for partition, position in found.items() if position is not None}

    async def _begin(self, partition: TopicPartition, position: Position) -> Position:
        return await in_transaction(
            self._pool,
            lambda connection: begin(connection, self._topics[partition.topic], partition.partition, position),
        )

    def _start(self, unit: Unit) -> None:
        consumer = self._consumer()
        try:
            for partition, handling in unit.handlings.items():
                consumer.seek(partition, handling.position.next_offset)
        except IllegalStateError:
            # A rebalance has taken it away, and is about to say so.
            unit.close(pause=TAKEN_AWAY_PAUSE)
            return
        unit.open()
        consumer.resume(*unit.partitions)

    async def put_off(self, unit: Unit, failure: Exception) -> None:
        """Close `unit` after a batch failed, drop its memory, and have it opened again after a pause that grows."""
        if isinstance(failure, TooManyDeadLetters):
            await self.stop(unit, str(failure))
            return
        if not isinstance(failure, Refused):
            unit.not_handled = self._words(unit, failure)
        await self._close_for_a_while(unit, failure)

    def _words(self, unit: Unit, failure: Exception) -> str:
        return f"{unit}: {describe(failure)}; trying again"

    async def _close_for_a_while(self, unit: Unit, failure: Exception) -> None:
        unit.failures += not isinstance(failure, Refused)
        away = isinstance(failure, (KafkaError, *CONNECTION_LOST))
        if is_worth_saying(unit.failures):
            logger.warning("%s is closed", unit, exc_info=failure, extra={"attempts": unit.failures})
        pause = backoff(unit.failures + 1, first=0.1, highest=PAUSE_WHILE_AWAY if away else LONGEST_PAUSE)
        await self._close(unit, pause=pause)

    async def stop(self, unit: Unit, why: str) -> None:
        """Close `unit` until this process is started again, and say why."""
        unit.stopped = True
        unit.not_handled = f"reading of {unit} has stopped: {why}; correct the cause, then start again"
        logger.error("reading has stopped", extra={"partitions": str(unit), "why": why})
        await self._close(unit)

    async def _close(self, unit: Unit, *, pause: float = 0.0) -> None:
        unit.close(pause=pause)
        with contextlib.suppress(IllegalStateError):
            self._consumer().pause(*unit.partitions)
        await self.lose(unit, taken_away=False)

    async def lose(self, unit: Unit, *, taken_away: bool) -> None:
        """Have the owner drop its memory of `unit`, where it holds any."""
        if unit.held and self._owner:
            unit.held = False
            failure = await failure_of(self._owner.lost(unit.number, taken_away=taken_away))
            if failure:
                logger.error("memory of %s was not dropped cleanly", unit, exc_info=failure)

    async def check(self, units: list[Unit]) -> None:
        """Raise `ForeignLog` when an open unit's log is no longer the one it reads, `KafkaError` when Kafka is away."""
        stored = {
            partition: handling.position
            for unit in units
            if unit.opening is not None
            for partition, handling in unit.handlings.items()
        }
        async with asyncio.timeout(30):
            check_cluster(self._service, (await Log.of(self._servers)).cluster_id, stored)
            await check_positions(self._consumer(), self._service, self._servers, stored)
