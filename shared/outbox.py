"""A fact and its event commit together or not at all, and each event takes its key's next version."""

from collections import Counter
from collections.abc import Mapping, Sequence

from shared.database import Connection
from shared.events.event import GENERATION_SPAN, Event
from shared.tracing import current_trace

_NEXT_VERSION = """
INSERT INTO key_versions AS held (topic, key, version)
SELECT $1, $2, generation * $3::bigint + 1 FROM generation
ON CONFLICT (topic, key) DO UPDATE SET version = greatest(held.version + 1, excluded.version), erased = false
RETURNING version
"""

_NEXT_VERSIONS = """
INSERT INTO key_versions AS held (topic, key, version)
SELECT $1, wanted.key, generation * $4::bigint + wanted.events
FROM generation, unnest($2::text[], $3::bigint[]) AS wanted (key, events)
ORDER BY wanted.key
ON CONFLICT (topic, key) DO UPDATE
SET version = greatest(held.version + excluded.version % $4::bigint, excluded.version), erased = false
RETURNING key, version
"""

_ANNOUNCE = """
INSERT INTO outbox (topic, key, partition_key, version, body, trace)
SELECT said.topic, said.key, said.partition_key, said.version, said.body, $6
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
    WITH ORDINALITY AS said (topic, key, partition_key, version, body, place)
JOIN key_versions AS held ON held.topic = said.topic AND held.key = said.key AND held.version >= said.version
ORDER BY said.place
"""


class UntakenVersion(ValueError):
    """An event carries a version that `next_version` did not give to its key: a mistake in the service's code."""


async def next_version(connection: Connection, topic: str, key: str) -> int:
    """The version for the next event of `key`, above all it had, also before an erasure.

    Locks the key until the transaction ends, so that its events leave in the order of their versions. A key never said
    starts at generation * 2^40 + 1.
    """
    version: int = await connection.fetchval(_NEXT_VERSION, topic, key, GENERATION_SPAN)
    return version


async def next_versions(connection: Connection, topic: str, keys: Sequence[str]) -> list[int]:
    """The versions of the next events of `keys`, one each, rising where a key comes again: `next_version` for many."""
    if not keys:
        return []
    counts = Counter(keys)
    rows = await connection.fetch(_NEXT_VERSIONS, topic, list(counts), list(counts.values()), GENERATION_SPAN)
    taken = {row["key"]: row["version"] - counts[row["key"]] for row in rows}
    versions = []
    for key in keys:
        taken[key] += 1
        versions.append(taken[key])
    return versions


async def announce(connection: Connection, *events: Event) -> None:
    """Leave `events` to the relay, in this order, when the transaction commits.

    Raises `UntakenVersion` when one carries a version that `next_version` has not given.
    """
    if not events:
        return
    status = await connection.execute(
        _ANNOUNCE,
        [event.topic for event in events],
        [event.key for event in events],
        [event.partition_key for event in events],
        [event.version for event in events],
        [event.to_bytes() for event in events],
        current_trace(),
    )
    if int(status.rpartition(" ")[2]) != len(events):
        raise UntakenVersion(f"of {len(events)} events on {sorted({event.topic for event in events})}")


async def announce_erased(connection: Connection, topic: str, key: str, *, partition_key: str | None = None) -> int:
    """Leave a tombstone of `key` to the relay, at the key's next version, which is returned and remembered.

    `partition_key` is needed where the topic's events have one other than their key.
    """
    (version,) = await announce_all_erased(connection, topic, {key: partition_key or key})
    return version


async def announce_all_erased(connection: Connection, topic: str, keys: Mapping[str, str]) -> list[int]:
    """Leave tombstones to the relay, in this order: `announce_erased` for many, each key with its partition key."""
    versions = await next_versions(connection, topic, list(keys))
    await connection.execute(
        "UPDATE key_versions SET erased = true WHERE topic = $1 AND key = ANY ($2)", topic, [*keys]
    )
    await connection.execute(
        """
        INSERT INTO outbox (topic, key, partition_key, version, trace)
        SELECT $1, key, partition_key, version, $5 FROM unnest($2::text[], $3::text[], $4::bigint[])
            WITH ORDINALITY AS erased (key, partition_key, version, place)
        ORDER BY place
        """,
        topic,
        list(keys),
        list(keys.values()),
        versions,
        current_trace(),
    )
    return versions


async def purge_waiting(connection: Connection, topic: str, *keys: str) -> None:
    """Forget the events of erased keys that have not left yet, tombstones apart."""
    await connection.execute("DELETE FROM outbox WHERE topic = $1 AND key = ANY ($2) AND body IS NOT NULL", topic, keys)
