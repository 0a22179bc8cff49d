"""A partition is closed from its revocation, and after a failed transaction, until its offset is read and sought to."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.absence import NOTED_EVERY_SECONDS, note_presence
from shared.database import CONNECTION_LOST, Pool
from shared.dead_letter import Handler, asked_for, replay
from shared.failures import failure_of
from shared.fetching import guard
from shared.offsets import Arrived
from shared.opening import Opening
from shared.received import RawRecord
from shared.units import Unit

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 5.0
REPLAY_EVERY = 2.0
CHECK_EVERY = 10.0
COMMIT_EVERY = 1.0
SILENCE_SECONDS = 15.0


class Reading(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """What one subscriber reads: its partitions, opened, handed to the handlers, and closed when something fails."""

    def __init__(
        self,
        *,
        pool: Pool,
        topics: Mapping[str, str],
        handlers: Mapping[str, Handler],
        together: bool,
        consumer: Callable[[], Any],
        opening: Opening,
    ) -> None:
        """With `together`, partitions of one number open and close as one unit."""
        self._pool = pool
        self._topics = topics
        self._handlers = handlers
        self._together = together
        self._consumer = consumer
        self._opening = opening
        self._units: dict[object, Unit] = {}
        self._gone: list[Unit] = []
        self._revoked = False
        self._changed = asyncio.Event()
        self._shown: dict[TopicPartition, int] = {}
        self._showing: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._guarded: Any = None
        self._at_work_since: float | None = None
        self._answered = (0, 0.0)
        self._silent = False
        self.lag: dict[str, int] = {}
        """Records not handled yet, by `topic/partition` (short names), of the open partitions; a second old at most."""

    # The callbacks of a rebalance do what cannot wait; `run` does the rest.

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Close every partition at once, until some are assigned, then let the transaction at work end."""
        self._revoked = True
        self.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle(), DRAIN_SECONDS)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Pause what was assigned; `run` opens it. A position is set so that Kafka's own is not looked for."""
        self._failure = await failure_of(self._assign(assigned))
        self._changed.set()

    async def _assign(self, assigned: set[TopicPartition]) -> None:
        consumer = self._consumer()
        if self._guarded is not consumer:
            guard(consumer, self._handled, self._give_up_on)
            self._guarded = consumer
        for partition in assigned:
            consumer.pause(partition)
            consumer.seek(partition, 0)
        self._revoked = False
        before, self._units = self._units, {}
        for key, partitions in self._by_unit(assigned).items():
            known = before.get(key)
            unit = before.pop(key) if known and set(known.partitions) == partitions else Unit(partitions)
            unit.close()
            self._units[key] = unit
        self._gone.extend(before.values())

    def _by_unit(self, partitions: Iterable[TopicPartition]) -> dict[object, set[TopicPartition]]:
        found: dict[object, set[TopicPartition]] = {}
        for partition in partitions:
            found.setdefault(self._key(partition), set()).add(partition)
        return found

    def _key(self, partition: TopicPartition) -> object:
        return partition.partition if self._together else partition

    def close(self) -> None:
        """Let nothing more be handled until `run` has opened it again."""
        for unit in self._units.values():
            unit.close()

    async def _idle(self) -> None:
        for unit in list(self._units.values()):
            async with unit.lock:
                pass

    async def run(self) -> None:
        """Open what is assigned and closed, for ever; raises `ForeignLog` when the log is not the one it was.

        Also raises what a callback or `take` met and libraries would only have logged.
        """
        clock = asyncio.get_running_loop().time
        chores = {
            self._check: CHECK_EVERY,
            self._replay: REPLAY_EVERY,
            self._commit: COMMIT_EVERY,
            self._note_presence: NOTED_EVERY_SECONDS,
        }
        due_at = {chore: clock() + every for chore, every in chores.items()}
        while True:
            if self._failure:
                raise self._failure
            self._changed.clear()
            while self._gone:
                await self._opening.lose(self._gone.pop(), taken_away=True)
            for unit in [unit for unit in self._waiting() if unit.due <= clock()]:
                await self._opening.open(unit)
            for chore in [chore for chore, at in due_at.items() if at <= clock()]:
                due_at[chore] = clock() + chores[chore]
                await chore()
            wake_at = min([*due_at.values(), *(unit.due for unit in self._waiting())])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, wake_at - clock())):
                    await self._changed.wait()

    def _waiting(self) -> list[Unit]:
        """What is to be opened: nothing between revocation and assignment."""
        return [] if self._revoked else [unit for unit in self._units.values() if unit.waits]

    async def take(self, records: Sequence[RawRecord]) -> None:
        """Handle what the consumer delivered, each partition's records in one transaction; never raises."""
        if failure := await failure_of(self._take(records)):
            self.close()
            self._failure = failure
            self._changed.set()

    async def _take(self, records: Sequence[RawRecord]) -> None:
        came = [
            (TopicPartition(topic, partition), list(group))
            for (topic, partition), group in groupby(records, key=lambda record: (record.topic, record.partition))
        ]
        units = [self._units.get(self._key(partition)) for partition, _ in came]
        openings = [unit.opening if unit else None for unit in units]
        for (partition, group), unit, opening in zip(came, units, openings, strict=True):
            if unit is not None and opening is not None:
                await self._handle(unit, opening, partition, group)

    async def _handle(self, unit: Unit, opening: int, partition: TopicPartition, group: list[RawRecord]) -> None:
        async def still_open() -> bool:
            if unit.opening != opening:
                return False
            position: int = await self._consumer().position(partition)
            return position > group[-1].offset  # no seek came between

        async with unit.lock:
            if unit.opening != opening:
                return
            self._at_work_since = asyncio.get_running_loop().time()
            arrived = Arrived.of(self._topics[partition.topic], partition.partition, group)
            failure = await failure_of(unit.handlings[partition].handle(arrived, still_open))
            self._at_work_since = None
            if failure is None:
                unit.handled()
            else:
                await self._opening.put_off(unit, failure)
                self._changed.set()

    async def _check(self) -> None:
        with contextlib.suppress(KafkaError, TimeoutError):
            await self._opening.check(list(self._units.values()))

    async def _note_presence(self) -> None:
        read = {tp: self._topics[tp.topic] for tp in self._handled() if not self.lag.get(self._name(tp), 1)}
        with contextlib.suppress(*CONNECTION_LOST):
            await note_presence(self._pool, read)

    def _name(self, partition: TopicPartition) -> str:
        return f"{self._topics[partition.topic]}/{partition.partition}"

    async def _replay(self) -> None:
        """Replay the dead letters somebody asked for, of the partitions read here."""
        asked: set[tuple[str, int]] = set()
        with contextlib.suppress(*CONNECTION_LOST):
            asked = await asked_for(self._pool)
        for unit in list(self._units.values()):
            for topic, partition in [(self._topics[tp.topic], tp.partition) for tp in unit.partitions]:
                if (topic, partition) in asked:
                    await self._replay_one(unit, topic, partition)

    async def _replay_one(self, unit: Unit, topic: str, partition: int) -> None:
        async def work(is_open: Callable[[], bool]) -> None:
            done = await replay(self._pool, self._handlers, topic=topic, partition=partition, is_open=is_open)
            logger.info("dead letters of %s/%s replayed", topic, partition, extra={"recovered": done.recovered})

        async with unit.lock:
            if (here := unit.opening) is not None and (failure := await failure_of(work(lambda: unit.opening == here))):
                await self._opening.put_off(unit, failure)

    async def _commit(self) -> None:
        """Show in Kafka how far this is; PostgreSQL's offsets are the authority, so that a failure changes nothing."""
        await self._measure()
        handled = self._handled()
        moved = {partition: offset for partition, offset in handled.items() if self._shown.get(partition) != offset}
        if moved and (self._showing is None or self._showing.done()):
            self._showing = asyncio.create_task(self._show(handled, moved))

    def _handled(self) -> dict[TopicPartition, int]:
        """The next offset of each open partition."""
        return {
            partition: handling.position.next_offset
            for unit in self._units.values()
            if unit.opening is not None
            for partition, handling in unit.handlings.items()
        }

    async def _show(self, handled: dict[TopicPartition, int], moved: dict[TopicPartition, int]) -> None:
        with contextlib.suppress(KafkaError):
            await self._consumer().commit(moved)
            self._shown = handled

    async def stop(self) -> None:
        """Close everything, let the transaction at work end, show how far it went, and drop the memory."""
        await self._commit()
        if self._showing:
            await asyncio.wait([self._showing], timeout=2)
            self._showing.cancel()
        self.close()
        await self._idle()
        for unit in [*self._units.values(), *self._gone]:
            await self._opening.lose(unit, taken_away=True)
        self._units.clear()
        self._gone.clear()

    def problems(self) -> list[str]:
        """What keeps records from being handled, in words."""
        silent = [f"Kafka has not answered for {SILENCE_SECONDS:.0f} s"] if self._silent else []
        return [unit.problem for unit in self._units.values() if unit.problem] + silent

    def at_work_for(self) -> float:
        """Seconds since the batch at work was taken; 0 between batches."""
        since = self._at_work_since
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    async def _give_up_on(self, partition: TopicPartition, error: Exception) -> None:
        unit = self._units[self._key(partition)]
        position = await self._consumer().position(partition)
        await self._opening.stop(unit, f"records from offset {position} on cannot be parsed ({type(error).__name__})")

    async def _measure(self) -> None:
        found: dict[str, int] = {}
        latest = 0
        for unit in list(self._units.values()):
            latest = max(latest, await self._measure_unit(unit, found))
        self.lag = found
        now = asyncio.get_running_loop().time()
        if latest != self._answered[0] or self._at_work_since is not None or not found:
            self._answered = (latest, now)
        self._silent = now - self._answered[1] > SILENCE_SECONDS

    async def _measure_unit(self, unit: Unit, found: dict[str, int]) -> int:
        """Add to `found` what is left to handle of each of its partitions; returns when Kafka last answered for one.

        Stops where its partitions may be another process's: it was closed meanwhile, or aiokafka knows it before us.
        """
        consumer, opening, latest, left = self._consumer(), unit.opening, 0, 0
        for partition in unit.partitions:
            if opening is None or unit.opening != opening or partition not in consumer.assignment():
                return latest
            end = consumer.last_stable_offset(partition)
            latest = max(latest, consumer.last_poll_timestamp(partition) or 0)
            try:
                # Between batches the position also stands beyond the marks that transactions leave in the log.
                handled = unit.handlings[partition].position.next_offset
                done = handled if unit.lock.locked() else await consumer.position(partition)
            except IllegalStateError:
                return latest
            found[self._name(partition)] = max(0, (end or 0) - done)
            left += 1 if end is None or end > done else 0
        if not left and opening is not None and unit.opening == opening and not unit.lock.locked():
            unit.emptied()
        return latest
