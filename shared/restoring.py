"""A service that was restored speaks above its log again: the log is read whole, and every key stated anew.

All happens in one transaction, which holds the relay's lock: a command that ends in the middle has changed nothing.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from shared import scratch
from shared.database import Connection, Pool
from shared.dead_letter import Handler, set_aside
from shared.events.event import GENERATION_SPAN, Event
from shared.events.registry import SAID_BY, decode
from shared.outbox import announce, next_versions
from shared.received import Arrived, Position
from shared.scratch import LOGS, Said
from shared.sending import producing
from shared.whole_log import Progress, WholeLog

LONG = 3_600.0
"""Seconds that a statement over all keys may take."""
AT_ONCE = 500
STATING = "stated"
"""What progress calls the stating of all keys."""

_RELAY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('essaim-relay'), hashtext($1))"

_TABLES = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = $1 ORDER BY 1"

_LOCK_SECONDS = 3
"""For longer than PostgreSQL takes to have its own maintenance of a table give way; work of the service lasts on."""

_GIVE_WAY = """
WITH parted AS (
    SELECT key, said.version FROM said_in_log AS said JOIN outbox AS waiting USING (topic, key, version)
    WHERE topic = $1 AND waiting.body IS DISTINCT FROM said.body),
forgotten AS (DELETE FROM outbox USING parted WHERE outbox.topic = $1 AND outbox.key = parted.key)
UPDATE key_versions AS given SET version = parted.version - 1 FROM parted
WHERE given.topic = $1 AND given.key = parted.key
"""

_FOLLOW_LOG = """
INSERT INTO key_versions AS held (topic, key, version, erased)
SELECT topic, key, version, body IS NULL FROM said_in_log
ON CONFLICT (topic, key) DO UPDATE SET version = excluded.version, erased = excluded.erased
WHERE held.version < excluded.version
"""

_RAISE = """
UPDATE generation
SET generation = 1 + greatest(generation, (SELECT coalesce(max(version), 0) / $1::bigint FROM key_versions))
"""

_COUNT_KEYS = "SELECT count(*) FROM key_versions WHERE topic <> ALL ($1::text[])"

_DROP_SENT = """
DELETE FROM outbox AS waiting
WHERE topic <> ALL ($1::text[]) AND EXISTS (
    SELECT FROM said_in_log AS said
    WHERE said.topic = waiting.topic AND said.key = waiting.key AND said.version >= waiting.version)
OR topic = ANY ($1::text[]) AND EXISTS (
    SELECT FROM said_ids AS said
    WHERE said.topic = waiting.topic AND said.event_id = convert_from(waiting.body, 'UTF8')::jsonb ->> 'event_id')
"""

_DROP_ENDED = """
DELETE FROM outbox AS waiting
WHERE topic = $1 AND (body IS NULL OR EXISTS (
    SELECT FROM key_versions AS given WHERE given.topic = $1 AND given.key = waiting.key AND given.erased))
"""

_WAITING = "SELECT id, body FROM outbox WHERE topic = $1 AND id <= $2 ORDER BY id LIMIT $3"

# No id holds `~` but those of matches, whose events lie in the partition of their project.
_TOMBSTONES = """
WITH again AS (
    UPDATE key_versions SET version = greatest(version + 1, generation * $2::bigint + 1) FROM generation
    WHERE topic = $1 AND erased RETURNING key, version)
INSERT INTO outbox (topic, key, partition_key, version)
SELECT $1, key, split_part(key, '~', 1), version FROM again ORDER BY key
"""

_MARK_ERASED = """
INSERT INTO key_versions (topic, key, version, erased) SELECT $1, key, 0, true FROM unnest($2::text[]) AS gone (key)
ON CONFLICT (topic, key) DO UPDATE SET erased = true
"""

_FORGET_LOST = """
UPDATE key_versions AS given SET version = coalesce(
    (SELECT version FROM said_in_log AS said WHERE said.topic = given.topic AND said.key = given.key), 0)
