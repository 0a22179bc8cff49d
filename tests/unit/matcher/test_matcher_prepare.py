"""Making projects and offers ready, and the facts that pages and mails are given."""

from dataclasses import replace
from typing import Any

import pytest

from services.matcher.matching import prepare
from services.matcher.matching.facts import offer_facts, project_facts
from services.matcher.matching.model import Amounts
from services.matcher.matching.place import Spot
from services.matcher.matching.prepare import is_context, wholes_of
from shared.reference.geography import Unit, UnknownUnitError
from shared.reference.territory_index import TerritoryIndex
from tests.factories import a_fund, a_project, a_territory
from tests.unit.matcher.judged import (
    FIGEAC,
    NANTES_METROPOLE,
    PREPARATION,
    REZE,
    commitment,
    fund,
    project,
)


def test_a_project_acts_in_its_commune_unless_it_says_where() -> None:
    assert project().place.units == (Unit("commune", REZE),)
    assert project(perimeter=[NANTES_METROPOLE, NANTES_METROPOLE]).place.units == (Unit("epci", "244400404"),)


def test_territories_come_smallest_first_and_the_labelled_apart() -> None:
    ours = a_territory("a-candidate", perimeter=[{"level": "region", "code": "52"}])
    heard = replace(PREPARATION, territories=TerritoryIndex([*PREPARATION.territories, ours]))  # type: ignore[misc, list-item]  # two shapes of territories
    found = heard.project(a_project())
    assert found.territories == ("nantes-metropole", "a-candidate")
    assert found.labelled == ("nantes-metropole",)
    assert project(commune="93048", challenge_id=None).territories == ("est-ensemble", "territoire-olympique-2024")
    assert project(commune=FIGEAC, challenge_id=None).labelled == ("figeac",)


def test_what_is_kept_of_where_projects_are_stays_small_and_is_of_these_territories(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever partners send; a territory that is heard later decides anew."""
    monkeypatch.setattr(prepare, "LOCATED", 3)
    monkeypatch.setattr(prepare, "UNITS", 1)
    preparation = replace(PREPARATION)
    wide = (Unit("commune", REZE), Unit("commune", FIGEAC))
    spots = [*(Spot(commune, (), None) for commune in (REZE, FIGEAC, "93048", "75056", REZE)), Spot(REZE, wide, None)]
    for spot in spots:
        assert preparation.located(spot) == preparation.located(spot) == replace(preparation).located(spot)
        assert len(preparation._located) <= 3
        assert wide not in {each.perimeter for each in preparation._located}
    without: TerritoryIndex[Any] = TerritoryIndex([], PREPARATION.geography)
    assert preparation.located(spots[0]).territories == ("nantes-metropole",)
    assert replace(preparation, territories=without).located(spots[0]).territories == ()


@pytest.mark.parametrize("changes", [{"commune": "99999"}, {"perimeter": [{"level": "epci", "code": "000000000"}]}])
def test_a_place_that_does_not_exist_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UnknownUnitError):
        project(**changes)
    if "perimeter" in changes:
        with pytest.raises(UnknownUnitError):
            commitment(**changes)


def test_themes_given_count_before_those_deduced() -> None:
    assert project(suggested_categories=["seniors"]).themes.own[0] == "alimentation"
    deduced = project(categories=[], suggested_categories=["seniors"]).themes
    assert (deduced.own, deduced.deduced) == (("seniors",), True)


def test_what_a_project_can_get_is_the_lesser_of_the_maximum_and_what_remains() -> None:
    offer = commitment(total_eur=24_000, committed_eur=20_000, per_project_eur={"min": 1, "max": 5_000})
    assert (offer.remaining, offer.cap) == (Amounts(eur=4_000), Amounts(eur=4_000))
    assert commitment(per_project_eur=None).cap.eur == 24_000
    lent = commitment(total_eur=None, committed_eur=None, per_project_eur=None, days=30, committed_days=12)
    assert (lent.remaining, lent.cap) == (Amounts(days=18), Amounts(days=18))
    assert fund(ticket_eur=None, envelope_eur=9).cap.eur is None
    assert fund(ticket_eur={"max": 10}, envelope_eur=9).cap.eur == 9


CONTEXT = [
    ({}, False),
    ({"kinds": []}, True),
    ({"recipients": ["collectif", "collectivite"]}, True),
    ({"recipients": ["collectivite", "porteur"]}, False),
]


@pytest.mark.parametrize(("changes", "context"), CONTEXT)
def test_what_brings_nothing_to_owners_is_context(changes: dict[str, Any], context: bool) -> None:
    assert is_context(a_fund(**changes), frozenset()) is context


def test_a_fund_with_parts_is_context_and_its_parts_are_not() -> None:
    whole, part = a_fund("whole"), a_fund("part", part_of="whole")
    wholes = wholes_of([whole, part])
    assert (is_context(whole, wholes), is_context(part, wholes)) == (True, False)


def test_the_facts_of_a_project() -> None:
    facts = project_facts(project())
    assert (facts.commune_name, facts.territories) == ("Rezé", ("nantes-metropole",))
    assert (facts.title, facts.owner_name, facts.stage) == ("Épicerie du port", "Les Paniers de Rezé", "amorcage")
    assert project_facts(project(categories=[], suggested_categories=["seniors"])).categories == ("seniors",)


def test_the_facts_of_a_commitment() -> None:
    facts = offer_facts(commitment(committed_eur=30_000))
    assert (facts.organisation_id, facts.kinds, facts.objects) == (
        "ent-eng-a",
        ("mecenat-nature",),
        ("logistique-transport",),
    )
    assert (facts.min_eur, facts.max_eur, facts.remaining_eur) == (2_000, 24_000, 0)
    assert facts.managed
    assert facts.nature is None


def test_the_facts_of_a_fund() -> None:
    facts = offer_facts(fund(envelope_eur=21_000_000))
    assert (facts.organisation_id, facts.organisation_name) == ("fds-a", "Banque solidaire")
    assert (facts.nature, facts.managed, facts.max_eur, facts.remaining_eur) == ("fonds", False, 100_000, None)
    assert facts.apply_url == "https://example.org/candidater"
    assert offer_facts(fund(operator=None)).organisation_name == "Fonds d'amorçage solidaire"
    assert offer_facts(fund(deposited_by="Les Paniers")).organisation_name == "Les Paniers"
