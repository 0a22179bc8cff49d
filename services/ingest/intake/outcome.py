"""What a reading comes to: a submission accepted with what was filled in, or refused with every fault at once."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.events.shapes import Commitment, Fund, Project, Territory
from shared.events.vocabulary import EntityType

MOST_FAULTS = 50
"""Of one row or submission: whoever mends these sees the next ones."""

Entity = Project | Commitment | Fund | Territory


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: the field as a path (`needs[0].amount_eur`), a code, and the facts its words need."""

    field: str
    code: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    in_table: bool = False
    """Whether the field is the column of a spreadsheet."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to write to about an entity; never part of an event."""

    email: str
    name: str | None = None
    language: str | None = None
    """Not said: what is on record stays, French at first."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A field that was filled in or brought up to date, with its new value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submission as it will be kept: current codes, trimmed texts, absent facts left out."""

    entity_type: EntityType
    entity_id: str
    entity: Entity
    contact: Contact | None = None
    contact_said: bool = False
    """Whether the submission spoke of its contact: one that is silent keeps the contact on record."""
    completed: tuple[Completion, ...] = ()

    def with_entity(self, entity: Entity) -> "Accepted":
        """The same submission of this entity."""
        return dataclasses.replace(self, entity=entity)

    @property
    def content(self) -> dict[str, Any]:
        """The canonical JSON object: equal for equal content, however it was written; computed fields left out."""
        content: dict[str, Any] = self.entity.model_dump(
            mode="json",
            exclude_none=True,
            exclude_defaults=True,
            exclude={"suggested_categories", "duplicate_of", "managed", "coordinated"},
        )
        # A submission must say its needs, also that there are none.
        return {**content, "needs": content.get("needs", [])} if isinstance(self.entity, Project) else content


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a submission cannot be kept: every fault, in the order of its fields."""

    faults: tuple[Fault, ...]
    entity_id: str | None = None


Reading = Accepted | Refused
