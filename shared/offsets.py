"""Each record has its effect once: results commit with the offset, and PostgreSQL's offset is the authority."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from opentelemetry.trace import SpanKind

from shared import tracing
from shared.database import REFUSED_VALUES, Connection, Pool, in_transaction
from shared.dead_letter import (
    AfterCommit,
    Handler,
    Limit,
    Unprocessable,
    forget,
    log_set_aside,
    reason_of,
    set_aside,
)
from shared.measures import handled
from shared.received import Arrived, Batch, Position, Received, TopicPartitionNumber, Unreadable

__all__ = ["AfterCommit", "Arrived", "Batch", "Handler", "Handling", "Position", "Received", "Refused"]


class Refused(Exception):
    """The batch may not be handled: the reading of its partition has moved meanwhile."""


async def position_of(connection: Connection, topic: str, partition: int) -> Position | None:
    """The stored position, its row locked until the transaction ends; waits for a transaction that is at work on it."""
    row = await connection.fetchrow(
        "SELECT next_offset, highest_timestamp, cluster_id FROM offsets WHERE topic = $1 AND partition = $2 FOR UPDATE",
        topic,
        partition,
    )
    return None if row is None else Position(row["next_offset"], row["highest_timestamp"], row["cluster_id"])


async def begin(connection: Connection, topic: str, partition: int, position: Position) -> Position:
    """The stored position, which becomes `position` where there is none yet; its row locked."""
    await connection.execute(
        "INSERT INTO offsets (topic, partition, next_offset, highest_timestamp, cluster_id) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING",
        topic,
        partition,
        position.next_offset,
        position.highest_timestamp,
        position.cluster_id,
    )
    return await position_of(connection, topic, partition) or position


async def store(connection: Connection, topic: str, partition: int, position: Position) -> None:
    """Put the partition at `position`; its row must be locked by this transaction. Timestamps never go back."""
    await connection.execute(
        "UPDATE offsets SET next_offset = $3, highest_timestamp = greatest(highest_timestamp, $4), handled_at = now()"
        " WHERE topic = $1 AND partition = $2",
        topic,
        partition,
        position.next_offset,
        position.highest_timestamp,
    )


async def positions(connection: Connection, topics: Sequence[str]) -> dict[TopicPartitionNumber, Position]:
    """The stored positions of every partition of `topics`, without any lock."""
    rows = await connection.fetch("SELECT * FROM offsets WHERE topic = ANY ($1)", list(topics))
    return {
        (row["topic"], row["partition"]): Position(row["next_offset"], row["highest_timestamp"], row["cluster_id"])
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class _Outcome:
    position: Position
    window: deque[bool]
    after_commit: AfterCommit | None
    set_aside: tuple[Unreadable, ...] = ()


async def _set_aside(connection: Connection, batch: Batch, bad: Mapping[int, Unreadable]) -> None:
    """Set aside what is bad, in its order among the tombstones: each erases what stands before it.

    A handler forgets what is erased before anything of its batch is set aside.
    """
    erased = {record.offset: record.key for record in batch.records if record.event is None}
    for offset in sorted({*bad, *(each for each in erased if bad and each > min(bad))}):
        if offset in bad:
            await set_aside(connection, batch.topic, bad[offset])
        else:
            await forget(connection, erased[offset])


def _traced(arrived: Arrived) -> AbstractContextManager[object]:
    """One span for the batch, which goes on with the trace of its records or is linked to theirs."""
    if not tracing.is_on():
        return nullcontext()
    facts = {"messaging.batch.message_count": len(arrived.raw), "messaging.destination.partition.id": arrived.partition}
    return tracing.span(f"handle {arrived.topic}", arrived.traces(), kind=SpanKind.CONSUMER, attributes=facts)


class Handling:
    """The handling of one partition by this process, from the position it was given on.

    A stored position below its own, as a database restored under it has, is refused: what lies between must come again.
    With `alone`, what the process keeps in memory is true only while nobody else handles the partition: a stored
    position other than its own is then refused, instead of the records below it being skipped; the handler gets an
    empty batch before, so that it meets, and remembers, that another process owns what it keeps.
    """

    def __init__(self, pool: Pool, handler: Handler, limit: Limit, position: Position, *, alone: bool) -> None:
        self.position = position
        self._pool = pool
        self._handler = handler
        self._limit = limit
        self._alone = alone

    async def handle(self, arrived: Arrived, still_open: Callable[[], Awaitable[bool]]) -> None:
        """Handle `arrived` in one transaction that begins by locking the partition's offset, then change memory.

        Unreadable and rejected records are set aside. When the handler raises `Unprocessable`, or PostgreSQL refuses a
        value, each record gets a transaction of its own and the culprit is set aside. Raises `Refused` when
        `still_open` is false or the stored position is not what it must be, `TooManyDeadLetters`, and what else the
        handler raises: nothing of the transaction is kept then.
        """
        try:
            await self._commit(arrived, still_open)
        except (Unprocessable, *REFUSED_VALUES) as error:
            if len(arrived.raw) > 1:
                for one in arrived.split():
                    await self.handle(one, still_open)
            else:
                await self._commit(arrived.unreadable(reason_of(error)), still_open)

    async def _commit(self, arrived: Arrived, still_open: Callable[[], Awaitable[bool]]) -> None:
        with handled(arrived.topic, len(arrived.raw)), _traced(arrived):
            outcome = await in_transaction(self._pool, lambda connection: self._work(connection, arrived, still_open))
        self.position = outcome.position
        self._limit.enter(outcome.window)
        log_set_aside(arrived.topic, arrived.partition, outcome.set_aside)
        if outcome.after_commit is not None:
            outcome.after_commit()

    async def _work(
        self, connection: Connection, arrived: Arrived, still_open: Callable[[], Awaitable[bool]]
    ) -> _Outcome:
        position = await position_of(connection, arrived.topic, arrived.partition)
        if position is None or not await still_open():
            raise Refused(f"{arrived.topic}/{arrived.partition}: its reading has moved")
        if self._alone and position.next_offset != self.position.next_offset:
            # The handler finds out first whether what it keeps is another's now: its own error says more.
            await self._handler(connection, Batch(arrived.topic, arrived.partition, ()))
            raise Refused(
                f"{arrived.topic}/{arrived.partition}: another process has handled it to {position.next_offset}"
            )
        if position.next_offset < self.position.next_offset:
            raise Refused(
                f"{arrived.topic}/{arrived.partition}: its stored offset went back to {position.next_offset}:"
                " PostgreSQL was restored, or a replica took over"
            )
        new = arrived.from_offset(position.next_offset)
        batch = new.batch()
        after_commit = await self._handler(connection, batch) if batch.records else None
        bad = new.bad(batch.rejected)
        window = self._limit.after([raw.offset in bad for raw in new.raw])
        await _set_aside(connection, batch, bad)
        position = new.position_after(position)
        await store(connection, new.topic, new.partition, position)
        return _Outcome(position, window, after_commit, tuple(bad.values()))
