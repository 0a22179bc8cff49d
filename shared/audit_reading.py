"""Reads what an audit compares, without changing anything: topics to their ends, versions, outboxes, offsets."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.auditing import Finding, Held, HeldKey, Said, TopicView
from shared.database import Connection, Pool
from shared.fetching import let_go
from shared.log_identity import ForeignLog, Log, check_cluster, check_positions
from shared.received import Place, Position, Received
from shared.whole_log import WholeLog

LONG = 600.0
"""Seconds that a statement over all keys of a topic may take."""
AT_ONCE = 5_000
OLD_SECONDS = 60
"""An event that waits longer than this in an outbox is not on its way."""
MOST_SHOWN = 100

_KEYS = """
SELECT key, version, erased, EXISTS (SELECT FROM outbox WHERE outbox.topic = $1 AND outbox.key = given.key) AS waits
FROM key_versions AS given WHERE topic = $1
"""
_WAITING = """
SELECT topic, key, version, refused_because FROM outbox
WHERE announced_at < now() - make_interval(secs => $1) OR refused_because IS NOT NULL
ORDER BY id LIMIT $2
"""


@asynccontextmanager
async def snapshot(pool: Pool) -> AsyncIterator[Connection]:
    """A connection that sees one moment and may change nothing, for as long as it takes."""
    async with (
        pool.acquire(timeout=10) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection


class Topics:
    """The topics as they are now, by their short names; only committed records count."""

    def __init__(self, bootstrap_servers: str, prefix: str) -> None:
        self.servers = bootstrap_servers
        self.prefix = prefix

    def _log(self) -> WholeLog:
        return WholeLog(self.servers, self.prefix, lambda *_: None)

    async def view(self, topic: str) -> TopicView:
        """What a topic ends with: in memory is one small row per key, whatever the size of the topic."""
        view = TopicView(topic)
        async for arrived in self._log().read([topic]):
            view.ends[arrived.partition] = arrived.raw[-1].offset + 1
            for one in arrived.read:
                if isinstance(one, Received):
                    view.add(one)
        return view

    async def last_events(self, view: TopicView) -> AsyncIterator[list[Received]]:
        """The events that `view` ends with, tombstones left out, some at a time."""
        async for arrived in self._log().read([view.topic]):
            yield [
                one
                for one in arrived.read
                if isinstance(one, Received) and one.event is not None and _is_last(view, one)
            ]

    async def events(self, topic: str) -> AsyncIterator[list[Received]]:
        """Every event of a topic, each partition in order, some at a time."""
        async for arrived in self._log().read([topic]):
            yield [one for one in arrived.read if isinstance(one, Received) and one.event is not None]


def _is_last(view: TopicView, one: Received) -> bool:
    last = view.last.get(one.key)
    return last is not None and last.place == one.place


async def said(connection: Connection, topic: str, keys: Collection[str] | None = None) -> dict[str, Said]:
    """The last version given to each key of a topic, or to those of `keys` that have one."""
    found: dict[str, Said] = {}
    some = "" if keys is None else " AND key = ANY ($2)"
    given = [topic] if keys is None else [topic, list(keys)]
    async for row in connection.cursor(_KEYS + some, *given, prefetch=AT_ONCE, timeout=LONG):
        found[row["key"]] = Said(row["version"], row["erased"], row["waits"])
    return found


async def old_events(connection: Connection, service: str) -> list[Finding]:
    """Events that should have left long ago, the oldest hundred of them."""
    rows = await connection.fetch(_WAITING, float(OLD_SECONDS), MOST_SHOWN)
    return [
        Finding(
            service,
            "waiting",
            f"{row['topic']}/{row['key']}",
            "sent",
            f"version {row['version']}" + (f", {row['refused_because']}" if row["refused_because"] else ""),
        )
        for row in rows
    ]


async def waiting(connection: Connection, topic: str) -> dict[str, int]:
    """The lowest version of each key of a topic that waits in the outbox."""
    rows = await connection.fetch(
        "SELECT key, min(version) AS version FROM outbox WHERE topic = $1 GROUP BY key", topic, timeout=LONG
    )
    return {row["key"]: row["version"] for row in rows}


async def handled(connection: Connection, topic: str) -> dict[int, int]:
    """The next offset of each partition of a topic that the service has handled some of."""
    rows = await connection.fetch("SELECT partition, next_offset FROM offsets WHERE topic = $1", topic)
    return {row["partition"]: row["next_offset"] for row in rows}


async def set_aside(connection: Connection, topic: str) -> frozenset[Place]:
    """Where the dead letters of a topic stood."""
    rows = await connection.fetch(
        "SELECT partition, record_offset, record_timestamp FROM dead_letters WHERE topic = $1", topic
    )
    return frozenset((row[0], row[1], row[2]) for row in rows)


async def held(
    connection: Connection,
    topic: str,
    rows: str,
    *,
    given: Sequence[object] = (),
    excused: frozenset[str] = frozenset(),
    is_complete: bool = True,
) -> Held:
    """What a service holds of a topic, by its own statement `rows` of (key, version, is_live), in this snapshot."""
    keys: dict[str, HeldKey] = {}
    async for key, version, is_live in connection.cursor(rows, *given, prefetch=AT_ONCE, timeout=LONG):
        keys[key] = HeldKey(version, is_live)
    return Held(
        keys,
        await handled(connection, topic),
        await set_aside(connection, topic),
        excused,
        is_complete,
    )


async def offset_findings(pool: Pool, service: str, topics: Topics) -> list[Finding]:
    """Stored offsets that do not fit the log that answers: another cluster, another topic, outside of it."""
    rows = await pool.fetch("SELECT topic, partition, next_offset, highest_timestamp, cluster_id FROM offsets")
    stored = {
        TopicPartition(topics.prefix + row["topic"], row["partition"]): Position(
            row["next_offset"], row["highest_timestamp"], row["cluster_id"]
        )
        for row in rows
    }
    cluster_id = (await Log.of(topics.servers, sorted({each.topic for each in stored}))).cluster_id
    consumer = AIOKafkaConsumer(bootstrap_servers=topics.servers, enable_auto_commit=False, auto_offset_reset="none")
    findings = []
    try:
        await consumer.start()
        for partition, position in sorted(stored.items()):
            try:
                check_cluster(service, cluster_id, {partition: position})
                await check_positions(consumer, service, topics.servers, {partition: position})
            except ForeignLog:
                place = f"{partition.topic.removeprefix(topics.prefix)}/{partition.partition}"
                findings.append(Finding(service, "offset", place, "in the log", f"offset {position.next_offset}"))
    finally:
        await let_go(consumer)
    return findings
