"""The head of a match: its current state, from which its next event is made."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime

from services.matcher.matching.model import Fit, Pair
from shared.events.matches import (
    Cause,
    Change,
    HistoryEntry,
    MatchChanged,
    MatchState,
    OfferFacts,
    ProjectFacts,
    Reason,
)
from shared.events.shapes import Days, Euros, Identifier, Shape
from shared.events.vocabulary import DeclineReason, OfferType, RefusalCode, Side
from shared.text.vectors import MILLION

KEPT_HISTORY = 50
"""How many steps of its history a match carries: the last ones."""

SIDES: tuple[Side, ...] = ("project", "offer")

FollowUp = Literal["applied", "granted", "rejected"]

Outcome = Literal["done", "unchanged", "erased", "over", "already-said", "not-theirs", "too-early"]
"""What became of a step: `done` changed something; the last four say why an answer was ignored."""


class Head(Shape):
    """A match as it stands; `entered` is whose lists it entered with the last step, which `change` names.

    `facts` is the digest of what was last told of its parties.
    """

    project_id: Identifier
    offer_type: OfferType
    offer_id: Identifier
    project_version: int
    offer_version: int
    change: Change
    state: MatchState
    began_at: AwareDatetime | None = None
    cause: Cause | None = None
    refusals: tuple[RefusalCode, ...] = ()
    score_ppm: int
    reasons: tuple[Reason, ...]
    model: str
    listed_by: tuple[Side, ...] = ()
    entered: tuple[Side, ...] = ()
    interested_sides: tuple[Side, ...] = ()
    declined_side: Side | None = None
    decline_reason: DeclineReason | None = None
    project_hidden_until: date | None = None
    offer_hidden_until: date | None = None
    introduce_on: date | None = None
    withdrawn_on: date | None = None
    follow_up: FollowUp | None = None
    concluded_eur: Euros | None = None
    concluded_days: Days | None = None
    history: tuple[HistoryEntry, ...] = ()
    facts: str | None = None

    @property
    def pair(self) -> Pair:
        return Pair(self.project_id, self.offer_type, self.offer_id)

    @property
    def is_declined(self) -> bool:
        """Whether a side has said no: the pair is refused for good."""
        return self.declined_side is not None

    @property
    def is_answered(self) -> bool:
        """Whether a side has ever said yes or no; an unanswered match depends on the lists alone."""
        return any(entry.change in {"interested", "declined"} for entry in self.history) or bool(
            self.interested_sides or self.declined_side
        )

    def step(self, change: Change, at: datetime, *, entry: dict[str, Any] | None = None, **fields: Any) -> "Head":
        """The head after one more dated step; `entry` completes the history, `fields` the head."""
        cause = fields.setdefault("cause", None)
        dated = HistoryEntry(at=at, change=change, cause=cause, **(entry or {}))
        kept = (*self.history, dated)[-KEPT_HISTORY:]
        return self.model_copy(update={"entered": (), "refusals": (), **fields, "change": change, "history": kept})


@dataclass(frozen=True, slots=True)
class Judged:
    """What the engine says of an eligible pair now: its fit, by which text model, from which versions."""

    fit: Fit
    model: str
    project_version: int
    offer_version: int

    def fields(self) -> dict[str, Any]:
        """The fields of a head that tell it."""
        return {
            "score_ppm": self.fit.score_ppm,
            "reasons": self.fit.reasons,
            "model": self.model,
            "project_version": self.project_version,
            "offer_version": self.offer_version,
        }


@dataclass(frozen=True, slots=True)
class Moved:
    """The head to keep (none: a tombstone ends the match), and each head to announce, in order, as one event."""

    head: Head | None
    announced: tuple[Head, ...] = ()
    outcome: Outcome = "done"


def first_head(judged: Judged) -> Head:
    """A head without history, to be proposed."""
    project_id, offer_type, offer_id = judged.fit.pair
    return Head(
        project_id=project_id,
        offer_type=offer_type,
        offer_id=offer_id,
        change="proposed",
        state="proposed",
        **judged.fields(),
    )


def in_order(sides: Iterable[Side]) -> tuple[Side, ...]:
    """Each side once, the project's first."""
    given = set(sides)
    return tuple(side for side in SIDES if side in given)


def announcement(
    head: Head, project: ProjectFacts, offer: OfferFacts, *, version: int, event_id: UUID, occurred_at: datetime
) -> MatchChanged:
    """The event that tells `head`, at the version given."""
    told = {name: getattr(head, name) for name in _TOLD}
    return MatchChanged(
        version=version,
        event_id=event_id,
        occurred_at=occurred_at,
        match_id=head.pair.match_id,
        score=head.score_ppm / MILLION,
        project=project,
        offer=offer,
        **told,
    )


_TOLD = tuple(name for name in Head.model_fields if name in MatchChanged.model_fields)
