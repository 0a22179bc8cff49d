"""The right side is told, once there is something to say, and nothing is told that no longer stands."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.messages.notices import Notice, Party, notices_of, party_of, stands
from services.notifier.messages.schedule import contact_pause, due_at, gives_up, pause_after
from shared.events.matches import MatchChanged
from shared.events.people import MailKind
from tests.unit.notifier.orders import OFFER, PROJECT, TERRITORY, TODAY, a_match, fund_match

FUND = Party("fund", "fds-a")
INTERESTED: dict[str, Any] = {"state": "interested", "change": "interested"}


def told(match: MatchChanged) -> list[tuple[Party, MailKind]]:
    return [(notice.party, notice.kind) for notice in notices_of(match, TODAY)]


def test_the_side_whose_list_it_entered_is_told() -> None:
    assert told(a_match(entered=["project"])) == [(PROJECT, "suggestions")]
    assert told(a_match(entered=["project", "offer"])) == [(PROJECT, "suggestions"), (OFFER, "suggestions")]
    assert told(a_match(entered=[], state="revised", change="revised")) == []


def test_a_new_model_alone_is_told_to_nobody() -> None:
    assert told(a_match(entered=["project", "offer"], cause="model")) == []
    assert told(a_match(state="revised", change="revised", entered=[], cause="model")) == []


def test_a_fund_nobody_manages_has_no_side_to_tell() -> None:
    assert told(fund_match(managed=False)) == [(PROJECT, "suggestions")]
    assert told(fund_match(managed=False, **INTERESTED, interested_sides=["project"])) == []
    assert told(fund_match(managed=True)) == [(PROJECT, "suggestions"), (FUND, "suggestions")]


def test_a_fund_checked_more_than_a_year_ago_is_not_pushed() -> None:
    match = fund_match()
    old = match.model_copy(update={"offer": match.offer.model_copy(update={"last_checked_on": date(2019, 2, 25)})})
    assert told(old) == []
    assert not stands(old, PROJECT, "suggestions", TODAY)


def test_the_other_side_is_told_of_the_first_interest() -> None:
    assert told(a_match(**INTERESTED, interested_sides=["project"])) == [(OFFER, "interest")]
    assert told(a_match(**INTERESTED, interested_sides=["offer"])) == [(PROJECT, "interest")]


def test_coordinators_are_told_when_a_mutual_match_waits_for_them() -> None:
    both = ["project", "offer"]
    assert told(a_match(state="mutual", change="mutual", interested_sides=both)) == [(TERRITORY, "mutual")]


def test_both_sides_are_told_of_the_introduction() -> None:
    introduced = a_match(state="introduced", change="introduced", interested_sides=["project", "offer"])
    assert told(introduced) == [(PROJECT, "introduction"), (OFFER, "introduction")]


@pytest.mark.parametrize(
    ("said_by", "expected"), [("project", [OFFER]), ("offer", [PROJECT]), (None, [PROJECT, OFFER])]
)
def test_who_did_not_conclude_is_told_that_it_is(said_by: str | None, expected: list[Party]) -> None:
    step = {"at": datetime(2026, 12, 1, tzinfo=UTC), "change": "concluded", "side": said_by}
    concluded = a_match(state="concluded", change="concluded", history=[step])
    assert told(concluded) == [(party, "concluded") for party in expected]


@pytest.mark.parametrize("state", ["withdrawn", "declined"])
def test_what_ended_is_told_to_nobody(state: str) -> None:
    assert told(a_match(state=state, change=state, entered=[])) == []


def test_what_a_side_put_off_is_not_suggested_to_it() -> None:
    later = a_match(project_hidden_until=TODAY + timedelta(days=1))
    assert told(later) == [(OFFER, "suggestions")]
    assert told(a_match(project_hidden_until=TODAY)) == told(a_match())


@pytest.mark.parametrize(
    ("changes", "party", "kind", "expected"),
    [
        ({"listed_by": ["offer"]}, PROJECT, "suggestions", False),
        ({"listed_by": ["offer"]}, OFFER, "suggestions", True),
        ({"state": "withdrawn"}, OFFER, "suggestions", False),
        (INTERESTED | {"interested_sides": ["offer"]}, PROJECT, "suggestions", False),
        (INTERESTED | {"interested_sides": ["offer"]}, PROJECT, "interest", True),
        ({"state": "mutual"}, PROJECT, "interest", False),
        ({"state": "mutual"}, TERRITORY, "mutual", True),
        ({"state": "introduced"}, TERRITORY, "mutual", False),
        ({"state": "introduced"}, PROJECT, "introduction", True),
        ({"state": "concluded"}, PROJECT, "introduction", True),
        ({"state": "introduced"}, PROJECT, "concluded", False),
        ({"state": "declined"}, PROJECT, "introduction", False),
    ],
)
def test_what_no_longer_stands_is_left_out(
    changes: dict[str, Any], party: Party, kind: MailKind, expected: bool
) -> None:
    assert stands(a_match(**changes), party, kind, TODAY) is expected


@pytest.mark.parametrize("state", ["proposed", "interested", "mutual", "introduced", "concluded"])
def test_what_is_to_be_told_stands_at_once(state: str) -> None:
    match = a_match(state=state, interested_sides=["offer"] if state == "interested" else [])
    notices = notices_of(match, TODAY)
    assert notices
    assert all(stands(match, notice.party, notice.kind, TODAY) for notice in notices)
    assert notices == notices_of(match, TODAY)
    assert all(isinstance(notice, Notice) and notice.match_id == match.match_id for notice in notices)


def test_a_side_is_a_party_unless_nobody_answers_for_it() -> None:
    assert party_of(a_match(), "offer") == OFFER
    assert party_of(fund_match(managed=False), "offer") is None


MONDAY_MORNING = datetime(2026, 11, 30, 6, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "frequency", "since", "expected"),
    [
        ("suggestions", "immediate", MONDAY_MORNING, MONDAY_MORNING),
        ("suggestions", "daily", MONDAY_MORNING, datetime(2026, 11, 30, 7, 0, tzinfo=UTC)),
        ("suggestions", "daily", MONDAY_MORNING + timedelta(minutes=1), datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("interest", "weekly", MONDAY_MORNING, datetime(2026, 11, 30, 7, 0, tzinfo=UTC)),
        ("interest", "weekly", MONDAY_MORNING + timedelta(minutes=1), datetime(2026, 12, 7, 7, 0, tzinfo=UTC)),
        ("suggestions", "daily", datetime(2026, 7, 1, 5, 59, tzinfo=UTC), datetime(2026, 7, 1, 6, 0, tzinfo=UTC)),
        ("suggestions", "none", MONDAY_MORNING, None),
        ("introduction", "none", MONDAY_MORNING, None),
        ("introduction", "weekly", MONDAY_MORNING, MONDAY_MORNING),
    ],
)
def test_a_mail_is_due_when_its_reader_chose(
    kind: MailKind, frequency: Any, since: datetime, expected: datetime | None
) -> None:
    assert due_at(kind, since, frequency) == expected


@given(st.integers(1, 100), st.integers(1, 100))
def test_pauses_grow_and_are_bounded(failures: int, more: int) -> None:
    assert timedelta(minutes=1) <= pause_after(failures) <= pause_after(failures + more) <= timedelta(hours=6)
    waited = timedelta(hours=failures)
    assert timedelta(seconds=5) <= contact_pause(waited) <= contact_pause(waited * more) <= timedelta(hours=1)


def test_a_permanent_refusal_is_given_up_sooner() -> None:
    assert [gives_up(n, permanent=True) for n in (4, 5)] == [False, True]
    assert [gives_up(n, permanent=False) for n in (5, 19, 20)] == [False, False, True]
