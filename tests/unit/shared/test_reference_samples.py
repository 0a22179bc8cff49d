"""The sample records are all there, new at each reading, and move whole to another day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reference.geography import Unit, load_geography
from shared.reference.samples import (
    SAMPLE_DAY,
    SHIFTED_FIELDS,
    Record,
    collective_funders,
    days_since_sample,
    funds,
    sample_commitments,
    sample_projects,
    shifted,
)
from shared.reference.territories import load_territories

RECORDS = [*sample_projects(), *sample_commitments(), *funds()]


def test_samples_are_all_there() -> None:
    assert (len(sample_projects()), len(sample_commitments()), len(funds()), len(collective_funders())) == (
        67,
        66,
        26,
        13,
    )


def test_samples_are_new_dictionaries_each_time() -> None:
    sample_projects()[0].clear()
    assert sample_projects()[0]["project_id"] == "prj-001"


@pytest.mark.parametrize("day", [SAMPLE_DAY, date(2027, 3, 1), date(2026, 11, 21)])
def test_shifting_makes_a_day_play_the_sample_day(day: date) -> None:
    assert SAMPLE_DAY + timedelta(days=days_since_sample(day)) == day


@given(st.sampled_from(RECORDS), st.integers(-400, 4_000))
def test_shifting_moves_dates_by_whole_days_and_nothing_else(record: Record, days: int) -> None:
    moved = shifted(record, days)
    assert {name: value for name, value in moved.items() if name not in SHIFTED_FIELDS} == {
        name: value for name, value in record.items() if name not in SHIFTED_FIELDS
    }
    for name in SHIFTED_FIELDS:
        if name in record:
            assert (date.fromisoformat(moved[name]) - date.fromisoformat(record[name])).days == days
    assert shifted(moved, -days) == record


def test_only_the_fields_named_are_shifted() -> None:
    moved = shifted({"opens_on": "2026-12-01", "closes_on": None, "last_checked_on": "2019-02-25"}, 1, ["opens_on"])
    assert moved == {"opens_on": "2026-12-02", "closes_on": None, "last_checked_on": "2019-02-25"}


def test_samples_name_places_and_territories_that_exist() -> None:
    geography = load_geography()
    territories = {territory.territory_id for territory in load_territories()}
    for record in RECORDS:
        assert all(geography.exists(Unit(unit["level"], unit["code"])) for unit in record.get("perimeter", ()))
    assert all(geography.exists(Unit("commune", project["commune"])) for project in sample_projects())
    assert all(set(funder["territories"]) <= territories for funder in collective_funders())
