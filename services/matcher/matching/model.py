"""What the engine judges, a project and an offer made ready, and what it finds, a fit between them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from services.matcher.matching.place import Place
from services.matcher.matching.themes import Themes
from shared.events.matches import Reason, match_id_of
from shared.events.shapes import Commitment, Fund, Project
from shared.events.vocabulary import Category, OfferType
from shared.reference.geography import Unit
from shared.text.vectors import MILLION, TextVector


class Pair(NamedTuple):
    """One project and one offer, by their ids."""

    project_id: str
    offer_type: OfferType
    offer_id: str

    @property
    def match_id(self) -> str:
        """The id of the pair's match."""
        return match_id_of(self.project_id, self.offer_type, self.offer_id)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Whole euros or working days; absent where nobody says."""

    eur: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class ServedNeed:
    """What a project asks of one kind of offer: how much, and of what."""

    amounts: Amounts = Amounts()
    objects: frozenset[str] = frozenset()


class Located(NamedTuple):
    """All of a project that territories decide: those it is in, smallest first, by name, and those with the label."""

    territories: tuple[str, ...]
    territory_names: tuple[str, ...]
    challenge_title: str | None
    labelled: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedProject:
    """A project with all that judging it needs; built by `Preparation.project`.

    `territories` it is in, smallest first, with their names, `labelled` those of them that have the label; `forms` are
    all the names under which its owner is admitted; `sought` is the money still to find, as the need a fund serves.
    """

    project: Project
    place: Place
    territories: tuple[str, ...]
    territory_names: tuple[str, ...]
    challenge_title: str | None
    labelled: tuple[str, ...]
    themes: Themes
    forms: tuple[str, ...]
    needs: Mapping[str, ServedNeed]
    sought: ServedNeed
    vector: TextVector

    @property
    def id(self) -> str:
        return self.project.project_id

    @property
    def located(self) -> Located:
        """All of it that territories decide."""
        return Located(self.territories, self.territory_names, self.challenge_title, self.labelled)

    def at(self, located: Located) -> "PreparedProject":
        """The same where territories decide this of it."""
        return replace(self, **located._asdict())


@dataclass(frozen=True, slots=True, eq=False)
class PreparedOffer:
    """A commitment or a fund in one frame; built by `Preparation.commitment` and `Preparation.fund`.

    `minimum` and `cap` bound what one project gets, `remaining` what all together can still get; `cap` is the most
    that one project can get today, absent where nobody says. `only_money` tells a fund all of whose kinds are money.
    """

    type: OfferType
    offer: Commitment | Fund
    kinds: tuple[str, ...]
    money_kinds: tuple[str, ...]
    only_money: bool
    units: tuple[Unit, ...]
    minimum: Amounts
    maximum: Amounts
    remaining: Amounts
    cap: Amounts
    objects: frozenset[str]
    challenges: frozenset[str]
    categories: frozenset[Category]
    stages: frozenset[str]
    forms: frozenset[str]
    labelled_only: bool
    needs_barrier: bool
    organisation_id: str | None
    siren: str | None
    vector: TextVector

    @property
    def id(self) -> str:
        return self.offer.commitment_id if isinstance(self.offer, Commitment) else self.offer.fund_id

    def need_of(self, project: PreparedProject) -> ServedNeed | None:
        """The need of `project` that this offer serves: that of its kind, or a fund's, the money sought."""
        return project.sought if self.type == "fund" else project.needs.get(self.kinds[0])


@dataclass(frozen=True, slots=True)
class Fit:
    """An eligible pair with its score in millionths and its reasons, whose shares add up to it exactly."""

    pair: Pair
    score_ppm: int
    reasons: tuple[Reason, ...]

    @property
    def score(self) -> float:
        """The score in 0..1, a six-digit decimal."""
        return self.score_ppm / MILLION


def last_common_day(project: PreparedProject, offer: PreparedOffer) -> date | None:
    """The last day on which both are open; none where neither says."""
    days = [day for day in (project.project.deadline, offer.offer.closes_on) if day is not None]
    return min(days, default=None)
