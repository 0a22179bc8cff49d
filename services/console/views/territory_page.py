"""A territory, its défis, its collective, and what funds it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.console.views.offer_page import offer_summary
from shared.events.shapes import Challenge, CollectiveMember, Fund, Territory
from shared.reference.territory_index import TerritoryLike
from shared.words.names import Names
from shared.words.openness import Openness


@dataclass(frozen=True, slots=True)
class FundLine:
    """A fund in a list: what it is, and whether it is open today."""

    fund: Fund
    openness: Openness
    dates: str | None
    warning: str | None


@dataclass(frozen=True, slots=True)
class Funding:
    """What a territory's projects may combine: matched funds, context never matched, what is closed, funders near."""

    matched: tuple[FundLine, ...]
    context: tuple[FundLine, ...]
    closed: tuple[FundLine, ...]
    near: tuple[str, ...]


def is_context(fund: Fund, wholes: frozenset[str]) -> bool:
    """Whether a fund is shown and never matched: no kind, not for project owners, or made of other funds."""
    return not fund.kinds or "porteur" not in fund.recipients or fund.fund_id in wholes


def funding_of(
    territory: TerritoryLike, funds: Iterable[Fund], near: Iterable[str], names: Names, today: date
) -> Funding:
    """The funds that a territory's projects can meet, open ones first, closed ones apart; others' are left out."""
    known = list(funds)
    wholes = frozenset(fund.part_of for fund in known if fund.part_of)
    lines = [
        _line(fund, names, today)
        for fund in known
        if (not fund.territories or territory.territory_id in fund.territories)
        and (territory.status == "labellise" or not fund.labelled_territories_only)
    ]
    standing = sorted((one for one in lines if one.openness != "closed"), key=lambda one: one.openness != "open")
    return Funding(
        tuple(one for one in standing if not is_context(one.fund, wholes)),
        tuple(one for one in standing if is_context(one.fund, wholes)),
        tuple(one for one in lines if one.openness == "closed"),
        tuple(near),
    )


def _line(fund: Fund, names: Names, today: date) -> FundLine:
    summary = offer_summary(fund, names, today)
    return FundLine(fund, summary.openness, summary.dates, None if summary.is_over else summary.warning)


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
