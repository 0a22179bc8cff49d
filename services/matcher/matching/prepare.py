"""Makes projects and offers ready to be judged: places resolved, themes widened, texts turned into vectors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.matcher.matching.model import Amounts, Located, PreparedOffer, PreparedProject, ServedNeed
from services.matcher.matching.place import Place, Spot
from services.matcher.matching.themes import themes_of
from shared.events.shapes import Commitment, DayRange, EuroRange, Fund, Project
from shared.reference.geography import Geography, Unit, UnknownUnitError
from shared.reference.taxonomy import Taxonomy
from shared.reference.territory_index import ChallengeLike, TerritoryLike, UnitLike
from shared.text.vectors import TextModel, TextVector

LOCATED, UNITS = 1 << 15, 8
"""Of so many spots, none of more units, is kept what territories decide there; then all are looked up again."""


class Territories(Protocol):
    """The part of `TerritoryIndex` that preparing asks, whatever shape its territories have."""

    def territories_of(
        self, commune: str, perimeter: Sequence[UnitLike] = (), challenge_id: str | None = None
    ) -> tuple[str, ...]: ...
    def labelled(self, territory_ids: Iterable[str]) -> tuple[str, ...]: ...
    def get(self, territory_id: str) -> TerritoryLike | None: ...
    def challenge(self, challenge_id: str) -> ChallengeLike | None: ...


@dataclass(frozen=True, slots=True)
class Preparation:
    """What preparing needs: the reference, the territories as they now stand, and one text model.

    All methods raise `UnknownUnitError` for a commune or unit that geography does not know.
    """

    geography: Geography
    taxonomy: Taxonomy
    territories: Territories
    model: TextModel
    _located: dict[Spot, Located] = field(default_factory=dict, init=False, repr=False, compare=False)

    def project(
        self, project: Project, vector: TextVector | None = None, located: Located | None = None
    ) -> PreparedProject:
        """The project as the engine judges it; to be made again when a territory or the model changes.

        `vector` is that of its text, `located` what territories decide, where they are known.
        """
        home, units = self._units([_HomeUnit(project.commune)]), self._units(project.perimeter)
        own = project.categories or project.suggested_categories
        return PreparedProject(
            project=project,
            place=Place(project.commune, units or home, self.geography),
            **(located or self.located(Spot(project.commune, units, project.challenge_id)))._asdict(),
            themes=themes_of(own, self.taxonomy, deduced=not project.categories),
            forms=(*self.taxonomy.form_counts_as(project.owner.legal_form), *project.owner.accreditations),
            needs={
                need.kind: ServedNeed(Amounts(need.amount_eur, need.days), frozenset(need.objects))
                for need in project.needs
            },
            sought=ServedNeed(Amounts(project.amount_sought_eur)),
            vector=self.model.vectorise(project_text(project)) if vector is None else vector,
        )

    def located(self, spot: Spot) -> Located:
        """What the territories as they now stand decide of a project there."""
        if len(spot.perimeter) > UNITS:
            return self._decided(spot)
        if spot not in self._located:
            if len(self._located) >= LOCATED:
                self._located.clear()
            self._located[spot] = self._decided(spot)
        return self._located[spot]

    def _decided(self, spot: Spot) -> Located:
        found = self.territories.territories_of(*spot)
        territories = tuple(sorted(found, key=self._territory_size))
        challenge = self.territories.challenge(spot.challenge_id) if spot.challenge_id else None
        return Located(
            territories,
            tuple(each.name for each in map(self.territories.get, territories) if each),
            challenge.title if challenge else None,
            tuple(sorted(self.territories.labelled(found), key=self._territory_size)),
        )

    def offer(self, offer: Commitment | Fund, vector: TextVector | None = None) -> PreparedOffer:
        """The commitment or fund as the engine judges it; to be made again when the model changes.

        `vector` is that of its text where it is known.
        """
        return self.commitment(offer, vector) if isinstance(offer, Commitment) else self.fund(offer, vector)

    def commitment(self, offer: Commitment, vector: TextVector | None = None) -> PreparedOffer:
        """A commitment: `remaining` is its total less what is committed."""
        euros, days = offer.per_project_eur or EuroRange(), offer.per_project_days or DayRange()
        maximum = Amounts(euros.max, days.max)
        remaining = Amounts(
            _left(offer.total_eur, offer.committed_eur),
            _left(offer.days, offer.committed_days),
        )
        return PreparedOffer(
            type="commitment",
            offer=offer,
            kinds=(offer.kind,),
            money_kinds=(),
            only_money=False,
            units=self._units(offer.perimeter),
            minimum=Amounts(euros.min, days.min),
            maximum=maximum,
            remaining=remaining,
            cap=Amounts(_least(maximum.eur, remaining.eur), _least(maximum.days, remaining.days)),
            objects=frozenset(offer.objects),
            challenges=frozenset(offer.challenges),
            categories=frozenset(offer.categories),
            stages=frozenset(offer.stages),
            forms=frozenset(offer.legal_forms),
            labelled_only=False,
            needs_barrier=False,
            organisation_id=offer.company.company_id,
            siren=offer.company.siren,
            vector=self.model.vectorise(offer_text(offer)) if vector is None else vector,
        )

    def fund(self, offer: Fund, vector: TextVector | None = None) -> PreparedOffer:
        """A fund: its envelope is what remains in all, and says nothing of what one project gets without a ticket."""
        ticket = offer.ticket_eur or EuroRange()
        money = tuple(kind for kind in offer.kinds if self.taxonomy.fund_kinds[kind].money)
        cap = None if ticket.max is None else _least(ticket.max, offer.envelope_eur)
        return PreparedOffer(
            type="fund",
            offer=offer,
            kinds=offer.kinds,
            money_kinds=money,
            only_money=bool(money) and len(money) == len(offer.kinds),
            units=self._units(offer.perimeter),
            minimum=Amounts(ticket.min),
            maximum=Amounts(ticket.max),
            remaining=Amounts(offer.envelope_eur),
            cap=Amounts(cap),
            objects=frozenset(),
            challenges=frozenset(),
            categories=frozenset(offer.categories),
            stages=frozenset(offer.stages),
            forms=frozenset(offer.legal_forms),
            labelled_only=offer.labelled_territories_only,
            needs_barrier=offer.needs_barrier,
            organisation_id=None,
            siren=None,
            vector=self.model.vectorise(offer_text(offer)) if vector is None else vector,
        )

    def _units(self, perimeter: Iterable[UnitLike]) -> tuple[Unit, ...]:
        units = tuple(dict.fromkeys(Unit(unit.level, unit.code) for unit in perimeter))
        for unit in units:
            if not self.geography.exists(unit):
                raise UnknownUnitError(unit)
        return units

    def _territory_size(self, territory_id: str) -> tuple[int, str]:
        territory = self.territories.get(territory_id)
        units = (Unit(unit.level, unit.code) for unit in territory.perimeter) if territory else ()
        known = (unit for unit in units if self.geography.exists(unit))
        return sum(map(self.geography.population, known)), territory_id


def project_text(project: Project) -> str:
    """What is compared of a project: title, summary, what it needs in its own words."""
    return "\n".join((project.title, project.summary, *(need.label for need in project.needs if need.label)))


def offer_text(offer: Commitment | Fund) -> str:
    """What is compared of an offer: title and description."""
    return f"{offer.title}\n{offer.description}"


def wholes_of(funds: Iterable[Fund]) -> frozenset[str]:
    """The funds that others are part of."""
    return frozenset(fund.part_of for fund in funds if fund.part_of is not None)


def is_context(fund: Fund, wholes: frozenset[str]) -> bool:
    """Whether a fund is only shown, never matched: brings nothing itself, not to project owners, or has parts."""
    return not fund.kinds or "porteur" not in fund.recipients or fund.fund_id in wholes


def _left(total: int | None, committed: int | None) -> int | None:
    return None if total is None else total - (committed or 0)


def _least(*amounts: int | None) -> int | None:
    return min((amount for amount in amounts if amount is not None), default=None)


@dataclass(frozen=True, slots=True)
class _HomeUnit:
    code: str
    level: str = "commune"
