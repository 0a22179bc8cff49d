"""A record that cannot be handled is set aside with its bytes and told to `<topic>.dlq`; it can be replayed."""

import json
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from shared.database import REFUSED_VALUES, Connection, Pool, in_transaction
from shared.received import Batch, Received, TopicPartitionNumber, Unreadable, read

AfterCommit: TypeAlias = Callable[[], None]
Handler: TypeAlias = Callable[[Connection, Batch], Awaitable[AfterCommit | None]]

logger = logging.getLogger(__name__)

WINDOW = 200
AT_LEAST = 100


class Unprocessable(Exception):
    """No further attempt can handle this record: it becomes a dead letter. The message must quote no personal data."""


class TooManyDeadLetters(Exception):
    """More than half of a topic's last records cannot be handled: something else is wrong, so its reading stops."""


class Limit:
    """Tells mass dead-lettering from a few bad records: more than half of the last 200, once 100 were read.

    `lifted` tells nothing: an operator has decided to set aside all that is bad on this topic.
    """

    def __init__(self, topic: str, *, lifted: bool = False) -> None:
        self._topic = topic
        self._lifted = lifted
        self._bad: deque[bool] = deque(maxlen=WINDOW)

    def after(self, bad: Sequence[bool]) -> deque[bool]:
        """The window once these outcomes are in it; raises `TooManyDeadLetters` when it may not be entered."""
        window = deque(self._bad, maxlen=WINDOW)
        window.extend(bad)
        if not self._lifted and len(window) >= AT_LEAST and sum(window) * 2 > len(window):
            raise TooManyDeadLetters(
                f"{self._topic}: {sum(window)} of the last {len(window)} records are unreadable (where they are of no"
                f" use, the setting SET_ASIDE_ALL={self._topic} of this service has them set aside)"
            )
        return window

    def enter(self, window: deque[bool]) -> None:
        """Keep a window that `after` returned, once its transaction has committed."""
        self._bad = window


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many dead letters were handled at last, and how many stay."""

    recovered: int = 0
    staying: int = 0


async def set_aside(connection: Connection, topic: str, unreadable: Unreadable) -> None:
    """Keep one record's bytes in `dead_letters`, and leave its key, origin and error for `<topic>.dlq` to the relay."""
    raw = unreadable.raw
    headers = [(name.replace("\0", ""), value) for name, value in raw.headers]
    await connection.execute(
        """
        INSERT INTO dead_letters (topic, partition, record_offset, record_timestamp, key, value, header_names,
                                  header_values, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (topic, partition, record_offset) DO UPDATE SET
            record_timestamp = excluded.record_timestamp, key = excluded.key, value = excluded.value,
            header_names = excluded.header_names, header_values = excluded.header_values, reason = excluded.reason,
            set_aside_at = now(), replay_asked_at = NULL
        """,
        topic,
        raw.partition,
        raw.offset,
        raw.timestamp,
        raw.key,
        raw.value,
        [name for name, _ in headers],
        [value for _, value in headers],
        unreadable.reason,
    )
    await _tell(connection, topic, unreadable)


def log_set_aside(topic: str, partition: int, unreadable: Sequence[Unreadable]) -> None:
    """One warning for the records of a batch that were set aside, if any; it quotes nothing of them."""
    if not unreadable:
        return
    told = {
        "topic": topic,
        "partition": partition,
        "records": len(unreadable),
        "offsets": [each.raw.offset for each in unreadable[:5]],
        "reason": unreadable[0].reason,
    }
    logger.warning("records were set aside as dead letters", extra=told)


async def _tell(connection: Connection, topic: str, unreadable: Unreadable) -> None:
    raw = unreadable.raw
    origin = f"{topic}:{raw.partition}:{raw.offset}"
    key = (raw.key or b"").decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    told = {"topic": topic, "partition": raw.partition, "offset": raw.offset, "key": key, "error": unreadable.reason}
    await connection.execute(
        "INSERT INTO outbox (topic, key, partition_key, version, body) VALUES ($1, $2, $2, $3, $4)",
        f"{topic}.dlq",
        origin,
        raw.offset + 1,
        json.dumps(told, ensure_ascii=False).encode(),
    )


async def ask_replay(connection: Connection, *, topic: str | None = None, ids: Sequence[int] | None = None) -> int:
    """Ask the service's own process to replay its dead letters (all, a topic's, or those named); returns how many.

    The process that owns each partition does it within seconds, so that what it keeps in memory stays true.
    """
    rows = await connection.fetch(
        """
        UPDATE dead_letters SET replay_asked_at = now()
        WHERE ($1::text IS NULL OR topic = $1) AND ($2::bigint[] IS NULL OR id = ANY ($2)) RETURNING id
        """,
        topic,
        list(ids) if ids is not None else None,
    )
    return len(rows)


