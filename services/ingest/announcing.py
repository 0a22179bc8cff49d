"""Publishes a kept submission: its next version, its event, both in the caller's transaction."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import uuid4

from services.ingest.intake.known import Known
from services.ingest.intake.outcome import Entity
from services.ingest.intake.publication import published_commitment, published_project
from services.ingest.intake.reading import KINDS
from services.ingest.store import entities, people
from services.ingest.store.entities import Kept
from shared.database import Connection
from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished, TerritoryPublished
from shared.events.event import Event
from shared.events.shapes import Commitment, Fund, Project, Territory
from shared.events.vocabulary import EntityType
from shared.outbox import announce, next_version

TOPICS: dict[EntityType, str] = {
    "project": "projects",
    "commitment": "commitments",
    "fund": "funds",
    "territory": "territories",
}


def entity_of(kept: Kept, *, answered_for: bool = False) -> Entity:
    """The entity as submitted, with what ingest adds to it; amounts as submitted, names unhidden."""
    added = {
        "duplicate_of": kept.duplicate_of,
        "suggested_categories": kept.suggested,
        "managed": answered_for,
        "coordinated": answered_for,
    }
    return cast(Entity, KINDS[kept.entity_type].shape.model_validate({**kept.content, **added}))


async def publish(connection: Connection, kept: Kept, known: Known) -> Kept:
    """Keeps the submission as the next version of its key and leaves its event to the relay; returns it as kept."""
    kept = await keep_next(connection, kept)
    await announce(connection, await event_of(connection, kept, known))
    return kept


async def keep_next(connection: Connection, kept: Kept) -> Kept:
    """Keeps the submission as the next version of its key, still to be announced."""
    version = await next_version(connection, TOPICS[kept.entity_type], kept.entity_id)
    kept = replace(kept, version=version)
    await entities.keep(connection, kept)
    return kept


async def event_of(connection: Connection, kept: Kept, known: Known, *, created: bool = False) -> Event:
    """What is said of this version: what concluded matches left, an individual's name hidden.

    `created`: nothing can have been concluded of it yet.
    """
    party = (kept.entity_type, kept.entity_id)
    concluded = [] if created else await entities.concluded_of(connection, *party)
    told = kept.entity_type in {"fund", "territory"} and await people.is_answered_for(connection, party)
    entity = entity_of(kept, answered_for=told)
    if isinstance(entity, Project):
        entity = published_project(entity, concluded, known)
    elif isinstance(entity, Commitment):
        entity = published_commitment(entity, concluded)
    return _event(entity, kept.version, datetime.now(UTC))


def _event(entity: Entity, version: int, now: datetime) -> Event:
    about = {"version": version, "event_id": uuid4(), "occurred_at": now}
    if isinstance(entity, Project):
        return ProjectPublished(project=entity, **about)
    if isinstance(entity, Commitment):
        return CommitmentPublished(commitment=entity, **about)
    if isinstance(entity, Fund):
        return FundPublished(fund=entity, **about)
    assert isinstance(entity, Territory)
    return TerritoryPublished(territory=entity, **about)
