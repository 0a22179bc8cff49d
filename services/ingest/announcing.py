"""Publishes a kept submission: its next version, its event, both in the caller's transaction."""

from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import uuid4

from services.ingest import store
from services.ingest.intake.known import Known
from services.ingest.intake.outcome import Entity
from services.ingest.intake.publication import published_commitment, published_project
from services.ingest.intake.reading import KINDS
from services.ingest.store import Kept
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


def entity_of(kept: Kept, *, managed: bool = False) -> Entity:
    """The entity as submitted, with what ingest adds to it; amounts as submitted, names unhidden."""
    added = {"duplicate_of": kept.duplicate_of, "suggested_categories": kept.suggested, "managed": managed}
    return cast(Entity, KINDS[kept.entity_type].shape.model_validate({**kept.content, **added}))


async def publish(connection: Connection, kept: Kept, known: Known, *, now: datetime, managed: bool) -> Kept:
    """Keeps the submission as the next version of its key and leaves its event to the relay; returns it as kept.

    The event tells what concluded matches left of it, and hides an individual's name.
    """
    version = await next_version(connection, TOPICS[kept.entity_type], kept.entity_id)
    concluded = await store.concluded_of(connection, kept.entity_type, kept.entity_id)
    entity = entity_of(kept, managed=managed)
    if isinstance(entity, Project):
        entity = published_project(entity, concluded, known)
    elif isinstance(entity, Commitment):
        entity = published_commitment(entity, concluded)
    kept = replace(kept, version=version)
    await store.keep(connection, kept)
    await announce(connection, _event(entity, version, now))
    return kept


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
