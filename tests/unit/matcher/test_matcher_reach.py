"""A change of territories reaches the projects that may be in others by it, and no others."""

import pytest

from services.matcher.matching.place import Spot
from services.matcher.matching.reach import Reach
from shared.reference.geography import Unit
from tests.factories import a_territory
from tests.unit.matcher.judged import GEOGRAPHY

LILLE = {"level": "commune", "code": "59350"}
REZE, IN_LILLE = Spot("44143", (), None), Spot("59350", (), None)


def test_a_territory_reaches_the_projects_in_it_alone() -> None:
    reach = Reach.of(a_territory())
    assert reach.touches(REZE, GEOGRAPHY)
    assert not reach.touches(IN_LILLE, GEOGRAPHY)


@pytest.mark.parametrize("where", [{"perimeter": [LILLE]}, {"associated_perimeter": [LILLE]}])
def test_a_territory_reaches_over_its_associated_perimeter_too(where: dict[str, list[dict[str, str]]]) -> None:
    assert Reach.of(a_territory(**where)).touches(IN_LILLE, GEOGRAPHY)


def test_a_territory_reaches_projects_that_act_around_it() -> None:
    wide = Spot("59350", (Unit("departement", "44"),), None)
    assert Reach.of(a_territory()).touches(wide, GEOGRAPHY)


def test_a_territory_reaches_those_who_answer_its_challenges_from_elsewhere() -> None:
    territory = a_territory()
    answering = Spot("59350", (), territory.challenges[0].challenge_id)
    assert Reach.of(territory).touches(answering, GEOGRAPHY)


def test_what_a_territory_left_and_what_it_entered_are_both_reached() -> None:
    both = Reach.union([Reach.of(a_territory()), Reach.of(a_territory(perimeter=[LILLE]))])
    assert both.touches(REZE, GEOGRAPHY)
    assert both.touches(IN_LILLE, GEOGRAPHY)
    assert not Reach.union([]).touches(REZE, GEOGRAPHY)
