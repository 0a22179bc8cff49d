"""What a service's own log says, in two tables that are there while the service is restored."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.database import Connection
from shared.events.event import Event
from shared.events.registry import decode
from shared.received import Arrived, Received

LOGS = frozenset({"answers", "days", "deliveries", "erasures"})
"""Topics that keep each event for itself; of a key on any other topic only the last event counts."""

# Not temporary tables: a service's role may make none.
_CREATE = """
CREATE UNLOGGED TABLE said_in_log (
    topic text, key text, version bigint NOT NULL, partition integer NOT NULL, body bytea, PRIMARY KEY (topic, key)
);
CREATE UNLOGGED TABLE said_ids (topic text, event_id text, PRIMARY KEY (topic, event_id));
"""

_PUT = """
INSERT INTO said_in_log AS held (topic, key, version, partition, body) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (topic, key) DO UPDATE
SET version = excluded.version, partition = excluded.partition, body = excluded.body
WHERE held.version < excluded.version
"""

_PUT_ID = "INSERT INTO said_ids (topic, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"

_SAID = """
SELECT key, said.version, partition, body FROM said_in_log AS said LEFT JOIN key_versions AS given USING (topic, key)
WHERE topic = $1 AND key > $2 AND (said.version > coalesce(given.version, 0)
    OR said.version = given.version AND NOT given.erased) ORDER BY key LIMIT $3
"""

_NEWS = """
SELECT key, said.version, partition, body FROM said_in_log AS said LEFT JOIN key_versions AS given USING (topic, key)
WHERE topic = $1 AND key > $2 AND said.version > coalesce(given.version, 0) ORDER BY key LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Said:
    """The last thing that the log says of a key; no event where it is a tombstone."""

    key: str
    version: int
    partition: int
    event: Event | None


async def create(connection: Connection) -> None:
    """Make both tables, empty."""
    await connection.execute(_CREATE)


async def drop(connection: Connection) -> None:
    """Drop both tables."""
    await connection.execute("DROP TABLE said_in_log, said_ids")


async def put(connection: Connection, arrived: Arrived) -> int:
    """Take in records of one partition, in order; returns how many are events."""
    found = [(one, raw.value) for raw, one in zip(arrived.raw, arrived.read, strict=True) if isinstance(one, Received)]
    rows = [(one.topic, one.key, one.version, one.partition, body) for one, body in found]
    await connection.executemany(_PUT, rows)
    if arrived.topic in LOGS:
        ids = [(one.topic, str(one.event.event_id)) for one, _ in found if one.event is not None]
        await connection.executemany(_PUT_ID, ids)
    return len(found)


def news(connection: Connection, topic: str, limit: int) -> AsyncIterator[Said]:
    """What is said at versions above those that the database gave, by key, read `limit` at once."""
    return _by_key(connection, _NEWS, topic, limit)


def said(connection: Connection, topic: str, limit: int) -> AsyncIterator[Said]:
    """What is said of each key, by key, but where the database has given a higher version, or holds it as erased."""
    return _by_key(connection, _SAID, topic, limit)


async def _by_key(connection: Connection, query: str, topic: str, limit: int) -> AsyncIterator[Said]:
    after = ""
    while rows := await connection.fetch(query, topic, after, limit):
        for row in rows:
            event = None if row["body"] is None else decode(topic, row["body"])
            yield Said(row["key"], row["version"], row["partition"], event)
        after = rows[-1]["key"]
