"""What an audit reads of ingest's tables: submissions beside what was said, conclusions, who answers for what."""

import hashlib
from collections.abc import Collection, Sequence

from services.ingest.store.entities import Party
from shared.database import Connection

LONG = 600.0


async def unpublished(connection: Connection) -> list[tuple[str, str, str]]:
    """(topic/key, version kept, version said) of submissions that were not said as they are, and the reverse."""
    rows = await connection.fetch(
        """
        SELECT coalesce(kept.topic, given.topic) || '/' || coalesce(kept.key, given.key) AS place,
            coalesce('version ' || kept.version, 'absent') AS kept,
            CASE WHEN given.version IS NULL OR given.erased THEN 'absent' ELSE 'version ' || given.version END AS said
        FROM (SELECT CASE entity_type WHEN 'territory' THEN 'territories' ELSE entity_type || 's' END AS topic,
                  entity_id AS key, version FROM submissions) AS kept
        FULL JOIN (SELECT topic, key, version, erased FROM key_versions
                   WHERE topic IN ('projects', 'commitments', 'funds', 'territories')) AS given
            ON given.topic = kept.topic AND given.key = kept.key
        WHERE (kept.key IS NULL) <> coalesce(given.erased, true) OR kept.version <> given.version
        ORDER BY 1
        """,
        timeout=LONG,
    )
    return [(row["place"], row["kept"], row["said"]) for row in rows]


async def erased_and_back(connection: Connection) -> frozenset[str]:
    """The keys of erasures of what is kept again."""
    rows = await connection.fetch(
        """
        SELECT key FROM key_versions JOIN submissions ON key = entity_type || ':' || entity_id
        WHERE topic = 'erasures'
        """,
        timeout=LONG,
    )
    return frozenset(row["key"] for row in rows)


async def not_concluded(connection: Connection, match_ids: Sequence[str]) -> set[str]:
    """Those of these matches of which no conclusion is kept."""
    digests = {hashlib.sha256(match_id.encode()).digest(): match_id for match_id in match_ids}
    rows = await connection.fetch(
        "SELECT match_digest FROM conclusions WHERE match_digest = ANY ($1)", list(digests), timeout=LONG
    )
    return set(match_ids) - {digests[row["match_digest"]] for row in rows}


async def people_behind(connection: Connection, parties: Collection[Party]) -> dict[Party, frozenset[str]]:
    """The contacts of these entities and the coordinators of these territories."""
    rows = await connection.fetch(
        """
        SELECT t, i, person_id FROM unnest($1::text[], $2::text[]) AS asked (t, i)
        JOIN (SELECT entity_type, entity_id, person_id FROM contacts
              UNION SELECT 'territory', territory_id, person_id FROM coordinators) AS behind
            ON entity_type = t AND entity_id = i
        """,
        [entity_type for entity_type, _ in parties],
        [entity_id for _, entity_id in parties],
        timeout=LONG,
    )
    found: dict[Party, set[str]] = {}
    for row in rows:
        found.setdefault((row["t"], row["i"]), set()).add(row["person_id"])
    return {party: frozenset(people) for party, people in found.items()}
