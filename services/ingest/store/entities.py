"""Every SQL statement on submissions and what matches concluded of them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg

from services.ingest.intake.publication import Concluded
from shared.database import Connection, Pool
from shared.events.vocabulary import EntityType

Party = tuple[EntityType, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A submission as it is kept; `organisation_id` is None for what a person without organisation submitted."""

    entity_type: EntityType
    entity_id: str
    organisation_id: str | None
    party_id: str | None
    version: int
    content: dict[str, Any]
    suggested: tuple[str, ...]
    twin_digest: bytes | None
    duplicate_of: str | None


COLUMNS = "entity_type, entity_id, organisation_id, party_id, version, content, suggested, twin_digest, duplicate_of"


def kept_row(row: asyncpg.Record) -> Kept:
    """A row of `COLUMNS` as a value."""
    members = {name: row[name] for name in COLUMNS.split(", ")}
    return Kept(**{**members, "suggested": tuple(row["suggested"])})


async def lock(connection: Connection, names: Iterable[str]) -> None:
    """Takes advisory locks on names until the transaction ends, always in the same order."""
    keys = sorted({_key_of(name) for name in names})
    await connection.execute("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key", keys)


async def lock_shared(connection: Connection, name: str) -> None:
    """Takes an advisory lock that any number may hold at once, while nobody holds `lock` on this name."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _key_of(name))


def _key_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def party_lock(party_id: str) -> str:
    """The name under which whoever submits for this owner or company, or erases it, locks it."""
    return f"party:{party_id}"


async def kept_of(connection: Connection | Pool, parties: Sequence[Party]) -> dict[Party, Kept]:
    """The submissions among these (type, id) that exist, read without lock."""
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM submissions JOIN unnest($1::text[], $2::text[]) AS asked (t, i)"  # noqa: S608
        " ON entity_type = t AND entity_id = i",
        [entity_type for entity_type, _ in parties],
        [entity_id for _, entity_id in parties],
    )
    return {(row["entity_type"], row["entity_id"]): kept_row(row) for row in rows}


async def keep(connection: Connection, kept: Kept) -> None:
    """Inserts or replaces a submission; who submitted it first keeps it, and what it said before is forgotten."""
    await connection.execute(
        """
        INSERT INTO submissions (entity_type, entity_id, organisation_id, party_id, version, content, suggested,
                                 twin_digest, duplicate_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (entity_type, entity_id) DO UPDATE SET
            party_id = excluded.party_id, version = excluded.version, content = excluded.content,
            suggested = excluded.suggested, twin_digest = excluded.twin_digest,
            duplicate_of = excluded.duplicate_of, changed_at = now()
        """,
        kept.entity_type,
        kept.entity_id,
        kept.organisation_id,
        kept.party_id,
        kept.version,
        kept.content,
        list(kept.suggested),
        kept.twin_digest,
        kept.duplicate_of,
    )


async def kept_twin(connection: Connection, draft: Kept) -> str | None:
    """The twin that stays beside this submission: one with a smaller id; its group must be locked."""
    if draft.twin_digest is None:
        return None
    twin: str | None = await connection.fetchval(
        "SELECT min(entity_id) FROM submissions WHERE entity_type = $1 AND twin_digest = $2 AND entity_id < $3",
        draft.entity_type,
        draft.twin_digest,
        draft.entity_id,
    )
    return twin


async def twins_to_settle(connection: Connection, entity_type: EntityType, digest: bytes | None) -> list[Kept]:
    """Those of a group of twins, which must be locked, that no longer tell the one that stays: as they shall be."""
    if digest is None:
        return []
    rows = await connection.fetch(
        f"""
        WITH stays AS (SELECT min(entity_id) AS id FROM submissions WHERE entity_type = $1 AND twin_digest = $2)
        SELECT {COLUMNS}, stays.id AS stays FROM submissions, stays
        WHERE entity_type = $1 AND twin_digest = $2
            AND duplicate_of IS DISTINCT FROM nullif(stays.id, entity_id) ORDER BY entity_id
        """,  # noqa: S608 - nothing but names of columns
        entity_type,
        digest,
    )
    kept = [(kept_row(row), row["stays"]) for row in rows]
    return [replace(twin, duplicate_of=None if twin.entity_id == stays else stays) for twin, stays in kept]


async def organisations_of_parties(connection: Connection, parties: Sequence[str]) -> dict[str, set[str | None]]:
    """For each owner or company id in use: the organisations that submit for it, and its own account if it has one."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT party_id, organisation_id FROM submissions WHERE party_id = ANY ($1)
        UNION SELECT organisation_id, organisation_id FROM organisations WHERE organisation_id = ANY ($1)
        """,
        list(parties),
    )
    found: dict[str, set[str | None]] = {}
    for row in rows:
        found.setdefault(row["party_id"], set()).add(row["organisation_id"])
    return found


async def published_challenges(connection: Connection | Pool) -> tuple[dict[str, str], dict[str, str]]:
    """Challenge id -> territory id, and territory id -> name, as submitted so far."""
    rows = await connection.fetch(
        """
        SELECT entity_id, content ->> 'name' AS name,
            ARRAY(SELECT jsonb_array_elements(content -> 'challenges') ->> 'challenge_id') AS challenges
        FROM submissions WHERE entity_type = 'territory'
        """
    )
    challenges = {challenge: row["entity_id"] for row in rows for challenge in row["challenges"]}
    return challenges, {row["entity_id"]: row["name"] for row in rows}


async def conclude(
    connection: Connection, match_id: str, sides: Sequence[Party], concluded: Concluded, at: datetime | None = None
) -> bool:
    """Keeps what a match concluded, now or `at`, for those of its sides that are known; False when it was kept."""
    ids = dict(sides)
    offer_type = next((entity_type for entity_type in ids if entity_type != "project"), None)
    status = await connection.execute(
        """
        INSERT INTO conclusions (match_digest, project_id, offer_type, offer_id, kinds, eur, days, concluded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, now())) ON CONFLICT DO NOTHING
        """,
        hashlib.sha256(match_id.encode()).digest(),
        ids.get("project"),
        offer_type,
        ids.get(offer_type) if offer_type else None,
        list(concluded.kinds),
        concluded.eur,
        concluded.days,
        at,
    )
    return bool(status.endswith(" 1"))


async def concluded_of(
    connection: Connection, entity_type: EntityType, entity_id: str, at: datetime | None = None
) -> list[Concluded]:
    """What matches have concluded of this project or offer; with `at`, what they had concluded then."""
    rows = await connection.fetch(
        """
        SELECT kinds, eur, days FROM conclusions
        WHERE (($1 = 'project' AND project_id = $2) OR (offer_type = $1 AND offer_id = $2))
        AND ($3::timestamptz IS NULL OR concluded_at <= $3)
        """,
        entity_type,
        entity_id,
        at,
    )
    return [Concluded(tuple(row["kinds"]), row["eur"], row["days"]) for row in rows]
