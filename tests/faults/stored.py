"""What each service keeps when all is quiet, read from its own tables."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import asyncpg

from deploy.create_roles import SERVICES
from services.ingest.announcing import entity_of
from services.ingest.intake.known import reference_known
from services.ingest.intake.publication import published_commitment, published_project
from services.ingest.store.entities import COLUMNS, concluded_of, kept_row
from services.ingest.store.people import is_answered_for
from services.matcher.matching.catalogue import preparation
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.prepare import is_context, wholes_of
from services.matcher.matching.rows import HeadRow
from services.matcher.matching.shortlists import OfferKey, OfferList, ProjectList
from services.matcher.store import heads, leases, lists, models
from shared.database import Connection, Pool, open_pool
from shared.events.shapes import Commitment, Fund, Project, Territory
from shared.reference.territory_index import TerritoryIndex
from shared.text.vectors import TextModel
from tests.faults.installation import Installation


@dataclass(frozen=True)
class Published:
    """What ingest has published, made ready for judging; `answered_for` has the people behind each entity."""

    projects: list[PreparedProject]
    offers: list[PreparedOffer]
    day: date
    answered_for: dict[tuple[str, str], set[str]]


@dataclass(frozen=True)
class Judged:
    """What the matcher keeps: lists and heads."""

    project_lists: dict[str, ProjectList]
    offer_lists: dict[OfferKey, OfferList]
    heads: list[HeadRow]


@asynccontextmanager
async def pool_of(installation: Installation, service: str) -> AsyncIterator[Pool]:
    """A pool as the service itself has."""
    pool = await open_pool(installation.servers.service_dsn(service), service=service, max_size=2)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def pools_of(
    installation: Installation, services: Collection[str] = SERVICES
) -> AsyncIterator[Mapping[str, Pool]]:
    """A pool of each of these services."""
    async with AsyncExitStack() as stack:
        yield {each: await stack.enter_async_context(pool_of(installation, each)) for each in services}


async def model_at_work(pool: Pool) -> TextModel | None:
    """The text model that the matcher's lists are of."""
    async with pool.acquire() as connection:
        artefact = await models.current_artefact(connection)
    return TextModel.from_bytes(artefact) if artefact else None


async def published(pool: Pool, model: TextModel | None) -> Published:
    """What ingest's submissions amount to, by its own rules, less what matches concluded; judged by `model`."""
    async with pool.acquire() as connection:
        entities = [await _entity(connection, row) for row in await connection.fetch(_SUBMISSIONS)]
        day = await connection.fetchval("SELECT max(day) FROM days_said")
        people = await connection.fetch(_PEOPLE)
    territories = [each for each in entities if isinstance(each, Territory)]
    made = preparation(model)
    ready = replace(made, territories=TerritoryIndex(territories, made.geography))
    wholes = wholes_of(each for each in entities if isinstance(each, Fund))
    offers = [
        each
        for each in entities
        if isinstance(each, Commitment) or (isinstance(each, Fund) and not is_context(each, wholes))
    ]
    answered_for: dict[tuple[str, str], set[str]] = {}
    for row in people:
        answered_for.setdefault((row["type"], row["id"]), set()).add(row["person_id"])
    return Published(
        [ready.project(each) for each in entities if isinstance(each, Project)],
        [ready.offer(each) for each in offers],
        day,
        answered_for,
    )


_SUBMISSIONS = f"SELECT {COLUMNS} FROM submissions ORDER BY entity_type, entity_id"
_PEOPLE = """
SELECT entity_type AS type, entity_id AS id, person_id FROM contacts
UNION ALL SELECT 'territory', territory_id, person_id FROM coordinators
"""


async def _entity(connection: Connection, row: asyncpg.Record) -> Project | Commitment | Fund | Territory:
    kept = kept_row(row)
    party = kept.entity_type, kept.entity_id
    entity = entity_of(kept, answered_for=await is_answered_for(connection, party))
    concluded = await concluded_of(connection, *party)
    if isinstance(entity, Project):
        return published_project(entity, concluded, reference_known())
    return published_commitment(entity, concluded) if isinstance(entity, Commitment) else entity


async def judged(pool: Pool) -> Judged:
    """The matcher's lists and heads."""
    of_projects: dict[str, ProjectList] = {}
    async with pool.acquire() as connection, connection.transaction():
        for lease in await leases.all_leases(connection):
            of_projects |= await lists.project_lists(connection, lease.partition)
        rows = [row async for some in heads.all_heads(connection) for row in some]
        of_offers = await lists.merged_lists(connection)
    return Judged(of_projects, of_offers, rows)


async def said_versions(pool: Pool) -> dict[tuple[str, str], tuple[int, bool]]:
    """(topic, key) -> the last version that a service gave it, and whether that was a tombstone."""
    rows = await pool.fetch("SELECT topic, key, version, erased FROM key_versions")
    return {(row["topic"], row["key"]): (row["version"], row["erased"]) for row in rows}


async def heard_versions(pool: Pool) -> dict[tuple[str, str], tuple[int, bool]]:
    """(topic, key) -> the last version that a service heard of it, and whether that was a tombstone."""
    rows = await pool.fetch("SELECT topic, key, version, erased FROM heard_versions")
    return {(row["topic"], row["key"]): (row["version"], row["erased"]) for row in rows}


async def matcher_versions(pool: Pool) -> dict[tuple[str, str], tuple[int, bool]]:
    """(topic, key) -> the last version that the matcher heard of an entity, and whether it holds nothing of it now."""
    rows = await pool.fetch(
        "SELECT 'projects' AS topic, project_id AS key, version, body IS NULL AS erased FROM projects"
        " UNION ALL SELECT topic, key, version, body IS NULL FROM whole_entities"
    )
    return {(row["topic"], row["key"]): (row["version"], row["erased"]) for row in rows}


async def told_matches(pool: Pool) -> dict[tuple[str, str], tuple[int, bool]]:
    """(topic, key) -> the last version that the notifier heard of a match; it does not keep which are gone."""
    rows = await pool.fetch("SELECT match_id, version FROM matches")
    return {("matches", row["match_id"]): (row["version"], False) for row in rows}


async def read_model(pool: Pool) -> dict[tuple[str, str], Any]:
    """(topic, key) -> the body that the console shows."""
    rows = await pool.fetch(
        "SELECT 'projects' AS topic, project_id AS key, body FROM projects"
        " UNION ALL SELECT 'territories', territory_id, body FROM territories"
        " UNION ALL SELECT offer_type || 's', offer_id, body FROM offers"
        " UNION ALL SELECT 'matches', match_id, body FROM matches"
    )
    return {(row["topic"], row["key"]): row["body"] for row in rows}
