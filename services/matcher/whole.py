"""Takes in whole topics: every process keeps them in memory, the holder of partition 0 stores them, all are judged."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from services.matcher.judging import LeaseLost, StaleMemory
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.heard import WHOLE_TOPICS, News, objection, row_of
from services.matcher.matching.merging import PATIENCE
from services.matcher.matching.rows import Positions, WholeRow
from services.matcher.owners import Owners
from services.matcher.repacking import Repacking
from services.matcher.store import entities, leases, lists
from services.matcher.store.entities import ToPack
from shared.clock import utc_now
from shared.collector import uncollected
from shared.database import RETRIED, Connection, in_transaction
from shared.dead_letter import asked_for, forget, replay
from shared.logs import is_worth_saying
from shared.offsets import positions
from shared.received import Batch, Position, Received, TopicPartitionNumber
from shared.whole_topics import WholeBatch

logger = logging.getLogger(__name__)

KEEPER = 0
"""The holder of this partition's lease stores whole topics."""
NOT_JUDGED: tuple[type[BaseException], ...] = (LeaseLost, StaleMemory, *RETRIED)
TEND_SECONDS = 1.0
MERGED_AT_ONCE = 200
"""Offers that wait and are merged by one transaction."""
STORED_AT_ONCE = 10
"""Batches stored by one transaction."""

Place = tuple[str, int, int]
"""A topic, its partition, and the next offset to read in it."""


