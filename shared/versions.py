"""Whoever hears a version not above the one it holds ignores it, also of a key erased since."""

from shared.database import Connection
from shared.received import Batch, Received

_HOLD = """
INSERT INTO heard_versions AS held (topic, key, version, erased)
SELECT $1, key, version, erased FROM unnest($2::text[], $3::bigint[], $4::boolean[]) AS heard (key, version, erased)
ON CONFLICT (topic, key) DO UPDATE SET version = excluded.version, erased = excluded.erased
WHERE held.version < excluded.version
RETURNING key
"""


async def newer(connection: Connection, batch: Batch) -> tuple[Received, ...]:
    """The records of `batch` whose version is above the one held of their key, in order; their versions are then held.

    A second delivery, a replay of old bytes and a late sender are thus without effect, also where another transaction
    holds a version of the same key meanwhile: this one waits for it.
    """
    rows = await connection.fetch(
        "SELECT key, version FROM heard_versions WHERE topic = $1 AND key = ANY ($2)",
        batch.topic,
        list({record.key for record in batch.records}),
    )
    held: dict[str, int] = {row["key"]: row["version"] for row in rows}
    found: list[Received] = []
    for record in batch.records:
        if record.version > held.get(record.key, 0):
            held[record.key] = record.version
            found.append(record)
    now_held = await hold(connection, batch.topic, {record.key: record for record in found})
    return tuple(record for record in found if record.key in now_held)


async def hold(connection: Connection, topic: str, last: dict[str, Received]) -> set[str]:
    """Remember each key's version, and whether it is erased; returns whose: one already held that is as high stays."""
    if not last:
        return set()
    rows = await connection.fetch(
        _HOLD,
        topic,
        list(last),
        [record.version for record in last.values()],
        [record.event is None for record in last.values()],
    )
    return {row["key"] for row in rows}
