"""Takes in whole topics: every process keeps them in memory, the holder of partition 0 stores them, all are judged."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from services.matcher.judging import LeaseLost, StaleMemory, utc_now
from services.matcher.merging import PATIENCE
from services.matcher.offers import WHOLE_TOPICS, News
from services.matcher.owners import Owners
from services.matcher.store import entities, leases, lists
from services.matcher.store.entities import WholeRow
from shared.database import CONNECTION_LOST, Connection, in_transaction
from shared.dead_letter import asked_for, forget, replay
from shared.offsets import positions
from shared.received import Batch, Position, Received, TopicPartitionNumber
from shared.whole_topics import WholeBatch

logger = logging.getLogger(__name__)

KEEPER = 0
"""The holder of this partition's lease stores whole topics."""
NOT_JUDGED: tuple[type[BaseException], ...] = (LeaseLost, StaleMemory, *CONNECTION_LOST)
TEND_SECONDS = 1.0
MERGED_AT_ONCE = 200


class Whole:
    """What this process does with whole topics."""

    def __init__(self, owners: Owners, *, now: Callable[[], datetime] = utc_now) -> None:
        self._owners = owners
        self._catalogue = owners.catalogue
        self._now = now
        self._batches: dict[tuple[str, int, int], WholeBatch] = {}
        self._unstored: set[tuple[str, str]] = set()
        owners.before_judging = self.store

    async def restore(self) -> dict[TopicPartitionNumber, Position]:
        """Load what was stored; returns where reading goes on."""
        pool = self._owners.pool
        async with pool.acquire() as connection:
            stored = await positions(connection, WHOLE_TOPICS)
            rows = await entities.whole_rows(connection)
        places = {
            topic: {number: each.next_offset for (other, number), each in stored.items() if other == topic}
            for topic in WHOLE_TOPICS
        }
        await self._owners.judge.compute(self._catalogue.restore, rows, places)
        return stored

    async def on_records(self, batch: WholeBatch) -> None:
        """Take in a batch; it may come again, and then changes nothing more."""
        good = self._good(batch)
        place = (batch.topic, batch.partition, batch.after.next_offset)
        await self._owners.judge.compute(self._take_in, good, place)
        self._batches[place] = batch
        self._unstored.update((record.topic, record.key) for record in good)
        await self.store()
        await self.judge_all()

    def _take_in(self, records: list[Received], place: tuple[str, int, int]) -> News:
        news = self._catalogue.apply(records, place)
        for partition in self._owners.held:
            partition.note(news.offers, news.sequence)
        return news

    async def store(self) -> None:
        """Store what was heard, where this process holds the lease of the keeper's partition."""
        if KEEPER not in self._owners.owned or not self._batches:
            return
        epoch = self._owners.partition(KEEPER).epoch
        batches, keys = list(self._batches.values()), frozenset(self._unstored)
        rows = await self._owners.judge.compute(self._catalogue.rows, keys)

        async def work(connection: Connection) -> bool:
            if await leases.lock(connection, KEEPER, epoch) is None:
                return False
            await _upsert(connection, rows)
            for batch in batches:
                await batch.keep(connection)
            return True

        if await in_transaction(self._owners.pool, work):
            self._unstored -= keys
            for batch in batches:
                self._batches.pop((batch.topic, batch.partition, batch.after.next_offset), None)
        else:
            self._owners.fenced(KEEPER)

    async def replay(self) -> None:
        """Take in the dead letters of whole topics that somebody asked to replay, where this process stores them."""
        if KEEPER not in self._owners.owned:
            return
        asked = {place for place in await asked_for(self._owners.pool) if place[0] in WHOLE_TOPICS}
        for topic, partition in sorted(asked):
            await replay(self._owners.pool, {topic: self._on_replayed}, topic=topic, partition=partition)
        if asked:
            await self.judge_all()

    async def _on_replayed(self, connection: Connection, batch: Batch) -> None:
        good = self._good(batch)
        if await leases.lock(connection, KEEPER, self._owners.partition(KEEPER).epoch) is None:
            raise LeaseLost("whole topics are stored by another process")
        await self._owners.judge.compute(self._take_in, good, (batch.topic, batch.partition, 0))
        keys = [(record.topic, record.key) for record in good]
        await _upsert(connection, await self._owners.judge.compute(self._catalogue.rows, keys))

    def _good(self, batch: Batch) -> list[Received]:
        """The records of a batch that can be used; the others are rejected."""
        for record in batch.records:
            objection = self._catalogue.objection(record.event)
            if objection:
                batch.reject(record, objection)
        return [record for record in batch.records if record.offset not in batch.rejected]

    async def judge_all(self) -> None:
        """Judge each owned partition, in a transaction of its own; one that fails is let go of and taken again."""
        await self._judge(self._owners.owned)

    async def _judge(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            try:
                await self._owners.judge_anew(number)
            except NOT_JUDGED as problem:
                logger.warning("a partition is not judged", exc_info=problem, extra={"partition": number})

    async def tend(self) -> None:
        """For ever: take again what was let go of, store and replay what waits, merge what has waited long enough."""
        while True:
            await asyncio.sleep(TEND_SECONDS)
            try:
                await self._owners.retake()
                await self.store()
                await self.replay()
                await self.merge_waiting(self._now() - PATIENCE)
            except CONNECTION_LOST as problem:
                logger.warning("PostgreSQL is away", exc_info=problem)

    async def merge_waiting(self, before: datetime) -> None:
        """Merge the versions that have waited since `before` for partitions that did not judge them."""
        owned = self._owners.owned
        if not owned:
            return
        async with self._owners.pool.acquire() as connection:
            waiting = await lists.long_pending(connection, before, MERGED_AT_ONCE)
        if waiting:
            partition = self._owners.partition(owned[0])
            sequence = self._catalogue.sequence
            await self._owners.judge.compute(partition.note, frozenset(waiting), sequence)
            await self._judge(owned[:1])


async def _upsert(connection: Connection, rows: Sequence[WholeRow]) -> None:
    """Store what was heard; what named an erased entity is forgotten."""
    await entities.upsert_whole_rows(connection, rows)
    for row in rows:
        if row.body is None:
            await forget(connection, row.key)
