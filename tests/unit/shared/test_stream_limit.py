"""Mass dead-lettering is told from a few bad records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dead_letter import AT_LEAST, WINDOW, Limit, TooManyDeadLetters


def entered(outcomes: list[bool]) -> Limit:
    """A limit that has seen these outcomes (true: bad)."""
    limit = Limit("projects")
    for bad in outcomes:
        limit.enter(limit.after([bad]))
    return limit


def test_a_first_bad_batch_below_the_least_number_goes_on() -> None:
    assert sum(Limit("projects").after([True] * (AT_LEAST - 1))) == AT_LEAST - 1


def test_more_than_half_of_enough_records_is_too_many() -> None:
    with pytest.raises(TooManyDeadLetters, match="projects: 100 of the last 100"):
        Limit("projects").after([True] * AT_LEAST)


def test_just_half_is_not() -> None:
    assert len(Limit("projects").after([True, False] * 100)) == WINDOW


def test_old_outcomes_leave_the_window() -> None:
    limit = entered([False] * WINDOW + [True] * (WINDOW // 2))
    with pytest.raises(TooManyDeadLetters):
        limit.after([True])


def test_what_was_refused_is_not_counted() -> None:
    limit = entered([False] * WINDOW)
    with pytest.raises(TooManyDeadLetters):
        limit.after([True] * WINDOW)
    assert sum(limit.after([True])) == 1


@given(st.lists(st.booleans(), max_size=600))
def test_one_percent_of_poison_never_stops_anything(outcomes: list[bool]) -> None:
    thinned = [bad and place % 100 == 0 for place, bad in enumerate(outcomes)]
    assert len(entered(thinned).after([])) == min(len(outcomes), WINDOW)
