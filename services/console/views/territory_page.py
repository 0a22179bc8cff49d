"""A territory, its défis, its collective, and what funds it."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.events.shapes import Challenge, CollectiveMember, Fund, Territory
from shared.reference.territory_index import TerritoryLike
from shared.words.names import Names


@dataclass(frozen=True, slots=True)
class Funding:
    """What a territory's projects may combine: matched funds, context never matched, funders near."""

    matched: tuple[Fund, ...]
    context: tuple[Fund, ...]
    near: tuple[str, ...]


def is_context(fund: Fund, wholes: frozenset[str]) -> bool:
    """Whether a fund is shown and never matched: no kind, not for project owners, or made of other funds."""
    return not fund.kinds or "porteur" not in fund.recipients or fund.fund_id in wholes


def funding_of(territory: TerritoryLike, funds: Iterable[Fund], near: Iterable[str]) -> Funding:
    """The active funds that a territory's projects can meet; those tied to other territories are left out."""
    known = list(funds)
    wholes = frozenset(fund.part_of for fund in known if fund.part_of)
    open_here = [
        fund
        for fund in known
        if (not fund.territories or territory.territory_id in fund.territories)
        and (territory.status == "labellise" or not fund.labelled_territories_only)
    ]
    return Funding(
        tuple(fund for fund in open_here if not is_context(fund, wholes)),
        tuple(fund for fund in open_here if is_context(fund, wholes)),
        tuple(near),
    )


def members_by_role(territory: Territory) -> dict[str, tuple[CollectiveMember, ...]]:
    """The collective: members, then supporters."""
    roles = {"Membres": ("member", None), "Soutiens": ("supporter",)}
    found = {
        heading: tuple(one for one in territory.collective if one.role in wanted) for heading, wanted in roles.items()
    }
    return {heading: members for heading, members in found.items() if members}


def themes_of(challenge: Challenge, names: Names) -> tuple[str, ...]:
    """The labels of a défi's themes, the main one first."""
    return tuple(names.label("categories", one) for one in challenge.categories)


@dataclass(frozen=True, slots=True)
class TallyRow:
    """How many projects and matches stand behind a défi or a theme."""

    label: str
    href: str
    projects: int
    matches: int
    introduced: int

    @property
    def is_unanswered(self) -> bool:
        """Whether no project answers it yet."""
        return self.projects == 0
