"""What an event of a match tells of its head, and which answers are known to be handled."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from services.matcher.matching.answers import on_answer
from services.matcher.matching.head import Head, announcement
from services.matcher.matching.life import on_lists, on_refused
from services.matcher.matching.reading_back import Given, handled_by, head_of
from shared.events.matches import HistoryEntry
from tests.factories import answer_given, match_changed

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
DAY = date(2026, 12, 1)
HOUR = timedelta(hours=1)


def proposed() -> Head:
    """A head as proposed an hour before."""
    began = HistoryEntry(at=AT - HOUR, change="proposed", score=0.82, model="2026-12-a")
    return head_of(match_changed(history=(began,), began_at=began.at))


def answered(head: Head, *answers: str) -> Head:
    """The head after answers of the project's side, an hour apart."""
    for number, answer in enumerate(answers):
        given = answer_given(answer)
        at = AT + number * HOUR
        moved = on_answer(head, given, managed=False, has_coordinator=False, day=DAY, at=at)
        assert moved.head
        head = moved.head
    return head


def told(head: Head) -> Head:
    """The head that is read back from the event of `head`."""
    facts = match_changed()
    return head_of(announcement(head, facts.project, facts.offer, version=2, event_id=uuid4(), occurred_at=AT))


@pytest.mark.parametrize("answers", [(), ("interested",), ("declined",), ("later",), ("interested", "concluded")])
def test_a_head_is_read_back_from_its_event(answers: tuple[str, ...]) -> None:
    head = answered(proposed(), *answers)
    assert told(head) == head


def test_the_day_of_a_withdrawal_is_read_in_the_history() -> None:
    withdrawn = on_refused(proposed(), ("clos",), at=AT, day=DAY).head
    assert withdrawn is not None
    assert told(withdrawn) == withdrawn
    left = on_lists(proposed(), None, (), at=AT, day=DAY).head
    assert left is not None
    assert told(left).withdrawn_on == DAY


def test_the_follow_up_of_a_fund_is_the_last_of_its_life() -> None:
    steps = [("proposed", 0), ("interested", 1), ("applied", 2), ("granted", 3)]
    history = tuple(HistoryEntry(at=AT + n * HOUR, change=change) for change, n in steps)  # type: ignore[arg-type]
    event = match_changed(offer_id="fds-a", offer_type="fund", history=history, began_at=AT)
    assert head_of(event).follow_up == "granted"
    assert head_of(event.model_copy(update={"began_at": AT + 4 * HOUR})).follow_up is None


def test_answers_are_handled_up_to_the_last_that_the_history_shows() -> None:
    head = answered(proposed(), "later", "interested")
    given = [
        Given(1, AT, "later"),
        Given(2, AT + HOUR / 2, "introduce"),
        Given(3, AT + HOUR, "interested"),
        Given(4, AT + 2 * HOUR, "concluded"),
    ]
    assert handled_by(head, given) == 3
    assert handled_by(head, given[3:]) == 0


def test_answers_of_an_earlier_life_and_to_a_match_that_is_gone_are_handled() -> None:
    old = [Given(1, AT - 2 * HOUR, "interested")]
    assert handled_by(proposed(), old) == 1
    assert handled_by(None, [*old, Given(2, AT, "declined")]) == 2
    assert handled_by(None, []) == 0
