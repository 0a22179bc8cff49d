"""How a service stands by the tables that all have: what waits to leave, what was set aside, how far it has read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.audits import Audit, last
from shared.behind import Place
from shared.database import Connection

_OUTBOX = """
SELECT count(*) AS events, count(*) FILTER (WHERE refused_because IS NOT NULL) AS refused,
       coalesce(extract(epoch FROM now() - min(announced_at)), 0)::float8 AS oldest_seconds FROM outbox
"""
_RELAYS = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid::bigint = hashtext('essaim-relay') & 4294967295 AND objid::bigint = hashtext($1) & 4294967295)
"""


@dataclass(frozen=True, slots=True)
class Outbox:
    """Events that wait to leave; those of `refused` are too large to."""

    events: int
    refused: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Condition:
    """What the tables say; `relays`: whether a process sends.

    `offsets` is the next offset of each partition read, `clusters` are those that they were read from.
    """

    outbox: Outbox
    relays: bool
    dead_letters: Mapping[str, int]
    offsets: Mapping[Place, int]
    clusters: frozenset[str]
    audit: Audit | None


async def offsets(connection: Connection) -> dict[Place, int]:
    """The next offset of each partition that the service has handled some of."""
    rows = await connection.fetch("SELECT topic, partition, next_offset FROM offsets")
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def condition(connection: Connection, service: str) -> Condition:
    """How `service` stands now."""
    outbox = await connection.fetchrow(_OUTBOX)
    assert outbox is not None
    letters = await connection.fetch(
        "SELECT topic, count(*) AS letters FROM dead_letters GROUP BY topic ORDER BY topic"
    )
    clusters = await connection.fetch("SELECT DISTINCT cluster_id FROM offsets")
    return Condition(
        outbox=Outbox(**dict(outbox)),
        relays=await connection.fetchval(_RELAYS, service),
        dead_letters={row["topic"]: row["letters"] for row in letters},
        offsets=await offsets(connection),
        clusters=frozenset(row["cluster_id"] for row in clusters),
        audit=await last(connection),
    )


async def set_aside_ids(connection: Connection, ids: Sequence[int], topic: str | None) -> set[int]:
    """Those of these ids that are dead letters, of `topic` where one is given."""
    rows = await connection.fetch(
        "SELECT id FROM dead_letters WHERE id = ANY ($1) AND ($2::text IS NULL OR topic = $2)", list(ids), topic
    )
    return {row["id"] for row in rows}
