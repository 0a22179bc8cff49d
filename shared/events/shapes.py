"""The shapes of the domain (project, commitment, fund, territory) as the API, the files and the events carry them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.vocabulary import (
    Accreditation,
    Axis,
    BarrierChannel,
    BarrierKind,
    Category,
    CommitmentKind,
    CompanySize,
    FundKind,
    FundNature,
    LegalForm,
    Level,
    Object,
    Recipient,
    Stage,
    Status,
    TerritoryStatus,
)

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")]
Euros = Annotated[int, Field(ge=0, le=1_000_000_000_000, description="Whole euros.")]
Days = Annotated[int, Field(ge=0, le=1_000_000, description="Working days.")]
Siren = Annotated[str, Field(pattern=r"^\d{9}$", description="SIREN number.")]
CommuneCode = Annotated[str, Field(pattern=r"^\d[0-9AB]\d{3}$", description="Current INSEE code of a commune.")]
Title = Annotated[str, Field(min_length=3, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=5_000)]
Label = Annotated[str, Field(min_length=1, max_length=300)]


class Shape(BaseModel):
    """A value of the domain: frozen; unknown fields are ignored (ingest refuses those of a submission)."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PerimeterUnit(Shape):
    """One geographic unit of a perimeter."""

    level: Level
    code: Annotated[str, Field(pattern=r"^[0-9A-Z]{2,9}$", description="INSEE or SIREN code; FR for national.")]
    name: Label | None = None


Perimeter = tuple[PerimeterUnit, ...]


class EuroRange(Shape):
    """An inclusive range of whole euros."""

    min: Euros | None = None
    max: Euros | None = None


class DayRange(Shape):
    """An inclusive range of working days."""

    min: Days | None = None
    max: Days | None = None


class Need(Shape):
    """What a project looks for, one per kind of commitment."""

    kind: CommitmentKind
    amount_eur: Euros | None = None
    days: Days | None = None
    objects: tuple[Object, ...] = ()
    label: Label | None = None


class ProjectOwner(Shape):
    """Who carries a project."""

    owner_id: Identifier
    name: Label
    legal_form: LegalForm
    accreditations: tuple[Accreditation, ...] = ()
    siren: Siren | None = None
    actor_type: str | None = None


class Beneficiaries(Shape):
    """How many benefit, and who they are."""

    count: Annotated[int, Field(ge=0)]
    label: Label


class Barrier(Shape):
    """A regulatory obstacle that a desk could lift."""

    kind: BarrierKind
    channel: BarrierChannel | None = None
    text: Text


class Project(Shape):
    """What a project owner wants to do."""

    project_id: Identifier
    title: Title
    summary: Text
    owner: ProjectOwner
    commune: CommuneCode
    perimeter: Perimeter = ()
    territory_id: Identifier | None = None
    challenge_id: Identifier | None = None
    categories: Annotated[tuple[Category, ...], Field(max_length=3)] = ()
    suggested_categories: Annotated[
        tuple[Category, ...],
        Field(max_length=3, description="Deduced from the text by ingest; used while `categories` is empty."),
    ] = ()
    stage: Stage
    needs: tuple[Need, ...] = ()
    amount_sought_eur: Euros | None = None
    amount_secured_eur: Euros | None = None
    beneficiaries: Beneficiaries | None = None
    deadline: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    barrier: Barrier | None = None
    status: Status
    duplicate_of: Identifier | None = Field(None, description="The active twin that stays; set by ingest.")
    illustrative: bool = False
    notes: tuple[str, ...] = ()


class Company(Shape):
    """The organisation behind a commitment."""

    company_id: Identifier
    name: Label
    siren: Siren | None = None
    sector: Label | None = None
    size: CompanySize | None = None
    commune: CommuneCode | None = None


class Commitment(Shape):
    """What a company offers: RSE, mécénat, purchases, partnership, investment."""

    commitment_id: Identifier
    title: Title
    description: Text
    company: Company
    kind: CommitmentKind
    objects: tuple[Object, ...] = ()
    total_eur: Euros | None = None
    committed_eur: Euros | None = None
    per_project_eur: EuroRange | None = None
    days: Days | None = None
    committed_days: Days | None = None
    per_project_days: DayRange | None = None
    perimeter: Perimeter
    accepts_neighbours: bool
    categories: tuple[Category, ...]
    challenges: tuple[Identifier, ...] = ()
    stages: tuple[Stage, ...]
    legal_forms: tuple[LegalForm | Accreditation, ...]
    opens_on: date | None = None
    closes_on: date | None = None
    status: Status
    duplicate_of: Identifier | None = Field(None, description="The active twin that stays; set by ingest.")
    illustrative: bool = False
    notes: tuple[str, ...] = ()


class Source(Shape):
    """Where a fact was read."""

    file: str | None = None
    section: str | None = None
    url: str | None = None


class Fund(Shape):
    """What a funder or public body offers: fund, programme, call, desk, support."""

    fund_id: Identifier
    title: Title
    description: Text
    operator: Label | None = None
    deposited_by: Label | None = Field(
        None, description="Who described it, where nobody vouches for what it says; set by ingest."
    )
    partners: tuple[str, ...] = ()
    nature: FundNature
    kinds: tuple[FundKind, ...]
    recipients: tuple[Recipient, ...]
    envelope_eur: Euros | None = None
    envelope_is_approximate: bool = False
    beneficiaries: Annotated[int, Field(ge=0)] | None = None
    ticket_eur: EuroRange | None = None
    perimeter: Perimeter
    accepts_neighbours: bool
    categories: tuple[Category, ...]
    stages: tuple[Stage, ...]
    legal_forms: tuple[LegalForm | Accreditation, ...]
    labelled_territories_only: bool
    needs_barrier: bool
    direct_funding: bool
    part_of: Identifier | None = None
    apply_url: Annotated[str, Field(pattern=r"^https?://", max_length=500)] | None = None
    last_checked_on: date | None = None
    opens_on: date | None = None
    closes_on: date | None = None
    period_text: str | None = None
    territories: tuple[Identifier, ...] = ()
    status: Status
    duplicate_of: Identifier | None = Field(None, description="The active twin that stays; set by ingest.")
    managed: bool = Field(False, description="Whether someone here answers for it; set by ingest.")
    illustrative: bool = False
    notes: tuple[str, ...] = ()
    source: Source | None = None

    @property
    def speaker(self) -> str | None:
        """In whose name it is shown: who described it where nobody vouches for it, else its operator."""
        return self.deposited_by or self.operator


class Challenge(Shape):
    """A need published by a territory."""

    challenge_id: Identifier
    title: Title
    description: Text
    axis: Axis
    categories: tuple[Category, ...]
    ends_on: date | None = None


class CollectiveMember(Shape):
    """A member or supporter of a territory's collective."""

    name: Label
    type: str | None = None
    role: Literal["member", "supporter"] | None = None


class AssociatedUnit(PerimeterUnit):
    """A unit outside the perimeter, named by the collective or a challenge."""

    why: str | None = None


class Territory(Shape):
    """A labelled or candidate area with its challenges and collective."""

    territory_id: Identifier
    name: Label
    kind: Label
    perimeter: Annotated[Perimeter, Field(min_length=1)]
    associated_perimeter: tuple[AssociatedUnit, ...] = ()
    challenges: tuple[Challenge, ...]
    collective: tuple[CollectiveMember, ...] = ()
    status: TerritoryStatus
    coordinated: bool = Field(False, description="Whether someone coordinates it here; set by ingest.")


Offer = Commitment | Fund
