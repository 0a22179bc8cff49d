"""What the matcher says: a match as it stands, its reasons, its dated history, the facts that pages put in words."""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.events.event import Event
from shared.events.shapes import Days, Euros, Identifier, Need, Perimeter, PerimeterUnit, Shape
from shared.events.vocabulary import (
    Category,
    DeclineReason,
    FundNature,
    LegalForm,
    Object,
    OfferType,
    ReasonCode,
    RefusalCode,
    Side,
    Stage,
)

Share = Annotated[float, Field(ge=0, le=1, description="Six-digit decimal; whole millionths inside.")]
MatchState = Literal["proposed", "revised", "withdrawn", "interested", "declined", "mutual", "introduced", "concluded"]
Change = Literal[
    "proposed",
    "revised",
    "withdrawn",
    "interested",
    "declined",
    "postponed",
    "mutual",
    "introduced",
    "concluded",
    "applied",
    "granted",
    "rejected",
]
Cause = Literal[
    "left-lists", "refused", "declined", "erased", "answer", "coordinator", "five-days", "no-coordinator", "model"
]


class Reason(Shape):
    """Why a pair fits: a code, the criterion's share of the score, and the fact that each code needs."""

    code: ReasonCode
    share: Share
    unit: PerimeterUnit | None = Field(None, description="The unit that a geographic reason names.")
    territory_id: Identifier | None = None
    challenge_id: Identifier | None = None
    categories: tuple[Category, ...] = Field(
        (), description="The category met; for theme-proche: the project's, the offer's."
    )
    deduced: bool = Field(False, description="The project's categories were deduced from its text.")
    kind: str | None = Field(None, description="Kind of commitment or fund.")
    objects: tuple[Object, ...] = ()
    terms: tuple[str, ...] = Field((), description="Shared words, as written.")
    stage: Stage | None = None
    legal_form: str | None = Field(None, description="Legal form or accreditation admitted.")
    until: date | None = Field(None, description="Last open day.")
    covers_eur: Euros | None = None
    need_eur: Euros | None = None
    covers_days: Days | None = None
    need_days: Days | None = None


class ProjectFacts(Shape):
    """What a match shows of its project."""

    title: str
    owner_id: Identifier
    owner_name: str
    legal_form: LegalForm
    accreditations: tuple[str, ...] = ()
    commune: str
    commune_name: str
    territories: tuple[Identifier, ...] = Field((), description="Territories it is in, smallest first.")
    territory_names: tuple[str, ...] = Field((), description="Their names, in the same order.")
    challenge_id: Identifier | None = None
    challenge_title: str | None = Field(None, description="Title of the défi, where a territory publishes it.")
    categories: tuple[Category, ...] = ()
    stage: Stage
    needs: tuple[Need, ...] = ()
    amount_sought_eur: Euros | None = None
    deadline: date | None = None


class OfferFacts(Shape):
    """What a match shows of its offer, whichever type."""

    title: str
    organisation_id: Identifier
    organisation_name: str
    kinds: tuple[str, ...]
    nature: FundNature | None = None
    objects: tuple[Object, ...] = ()
    perimeter: Perimeter
    accepts_neighbours: bool = False
    categories: tuple[Category, ...] = ()
    challenges: tuple[Identifier, ...] = ()
    stages: tuple[Stage, ...] = ()
    legal_forms: tuple[str, ...] = ()
    min_eur: Euros | None = None
    max_eur: Euros | None = None
    remaining_eur: Euros | None = None
    min_days: Days | None = None
    max_days: Days | None = None
    remaining_days: Days | None = None
    opens_on: date | None = None
    closes_on: date | None = None
    apply_url: str | None = None
    last_checked_on: date | None = None
    managed: bool = Field(True, description="False for a fund that nobody here answers for: it has one side.")


class HistoryEntry(Shape):
    """One dated step in the life of a match."""

    at: AwareDatetime
    change: Change
    side: Side | None = None
    cause: Cause | None = None
    refusals: tuple[RefusalCode, ...] = ()
    reason: DeclineReason | None = Field(None, description="Why a side declined, where it shows it to the other.")
    score: Share | None = None
    model: str | None = None
    previous_model: str | None = Field(None, description="The model of the score before, where it was another.")
    amount_eur: Euros | None = None
    days: Days | None = None


class PairEvent(Event):
    """An event about one pair; it is invalid where its match is not that pair's."""

    match_id: str = Field(description="`project_id~commitment|fund~offer_id`.")
    project_id: Identifier
    offer_type: OfferType
    offer_id: Identifier

    @model_validator(mode="after")
    def _names_one_pair(self) -> Self:
        if self.match_id != match_id_of(self.project_id, self.offer_type, self.offer_id):
            raise PydanticCustomError("match_of_another_pair", "the match is not the one of this project and offer")
        return self


class MatchChanged(PairEvent):
    """A match was proposed, revised, withdrawn, answered, introduced or concluded; its whole state."""

    topic: ClassVar[str] = "matches"
    project_version: int
    offer_version: int
    change: Change = Field(description="What happened now.")
    state: MatchState
    began_at: AwareDatetime | None = Field(
        None,
        description="When this life of the match began: it was proposed first, or again after a withdrawal. What is"
        " told once is told once in each life.",
    )
    cause: Cause | None = None
    refusals: tuple[RefusalCode, ...] = Field((), description="Why it is refused now, when withdrawn for that.")
    score: Share
    reasons: tuple[Reason, ...]
    model: str = Field(description="Epoch of the text model that scored it.")
    listed_by: tuple[Side, ...] = Field(description="Whose shortlists hold the pair now.")
    entered: tuple[Side, ...] = Field((), description="Whose shortlists it entered with this event: who is told.")
    interested_sides: tuple[Side, ...] = ()
    declined_side: Side | None = None
    decline_reason: DeclineReason | None = Field(None, description="Only where the side chose to show it.")
    project_hidden_until: date | None = Field(None, description="« Plus tard » of the project's side.")
    offer_hidden_until: date | None = Field(None, description="« Plus tard » of the offer's side.")
    introduce_on: date | None = Field(None, description="Day on which a mutual match introduces itself.")
    concluded_eur: Euros | None = None
    concluded_days: Days | None = None
    project: ProjectFacts
    offer: OfferFacts
    history: tuple[HistoryEntry, ...] = Field(description="Oldest first; the last fifty.")

    @property
    def key(self) -> str:
        return self.match_id

    @property
    def partition_key(self) -> str:
        return self.project_id


def match_id_of(project_id: str, offer_type: OfferType, offer_id: str) -> str:
    """The id of a pair's match: the same for ever, `~` stands in no id."""
    return f"{project_id}~{offer_type}~{offer_id}"
