"""What must have been told by now, and whether it was."""

from datetime import timedelta
from typing import Any

import pytest

from services.notifier.audit import is_untold
from services.notifier.messages.notices import Notice, Party, Telling
from services.notifier.messages.owed import SURE_FOR, owed
from services.notifier.store.auditing import Books
from shared.events.matches import MatchChanged
from tests.factories import NOW, match_changed

TODAY = NOW.date()
PROJECT, OFFER = Party("project", "prj-a"), Party("commitment", "eng-a")
NOTICE = Notice(PROJECT, "prj-a~commitment~eng-a", "suggestions")
ANNE = frozenset({"per-a"})


def match(**changes: Any) -> MatchChanged:
    return match_changed(**{"began_at": NOW, **changes})


def test_both_sides_that_list_a_new_match_are_to_know() -> None:
    assert list(owed(match(), NOW, TODAY)) == [NOTICE, Notice(OFFER, NOTICE.match_id, "suggestions")]
    assert list(owed(match(listed_by=["project"]), NOW, TODAY)) == [NOTICE]


def test_what_arose_long_ago_is_not_expected_any_more() -> None:
    assert not list(owed(match(), NOW + SURE_FOR, TODAY))
    assert not list(owed(match_changed(), NOW, TODAY))


def test_what_a_new_model_listed_or_a_side_put_off_is_not_expected() -> None:
    assert not list(owed(match(cause="model"), NOW, TODAY))
    assert not list(owed(match(history=[{"at": NOW, "change": "revised", "cause": "model"}]), NOW, TODAY))
    assert not list(owed(match(project_hidden_until=TODAY), NOW, TODAY))


def test_an_interest_counts_from_when_it_was_said() -> None:
    step = {"at": NOW, "change": "interested", "side": "offer"}
    changes = {"state": "interested", "change": "interested", "interested_sides": ["offer"], "history": [step]}
    long_ago = NOW - timedelta(days=90)
    assert list(owed(match(began_at=long_ago, **changes), NOW, TODAY)) == [Notice(PROJECT, NOTICE.match_id, "interest")]


def test_nobody_is_told_of_what_does_not_stand() -> None:
    assert not list(owed(match(state="withdrawn", change="withdrawn", listed_by=[]), NOW, TODAY))


THING = NOTICE.match_id, NOTICE.kind
TOLD = Telling(NOW, NOW)


@pytest.mark.parametrize(
    ("books", "untold"),
    [
        (Books(), True),
        (Books(told={THING: [("per-z", PROJECT, TOLD)]}), False),
        (Books(told={THING: [("per-a", Party("person", "per-a"), TOLD)]}), False),  # type: ignore[arg-type]  # restored
        (Books(told={THING: [("per-a", PROJECT, Telling(NOW - timedelta(days=60), NOW - timedelta(days=60)))]}), True),
        (Books(waiting={THING: [("", PROJECT)]}), False),
        (Books(waiting={THING: [("per-a", OFFER)]}), False),
        (Books(choosers=ANNE), False),
    ],
)
def test_a_thing_is_told_waits_or_is_missed(books: Books, untold: bool) -> None:
    assert is_untold(NOTICE, match(), books, ANNE) is untold


def test_a_party_that_nobody_answers_for_is_not_missed() -> None:
    assert not is_untold(NOTICE, match(), Books(), frozenset())
