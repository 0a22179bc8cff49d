"""A change of territories reaches the projects that may be in others by it, and no others."""

import pytest

from services.matcher.matching.reach import Reach
from tests.factories import a_project, a_territory
from tests.unit.matcher.judged import PREPARATION

LILLE = {"level": "commune", "code": "59350"}
LOIRE_ATLANTIQUE = {"level": "departement", "code": "44"}
REZE = PREPARATION.project(a_project(challenge_id=None))
IN_LILLE = PREPARATION.project(a_project("prj-b", commune="59350", challenge_id=None))


def test_a_territory_reaches_the_projects_in_it_alone() -> None:
    reach = Reach.of(a_territory())
    assert reach.touches(REZE)
    assert not reach.touches(IN_LILLE)


@pytest.mark.parametrize("where", [{"perimeter": [LILLE]}, {"associated_perimeter": [LILLE]}])
def test_a_territory_reaches_over_its_associated_perimeter_too(where: dict[str, list[dict[str, str]]]) -> None:
    assert Reach.of(a_territory(**where)).touches(IN_LILLE)


def test_a_territory_reaches_projects_that_act_around_it() -> None:
    wide = PREPARATION.project(a_project(commune="59350", perimeter=[LOIRE_ATLANTIQUE], challenge_id=None))
    assert Reach.of(a_territory()).touches(wide)


def test_a_territory_reaches_those_who_answer_its_challenges_from_elsewhere() -> None:
    territory = a_territory()
    answering = PREPARATION.project(a_project(commune="59350", challenge_id=territory.challenges[0].challenge_id))
    assert Reach.of(territory).touches(answering)


def test_what_a_territory_left_and_what_it_entered_are_both_reached() -> None:
    both = Reach.union([Reach.of(a_territory()), Reach.of(a_territory(perimeter=[LILLE]))])
    assert both.touches(REZE)
    assert both.touches(IN_LILLE)
    assert not Reach.union([]).touches(REZE)