class Whole:
    """What this process does with whole topics."""

    def __init__(self, owners: Owners, *, now: Callable[[], datetime] = utc_now) -> None:
        self._owners = owners
        self._now = now
        self._batches: dict[Place, WholeBatch] = {}
        self._repacking = Repacking(owners, KEEPER)
        owners.before_judging = self.store

    @property
    def unstored(self) -> int:
        """How many batches were heard that are not known to be stored by anybody."""
        return len(self._batches)

    async def restore(self) -> dict[TopicPartitionNumber, Position]:
        """Load what was stored; returns where reading goes on."""
        pool = self._owners.pool
        async with pool.acquire() as connection:
            stored = await positions(connection, WHOLE_TOPICS)
        places: Positions = {
            topic: {number: each.next_offset for (other, number), each in stored.items() if other == topic}
            for topic in WHOLE_TOPICS
        }
        await self._owners.judge.compute(self._catalogue.restore, (), places)
        with uncollected():
            await self._load()
        return stored

    async def _load(self) -> None:
        judge, read, damaged = self._owners.judge, 0, list[ToPack]()
        async with self._owners.pool.acquire() as connection:
            async for rows in entities.packed_rows(connection):
                unpacked = await judge.compute(self._catalogue.load, rows)
                read += len(unpacked)
                name = self._catalogue.packed_as
                damaged += [ToPack(row.topic, row.key, row.version) for row in unpacked if row.packed_as == name]
        await judge.compute(self._catalogue.loaded)
        self._repacking.damaged = damaged
        if read:
            logger.info("offers were read as JSON", extra={"offers": read, "damaged": len(damaged)})

    async def on_records(self, batch: WholeBatch) -> None:
        """Take in a batch; it may come again, and then changes nothing more."""
        good = self._good(batch)
        place = (batch.topic, batch.partition, batch.after.next_offset)
        await self._owners.judge.compute(self._take_in, good, place)
        self._batches[place] = batch
        await self.store()
        await self.judge_all()

    @property
    def _catalogue(self) -> Catalogue:
        return self._owners.catalogue

    def _take_in(self, records: list[Received], place: Place) -> None:
        self._tell(lambda catalogue: catalogue.apply(records, place))

    def _take_in_rows(self, rows: list[WholeRow]) -> None:
        self._tell(lambda catalogue: catalogue.take_in(rows))

    def _tell(self, tell: Callable[[Catalogue], News]) -> None:
        """Tell the catalogue, then that of the next model if there is one; partitions note the offers that changed.

        A next model that has no room for it is let go of: the one at work goes on, and tells it all of that later.
        """
        judge, following, held = self._owners.judge, self._owners.judge.next, self._owners.held
        news = tell(judge.catalogue)
        for partition in held:
            partition.note(news.offers, news.sequence)
        if following is None:
            return
        try:
            news = tell(following)
        except OSError as problem:
            judge.give_up_next(problem)
            return
        for aside in (partition.aside for partition in held):
            if aside is not None:
                aside.partition.note(news.offers, news.sequence)

    async def store(self) -> None:
        """Store what was heard, where this process holds the lease of the keeper's partition."""
        while KEEPER in self._owners.owned and self._batches:
            await self._store(dict(islice(self._batches.items(), STORED_AT_ONCE)))

    async def _store(self, batches: dict[Place, WholeBatch]) -> None:
        epoch = self._owners.partition(KEEPER).epoch
        ends: Positions = {}
        keys: set[tuple[str, str]] = set()
        for (topic, partition, end), batch in batches.items():
            ends.setdefault(topic, {})[partition] = end
            keys.update((topic, record.key) for record in batch.records if record.offset not in batch.rejected)
        rows = await self._owners.judge.compute(self._catalogue.rows, keys, ends)

        async def work(connection: Connection) -> bool:
            if await leases.lock(connection, KEEPER, epoch) is None:
                return False
            for batch in batches.values():
                await batch.keep(connection)
            await _upsert(connection, rows)  # what is erased is forgotten of dead letters, too
            return True

        if await in_transaction(self._owners.pool, work):
            for place in batches:
                self._batches.pop(place, None)
        else:
            self._owners.fenced(KEEPER)

    async def drop_stored(self) -> None:
        """Forget what the process that stores whole topics has stored."""
        if not self._batches:
            return
        async with self._owners.pool.acquire() as connection:
            stored = await positions(connection, WHOLE_TOPICS)
        ends = {place: position.next_offset for place, position in stored.items()}
        self._batches = {
            (topic, partition, end): batch
            for (topic, partition, end), batch in self._batches.items()
            if ends.get((topic, partition), 0) < end
        }

    async def replay(self) -> None:
        """Store the dead letters of whole topics that somebody asked to replay, where this process stores them.

        Every process, this one too, then hears of them by `hear_replayed`.
        """
        if KEEPER not in self._owners.owned:
            return
        asked = {place for place in await asked_for(self._owners.pool) if place[0] in WHOLE_TOPICS}
        for topic, partition in sorted(asked):
            await replay(self._owners.pool, {topic: self._on_replayed}, topic=topic, partition=partition)

    async def _on_replayed(self, connection: Connection, batch: Batch) -> None:
        good = self._good(batch)
        if await leases.lock(connection, KEEPER, self._owners.partition(KEEPER).epoch) is None:
            self._owners.fenced(KEEPER)
            raise LeaseLost("whole topics are stored by another process")
        number = await entities.next_replay(connection)
        await _upsert(connection, [row_of(record, number) for record in good])

    async def hear_replayed(self) -> None:
        """Take in and judge what was replayed since, whichever process did it."""
        async with self._owners.pool.acquire() as connection:
            rows = await entities.replayed_rows(connection, self._catalogue.replays)
        if rows:
            await self._owners.judge.compute(self._take_in_rows, rows)
            await self.judge_all()

    def _good(self, batch: Batch) -> list[Received]:
        """The records of a batch that can be used; the others are rejected."""
        for record in batch.records:
            found = objection(record.event, self._catalogue.preparation.geography)
            if found:
                batch.reject(record, found)
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
        chores = (
            self.hear_replayed,
            self._owners.retake,
            self.drop_stored,
            self.store,
            self.replay,
            self._merge_late,
            self.repack,
        )
        waited = dict.fromkeys(chores, 0)
        while True:
            await asyncio.sleep(TEND_SECONDS)
            for chore in chores:
                try:
                    await chore()
                    waited[chore] = 0
                except NOT_JUDGED as problem:
                    waited[chore] += 1
                    if is_worth_saying(waited[chore]):
                        turns = {"turns": waited[chore]}
                        logger.warning("something waits for the next turn", exc_info=problem, extra=turns)

    async def repack(self) -> bool:
        """Pack some more of what is packed otherwise, where this process stores it; whether there was any."""
        return await self._repacking.step()

    async def _merge_late(self) -> None:
        await self.merge_waiting(self._now() - PATIENCE)

    async def merge_waiting(self, before: datetime) -> None:
        """Merge all versions that have waited since `before` for partitions that did not judge them."""
        if not self._owners.owned:
            return
        async with self._owners.pool.acquire() as connection:
            waiting = await lists.long_pending(connection, before)
        for place in range(0, len(waiting), MERGED_AT_ONCE):
            some = frozenset(waiting[place : place + MERGED_AT_ONCE])
            for number in self._owners.owned[:1]:  # read again: a rebalance may have come between
                partition, sequence = self._owners.partition(number), self._catalogue.sequence
                await self._owners.judge.compute(partition.note, some, sequence)
                await self._judge([number])


async def _upsert(connection: Connection, rows: Sequence[WholeRow]) -> None:
    """Store what was heard; what named an erased entity is forgotten."""
    await entities.upsert_whole_rows(connection, rows)
    await forget(connection, *(row.key for row in rows if row.body is None))