FROM generation WHERE topic = $1 AND version <= generation * $2::bigint
"""

_IS_SET_ASIDE = """
SELECT EXISTS (
    SELECT FROM dead_letters
    WHERE topic = $1 AND partition = $2 AND record_offset = $3 AND record_timestamp = $4)
"""

_GO_ON_AT = """
INSERT INTO offsets (topic, partition, next_offset, highest_timestamp, cluster_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset,
    highest_timestamp = excluded.highest_timestamp, cluster_id = excluded.cluster_id, handled_at = now()
"""


class StillRunning(Exception):
    """A process of the service is at work: it must be stopped first."""


class NothingToRestoreFrom(Exception):
    """What the service would be made from is not in the log: the message says whose it is."""


@dataclass
class Report:
    """What a restoration did, for whoever asked for it: numbers, and the ids of what could not come back, by what."""

    counts: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Restoration:
    """One restoration at work; `log` is Kafka as it is now."""

    connection: Connection
    service: str
    log: WholeLog
    report: Report = field(default_factory=Report)
    _to_state: int = 0

    @property
    def says(self) -> tuple[str, ...]:
        """The topics that the service alone writes."""
        return SAID_BY[self.service]

    async def read_said(self) -> None:
        """Take in the log of all that the service says: the last event of each key; of `LOGS` each event's id too."""
        await scratch.create(self.connection)
        async for arrived in self.log.read(self.says):
            self.report.counts["read"] += await scratch.put(self.connection, arrived)

    async def news(self, topic: str) -> AsyncIterator[Said]:
        """What the log says at versions that the database never gave, by key; call before `raise_generation`."""
        async for said in scratch.news(self.connection, topic, AT_ONCE):
            yield said

    async def said(self, topic: str) -> AsyncIterator[Said]:
        """The last thing that the log says of each key of a topic, by key.

        Left out is what the database has said more of since, or holds as erased: a log may be the older of the two.
        """
        async for said in scratch.said(self.connection, topic, AT_ONCE):
            yield said

    async def give_way(self, topic: str) -> None:
        """Forget what waits to be said of a key of which the log says something else at the same version.

        So does a service that was started on an older database, before it notices and stops: the log then is `news`.
        """
        await self.connection.execute(_GIVE_WAY, topic, timeout=LONG)

    async def raise_generation(self) -> None:
        """Go on above every version that the log or the database holds; what the log has taken leaves the outbox."""
        await self.connection.execute(_FOLLOW_LOG, timeout=LONG)
        await self.connection.execute(_RAISE, GENERATION_SPAN, timeout=LONG)
        await self.connection.execute(_DROP_SENT, list(LOGS), timeout=LONG)
        self._to_state = await self.connection.fetchval(_COUNT_KEYS, list(LOGS))

    async def drop_waiting(self, *topics: str) -> None:
        """Forget what waits to be said on topics of which every key is stated again from the service's own tables."""
        await self.connection.execute("DELETE FROM outbox WHERE topic = ANY ($1)", list(topics), timeout=LONG)

    async def say_waiting_again(self, *topics: str) -> None:
        """Give what still waits to leave, and the log has not, versions of the new generation, in the same order.

        Tombstones are left to `state_tombstones`: what they ended, and nothing followed, is erased.
        """
        for topic in topics:
            if topic not in LOGS:
                await self.connection.execute(_DROP_ENDED, topic, timeout=LONG)
            last = await self.connection.fetchval("SELECT coalesce(max(id), 0) FROM outbox WHERE topic = $1", topic)
            while rows := await self.connection.fetch(_WAITING, topic, last, AT_ONCE):
                await self.connection.execute("DELETE FROM outbox WHERE id = ANY ($1)", [row["id"] for row in rows])
                await self.state([decode(topic, row["body"]) for row in rows])

    async def state(self, events: Iterable[Event]) -> None:
        """Leave events of one topic to the relay, each at its key's next version."""
        said = list(events)
        for place in range(0, len(said), AT_ONCE):
            some = said[place : place + AT_ONCE]
            versions = await next_versions(self.connection, some[0].topic, [event.key for event in some])
            again = [
                event.model_copy(update={"version": version}) for event, version in zip(some, versions, strict=True)
            ]
            await announce(self.connection, *again)
            self.report.counts["stated"] += len(some)
            self.log.progress(STATING, self.report.counts["stated"], self._to_state)

    async def state_tombstones(self, *topics: str) -> None:
        """State again of every key that was ever erased that it is."""
        for topic in topics:
            status = await self.connection.execute(_TOMBSTONES, topic, GENERATION_SPAN, timeout=LONG)
            self.report.counts["stated"] += int(status.rpartition(" ")[2])

    async def forget_lost(self, topic: str) -> None:
        """Count as never said what the log of a topic has lost and this generation does not say again.

        To be called last: the versions of `key_versions` are then those that an audit finds in the log.
        """
        await self.connection.execute(_FORGET_LOST, topic, GENERATION_SPAN, timeout=LONG)

    async def mark_erased(self, topic: str, keys: Sequence[str]) -> None:
        """Remember keys as erased, also those that the database never knew."""
        await self.connection.execute(_MARK_ERASED, topic, list(keys))

    async def hear(self, topics: Sequence[str], handlers: Mapping[str, Handler]) -> None:
        """Hear topics whole, in this order, as the service would; it then goes on where this ended.

        What cannot be read, or a handler rejects, is set aside where it was not before.
        """
        async for arrived in self.log.read(topics):
            batch = arrived.batch()
            await handlers[arrived.topic](self.connection, batch)
            await self._set_aside(arrived, batch.rejected)
        for (topic, partition), position in self.log.positions.items():
            if topic in topics:
                await self._go_on_at(topic, partition, position)

    async def forget_offsets(self, *topics: str) -> None:
        """Let the service hear topics from their beginnings."""
        await self.connection.execute("DELETE FROM offsets WHERE topic = ANY ($1)", list(topics))

    async def _set_aside(self, arrived: Arrived, rejected: Mapping[int, str]) -> None:
        for offset, unreadable in arrived.bad(rejected).items():
            place = arrived.partition, offset, unreadable.raw.timestamp
            known = await self.connection.fetchval(_IS_SET_ASIDE, arrived.topic, *place)
            if not known:
                await set_aside(self.connection, arrived.topic, unreadable)

    async def _go_on_at(self, topic: str, partition: int, position: Position) -> None:
        await self.connection.execute(
            _GO_ON_AT,
            topic,
            partition,
            position.next_offset,
            position.highest_timestamp,
            position.cluster_id,
        )


@contextlib.asynccontextmanager
async def restoring(
    pool: Pool, *, service: str, bootstrap_servers: str, topic_prefix: str, progress: Progress
) -> AsyncIterator[Restoration]:
    """A restoration whose transaction commits at the end of the context.

    Whatever of the service starts meanwhile waits for that end before it reads or writes a row. Raises `StillRunning`
    where a relay of the service is active or some work of it under way, `KafkaError` when Kafka is away.
    """
    async with pool.acquire(timeout=10) as connection, connection.transaction(isolation="read_committed"):
        # Kafka may be read for minutes without a word to PostgreSQL.
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        if not await connection.fetchval(_RELAY_LOCK, service):
            raise StillRunning(service)
        await _shut_out(connection, service)
        async with producing(bootstrap_servers, topic_prefix, service) as producer:
            # Whoever still believes to be the relay is fenced, and what it left open in the log is ended.
            await producer.start()
        work = Restoration(connection, service, WholeLog(bootstrap_servers, topic_prefix, progress))
        await work.read_said()
        yield work
        work.report.counts["unparsable"] = len(work.log.unparsable)
        await scratch.drop(connection)


async def _shut_out(connection: Connection, service: str) -> None:
    """Let nobody else read or write any table of the service: what it held in memory would be the state before."""
    tables = ", ".join(row[0] for row in await connection.fetch(_TABLES, service))
    await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
    try:
        await connection.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
    except asyncpg.LockNotAvailableError:
        raise StillRunning(service) from None
