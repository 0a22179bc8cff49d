"""Tells when everything that was said has been heard, judged and mailed, and what is still on its way."""

import asyncio
import time
from collections.abc import Mapping

import asyncpg

from deploy.create_roles import SERVICES
from services.matcher.matching.heard import WHOLE_TOPICS
from tests.faults.installation import PREFIX, Installation
from tests.faults.log import Log, read_log

HEARS = {
    "ingest": ("matches",),
    "matcher": ("projects", "answers", *WHOLE_TOPICS),
    "notifier": ("matches", "preferences", "erasures"),
    "console": ("territories", "projects", "commitments", "funds", "matches", "deliveries", "erasures"),
}
"""Service -> the topics it handles."""

_WAITING = {
    "held answers": "SELECT count(*) FROM console.answers WHERE announced_at IS NULL",
    "offers to merge": "SELECT count(*) FROM matcher.merged_lists WHERE pending_since IS NOT NULL",
    "things to tell people": "SELECT count(*) FROM notifier.pending",
    "mails to send": "SELECT count(*) FROM notifier.mails WHERE state = 'frozen'",
    "notices to people who are known": """
        SELECT count(*) FROM notifier.notices
        WHERE EXISTS (SELECT FROM ingest.contacts WHERE entity_type = party_type AND entity_id = party_id)
           OR EXISTS (SELECT FROM ingest.coordinators WHERE party_type = 'territory' AND territory_id = party_id)
        """,
    **{f"events of {service}": f"SELECT count(*) FROM {service}.outbox" for service in SERVICES},
}
_BEHIND = """
SELECT leases.partition FROM matcher.leases CROSS JOIN matcher.offsets
WHERE topic = ANY ($1) AND coalesce((positions -> topic ->> offsets.partition::text)::bigint, 0) < next_offset
"""


async def settled(installation: Installation, *, seconds: float = 120) -> Log:
    """The whole log, once nothing is on its way any more, twice in a row; `TimeoutError` names what still is.

    `AssertionError` when a service has ended meanwhile.
    """
    deadline = time.monotonic() + seconds
    connection = await asyncpg.connect(installation.servers.dsn())
    try:
        before: Log | None = None
        while True:
            waiting = await _waiting(connection)
            log = Log() if waiting else await read_log(installation.servers.bootstrap_servers, PREFIX)
            waiting |= await _unheard(connection, log.last_offsets)
            if not waiting and before is not None and before.last_offsets == log.last_offsets:
                return log
            before = None if waiting else log
            assert not installation.ended(), installation.ended()
            if time.monotonic() > deadline:
                raise TimeoutError(f"not settled after {seconds:.0f} s: {waiting}")
            await asyncio.sleep(0.3)
    finally:
        await connection.close()


async def _waiting(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, int]:
    found = {what: await connection.fetchval(statement) for what, statement in _WAITING.items()}
    found["partitions to judge"] = len({row[0] for row in await connection.fetch(_BEHIND, list(WHOLE_TOPICS))})
    return {what: count for what, count in found.items() if count}


async def _unheard(
    connection: "asyncpg.Connection[asyncpg.Record]", ends: Mapping[tuple[str, int], int]
) -> dict[str, int]:
    """How many partitions each service has not handled to the end."""
    found = {}
    for service, topics in HEARS.items():
        rows = await connection.fetch(f"SELECT topic, partition, next_offset FROM {service}.offsets")
        handled = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        behind = [place for place, last in ends.items() if place[0] in topics and handled.get(place, 0) <= last]
        if behind:
            found[f"partitions that {service} has not read to the end"] = len(behind)
    return found
