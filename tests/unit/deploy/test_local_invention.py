"""What the demonstration invents is the same for the same seed, valid, and dense enough to be worth looking at."""

from datetime import date

import pytest

from deploy.local.invention import Invention
from shared.events.shapes import Commitment, Project
from shared.reference.geography import Unit, load_geography

TODAY = date(2026, 12, 1)


@pytest.fixture(scope="module")
def invention() -> Invention:
    return Invention(7, TODAY)


def without_contact(record: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in record.items() if name != "contact"}


def test_the_same_seed_invents_the_same_in_any_order(invention: Invention) -> None:
    other = Invention(7, TODAY)
    assert [other.project(n) for n in (3, 1, 2)] == [invention.project(n) for n in (3, 1, 2)]
    assert other.commitment(5) == invention.commitment(5)
    assert Invention(8, TODAY).project(1) != invention.project(1)


def test_what_is_invented_is_valid(invention: Invention) -> None:
    for number in range(200):
        project = Project.model_validate(without_contact(invention.project(number)))
        commitment = Commitment.model_validate(without_contact(invention.commitment(number)))
        assert project.deadline is not None
        assert project.starts_on is not None
        assert TODAY < project.deadline < project.starts_on
        assert commitment.closes_on is not None
        assert commitment.closes_on > TODAY
        assert all(load_geography().exists(Unit(unit.level, unit.code)) for unit in commitment.perimeter)


def test_a_changed_item_differs_and_stays_valid(invention: Invention) -> None:
    project, commitment = invention.project(1), invention.commitment(1)
    for times in range(1, 5):
        before = project, commitment
        project, commitment = invention.changed(project, times), invention.changed(commitment, times)
        assert project != before[0]
        assert commitment != before[1]
        Project.model_validate(without_contact(project))
        Commitment.model_validate(without_contact(commitment))


def test_items_lie_all_over_the_country(invention: Invention) -> None:
    regions = {load_geography().commune(invention.project(n)["commune"]).region for n in range(200)}
    assert len(regions) >= 13


def test_texts_name_no_place_but_their_own(invention: Invention) -> None:
    places = ("Marseille", "Lyon", "Bretagne", "breton", "Mayotte", "Strasbourg")
    for number in range(200):
        record = invention.project(number)
        own = load_geography().name(Unit("commune", record["commune"]))
        text = f"{record['title']} {record['summary']}".replace(own, "")
        assert not [place for place in places if place in text]
