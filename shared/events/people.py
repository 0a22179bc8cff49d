"""What people say and what is said of them, by ids alone: answers, preferences, erasures, deliveries; and the days."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.event import Event
from shared.events.matches import PairEvent
from shared.events.shapes import Days, Euros, Identifier
from shared.events.vocabulary import DeclineReason, EntityType, Side

Answer = Literal["interested", "declined", "later", "introduce", "concluded", "applied", "granted", "rejected"]
MailKind = Literal["suggestions", "interest", "mutual", "introduction", "concluded"]


class AnswerGiven(PairEvent):
    """A side, or the coordinator, answered a match."""

    topic: ClassVar[str] = "answers"
    side: Side | Literal["coordinator"]
    answer: Answer
    reason: DeclineReason | None = None
    show_reason: bool = Field(False, description="Whether the other side may read the reason.")
    amount_eur: Euros | None = Field(None, description="Concluded: euros agreed.")
    days: Days | None = Field(None, description="Concluded: working days agreed.")

    @property
    def key(self) -> str:
        return self.project_id


class PreferenceSet(Event):
    """A recipient chose what to be told, and when."""

    topic: ClassVar[str] = "preferences"
    person_id: Identifier = Field(description="Ingest's opaque id of the recipient.")
    frequency: Literal["immediate", "daily", "weekly", "none"]
    minimum: Literal["possible", "bonne", "forte"] = "possible"
    language: Literal["fr", "en"] = "fr"

    @property
    def key(self) -> str:
        return self.person_id


class Erased(Event):
    """A person, an organisation or an entity was erased: every service purges what it holds of it."""

    topic: ClassVar[str] = "erasures"
    subject: Literal["person", "organisation"] | EntityType
    subject_id: Identifier
    entities: tuple[tuple[EntityType, str], ...] = Field((), description="Entities that go with it, as (type, id).")

    @property
    def key(self) -> str:
        return f"{self.subject}:{self.subject_id}"


class DayStarted(Event):
    """A day began, 00:00 Europe/Paris: dates make offers open and close."""

    topic: ClassVar[str] = "days"
    day: date

    @property
    def key(self) -> str:
        return "day"


class MailDelivered(Event):
    """A mail left, or was given up: ids only."""

    topic: ClassVar[str] = "deliveries"
    delivery_id: Identifier = Field(description="The notifier's id of the frozen mail.")
    person_id: Identifier
    kind: MailKind
    match_ids: tuple[str, ...]
    message_id: str = Field(description="Message-ID header.")
    outcome: Literal["sent", "given-up"]

    @property
    def key(self) -> str:
        return self.delivery_id