async def asked_for(pool: Pool) -> set[TopicPartitionNumber]:
    """The partitions with dead letters that somebody asked to replay."""
    rows = await pool.fetch("SELECT DISTINCT topic, partition FROM dead_letters WHERE replay_asked_at IS NOT NULL")
    return {(row["topic"], row["partition"]) for row in rows}


async def replay(
    pool: Pool,
    handlers: Mapping[str, Handler],
    *,
    topic: str,
    partition: int,
    is_open: Callable[[], bool] = lambda: True,
) -> Replayed:
    """Feed the asked-for dead letters of one partition back to their handler, one transaction each, oldest first.

    Each transaction begins by locking the partition's offset, as those of its records do. One that is handled is
    forgotten; one that is not stays, with its newest reason, and those left once `is_open` is false stay as they are.
    Whoever keeps state of the partition in memory must be the caller, and must not handle that partition meanwhile.
    """
    rows = await pool.fetch(
        "SELECT id FROM dead_letters WHERE topic = $1 AND partition = $2 AND replay_asked_at IS NOT NULL ORDER BY id",
        topic,
        partition,
    )
    recovered = 0
    for row in rows:
        recovered += await _replay_one(pool, handlers[topic], (topic, partition), row["id"], is_open)
    return Replayed(recovered, len(rows) - recovered)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A record as `dead_letters` keeps it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


async def _replay_one(
    pool: Pool, handler: Handler, place: TopicPartitionNumber, letter_id: int, is_open: Callable[[], bool]
) -> bool:
    async def work(connection: Connection) -> tuple[bool, AfterCommit | None]:
        await connection.execute("SELECT FROM offsets WHERE topic = $1 AND partition = $2 FOR UPDATE", *place)
        letter = await connection.fetchrow("SELECT * FROM dead_letters WHERE id = $1 FOR UPDATE", letter_id)
        if letter is None or not is_open():
            return False, None
        received = read(letter["topic"], _stored(letter))
        if isinstance(received, Unreadable):
            await _keep(connection, letter_id, received.reason)
            return False, None
        return await _handle_again(connection, handler, letter_id, received)

    try:
        recovered, after_commit = await in_transaction(pool, work)
    except (Unprocessable, *REFUSED_VALUES) as error:
        await _keep(pool, letter_id, reason_of(error))
        return False
    if after_commit is not None:
        after_commit()
    return recovered


async def _handle_again(
    connection: Connection, handler: Handler, letter_id: int, received: Received
) -> tuple[bool, AfterCommit | None]:
    batch = Batch(received.topic, received.partition, (received,))
    after_commit = await handler(connection, batch)
    if batch.rejected:
        await _keep(connection, letter_id, batch.rejected[received.offset])
        return False, after_commit
    await connection.execute("DELETE FROM dead_letters WHERE id = $1", letter_id)
    return True, after_commit


async def _keep(connection: Connection | Pool, letter_id: int, reason: str) -> None:
    await connection.execute(
        "UPDATE dead_letters SET reason = $2, replay_asked_at = NULL WHERE id = $1", letter_id, reason
    )


def _stored(letter: asyncpg.Record) -> _Stored:
    headers = tuple(zip(letter["header_names"], letter["header_values"], strict=True))
    return _Stored(
        letter["topic"],
        letter["partition"],
        letter["record_offset"],
        letter["record_timestamp"],
        letter["key"],
        letter["value"],
        headers,
    )


def reason_of(error: Exception) -> str:
    """Why a record that a handler could not handle is set aside, without PostgreSQL's detail, which quotes values."""
    return str(error) if isinstance(error, Unprocessable) else f"PostgreSQL refuses a value: {type(error).__name__}"


async def forget(connection: Connection, *erased_ids: str) -> int:
    """Delete the dead letters that name any of `erased_ids` in their key or their bytes; returns how many.

    An id is named where no byte that an id may have stands beside it: `projet-12` does not name `projet-1`.
    """
    if not erased_ids:
        return 0
    wanted = [erased_id.encode() for erased_id in erased_ids]
    named = re.compile(rb"(?<![A-Za-z0-9_.-])(?:" + b"|".join(map(re.escape, wanted)) + rb")(?![A-Za-z0-9_.-])")
    rows = await connection.fetch(
        """
        SELECT id, key, value FROM dead_letters WHERE EXISTS (
            SELECT FROM unnest($1::bytea[]) AS wanted
            WHERE position(wanted IN coalesce(key, '')) > 0 OR position(wanted IN coalesce(value, '')) > 0
        )
        """,
        wanted,
    )
    found = [row["id"] for row in rows if any(named.search(text or b"") for text in (row["key"], row["value"]))]
    await connection.execute("DELETE FROM dead_letters WHERE id = ANY ($1)", found)
    return len(found)
