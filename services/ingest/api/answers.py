"""What the routes answer about an entity: what became of a submission, and the entity as it is kept."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from services.ingest.intake.publication import Concluded
from services.ingest.intake.reading import KINDS
from services.ingest.intake.warnings import warnings
from services.ingest.intake.wording import Language, say_all
from services.ingest.store.entities import Kept
from services.ingest.store.people import Person
from services.ingest.submissions import Outcome
from shared.events.vocabulary import EntityType

PLURALS: dict[EntityType, str] = {
    "project": "projects",
    "commitment": "commitments",
    "fund": "funds",
    "territory": "territories",
}


def address_of(entity_type: EntityType, entity_id: str) -> str:
    """The path at which an entity is read."""
    return f"/v1/{PLURALS[entity_type]}/{entity_id}"


def outcome_body(outcome: Outcome, today: date, language: Language) -> dict[str, Any]:
    """What became of a submission: its version, what was filled in, what was made of its text, what to be warned of."""
    kept = outcome.kept
    assert kept is not None
    body: dict[str, Any] = {
        KINDS[kept.entity_type].id_field: kept.entity_id,
        "result": outcome.result,
        "version": kept.version,
        "status": kept.content["status"],
        "url": address_of(kept.entity_type, kept.entity_id),
    }
    if outcome.accepted.completed:
        body["completed"] = [{"field": each.field, "value": each.value} for each in outcome.accepted.completed]
    if kept.suggested:
        body["suggested_categories"] = list(kept.suggested)
    if kept.duplicate_of:
        body["duplicate_of"] = kept.duplicate_of
    warned = warnings(outcome.accepted, today)
    if warned:
        body["warnings"] = say_all(warned, language)
    return body


def entity_body(kept: Kept, concluded: Iterable[Concluded] = (), contact: Person | None = None) -> dict[str, Any]:
    """An entity as submitted, with what ingest adds: given back as a submission, it changes nothing."""
    body = {**kept.content, "version": kept.version}
    if kept.suggested:
        body["suggested_categories"] = list(kept.suggested)
    if kept.duplicate_of:
        body["duplicate_of"] = kept.duplicate_of
    amounts = [(each.eur, each.days) for each in concluded]
    if amounts:
        body["concluded"] = {"eur": sum(eur for eur, _ in amounts), "days": sum(days for _, days in amounts)}
    if contact is not None:
        body["contact"] = {"email": contact.email, "language": contact.language}
        if contact.name:
            body["contact"]["name"] = contact.name
    return body
