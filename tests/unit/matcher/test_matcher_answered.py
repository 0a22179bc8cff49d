"""A match and the answers to it say the same: each way in which they may not is named."""

from datetime import timedelta

import pytest

from services.matcher.matching.answered import answer_differences
from services.matcher.matching.head import Head
from shared.events.people import AnswerGiven
from tests.factories import NOW, answer_given
from tests.unit.matcher.lives import after, introduced, mutual, proposed

LATER = NOW + timedelta(hours=1)


def said(answer: str, side: str, **changes: object) -> AnswerGiven:
    return answer_given(answer, side, **{"occurred_at": LATER, **changes})


BOTH = [said("interested", "project"), said("interested", "offer")]


def test_what_was_said_and_shows_is_no_difference() -> None:
    assert not list(answer_differences(proposed(), []))
    assert not list(answer_differences(mutual(), BOTH))
    assert not list(answer_differences(introduced(), [*BOTH, said("introduce", "coordinator")]))
    declined = after(proposed(), ("declined", "offer"))
    assert not list(answer_differences(declined, [said("declined", "offer")]))


@pytest.mark.parametrize(
    ("head", "answers"),
    [
        (mutual(), BOTH[:1]),
        (introduced(), BOTH),
        (after(proposed(), ("declined", "offer")), []),
        (after(proposed(), ("declined", "offer")), [said("declined", "project")]),
    ],
)
def test_what_shows_and_nobody_said_is_named(head: Head, answers: list[AnswerGiven]) -> None:
    assert len(list(answer_differences(head, answers))) == 1


def test_a_conclusion_has_the_amounts_that_were_said() -> None:
    head = after(introduced(), ("concluded", "offer"), amount_eur=500)
    answers = [*BOTH, said("introduce", "coordinator")]
    assert not list(answer_differences(head, [*answers, said("concluded", "offer", amount_eur=500)]))
    assert len(list(answer_differences(head, [*answers, said("concluded", "offer", amount_eur=700)]))) == 1


@pytest.mark.parametrize("answer", ["interested", "declined"])
def test_what_was_said_in_this_life_and_does_not_show_is_named(answer: str) -> None:
    assert len(list(answer_differences(proposed(), [said(answer, "project")]))) == 1
    assert not list(answer_differences(proposed(), [said(answer, "project", occurred_at=NOW - timedelta(days=9))]))


def test_what_is_ignored_by_the_rules_is_no_difference() -> None:
    fund = {"match_id": "prj-a~fund~fds-a", "offer_type": "fund", "offer_id": "fds-a"}
    assert not list(answer_differences(proposed(offer_type="fund"), [said("interested", "offer", **fund)]))
    assert not list(answer_differences(proposed(), [said("introduce", "coordinator"), said("later", "project")]))
