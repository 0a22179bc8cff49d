"""The life of a match: lists, refusals, days, erasure and answers, and what holds whatever comes."""

from datetime import date, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.matcher.matching.head import KEPT_HISTORY, Head, Moved, announcement
from services.matcher.matching.life import next_day, on_day, on_erased, on_lists, on_refused
from services.matcher.matching.working_days import after_working_days, easter, is_working_day, public_holidays
from shared.events.matches import MatchChanged
from tests.factories import event_id, match_changed
from tests.unit.matcher.judged import DAY, RULE
from tests.unit.matcher.lives import AT, BOTH, after, answered, introduced, judged, mutual, proposed

TOMORROW = DAY + timedelta(days=1)


def listed(head: Head | None, *sides: str, said: object = None, day: date = DAY) -> Moved:
    return on_lists(head, said or judged(), sides, at=AT, day=day)  # type: ignore[arg-type]  # sides and verdicts


def changes(head: Head | None) -> list[str]:
    assert head is not None
    return [step.change for step in head.history]


# Lists


def test_a_pair_that_enters_lists_is_proposed_to_their_sides() -> None:
    moved = listed(None, "offer")
    assert moved.head is not None
    assert (moved.head.state, moved.head.entered, moved.head.listed_by) == ("proposed", ("offer",), ("offer",))
    assert moved.announced == (moved.head,)
    assert moved.head.history[0].score == 0.8


def test_a_pair_in_no_list_is_no_match() -> None:
    assert listed(None).head is None


def test_the_second_list_is_told_to_its_side_alone() -> None:
    moved = listed(proposed("project"), *BOTH)
    assert [(head.change, head.entered) for head in moved.announced] == [("proposed", ("offer",))]


def test_leaving_one_list_is_told_to_nobody_and_changes_no_state() -> None:
    moved = listed(proposed(), "project")
    assert [(head.state, head.entered, head.listed_by) for head in moved.announced] == [("proposed", (), ("project",))]
    assert changes(moved.head) == ["proposed"]


def test_the_same_lists_and_score_change_nothing() -> None:
    assert listed(proposed(), *BOTH).announced == ()
    assert listed(proposed(), *BOTH, said=judged(version=2)).outcome == "unchanged"


def test_another_score_revises() -> None:
    moved = listed(proposed(), *BOTH, said=judged(700_000, version=2))
    assert [(head.state, head.change, head.cause, head.score_ppm) for head in moved.announced] == [
        ("revised", "revised", None, 700_000)
    ]


def test_a_score_changed_by_the_model_alone_says_so() -> None:
    alone = listed(proposed(), *BOTH, said=judged(700_000, model="m-2"))
    with_facts = listed(proposed(), *BOTH, said=judged(700_000, model="m-2", version=2))
    assert [head.cause for head in (*alone.announced, *with_facts.announced)] == ["model", None]
    for head in (*alone.announced, *with_facts.announced):
        assert (head.history[-1].model, head.history[-1].previous_model) == ("m-2", proposed().model)
    assert listed(proposed(), *BOTH, said=judged(700_000)).announced[0].history[-1].previous_model is None


def test_leaving_both_lists_withdraws_and_coming_back_proposes_anew() -> None:
    gone = listed(proposed())
    assert gone.head is not None
    assert (gone.head.state, gone.head.cause, gone.head.listed_by) == ("withdrawn", "left-lists", ())
    assert listed(gone.head).outcome == "unchanged"
    back = listed(gone.head, "project")
    assert back.head is not None
    assert (back.head.state, back.head.cause, back.head.entered) == ("proposed", None, ("project",))
    assert changes(back.head) == ["proposed", "withdrawn", "proposed"]


def test_each_return_begins_another_life_and_nothing_else_does() -> None:
    later = AT + timedelta(days=3)
    head = after(proposed(), ("interested", "project"))
    assert head.began_at == AT
    gone = on_refused(head, ("suspendu",), at=AT, day=DAY).head
    assert gone is not None
    assert gone.began_at == AT
    back = on_lists(gone, judged(), BOTH, at=later, day=TOMORROW).head
    assert back is not None
    assert (back.state, back.began_at) == ("proposed", later)
    entered = on_lists(proposed("project"), judged(), BOTH, at=later, day=TOMORROW).head
    assert entered is not None
    assert entered.began_at == AT


def test_from_the_first_interest_on_lists_matter_no_more() -> None:
    head = after(proposed(), ("interested", "project"))
    moved = listed(head)
    assert moved.announced == ()
    assert moved.head is not None
    assert (moved.head.state, moved.head.listed_by) == ("interested", ())
    revised = listed(head, *BOTH, said=judged(700_000, version=2))
    assert [(each.state, each.change) for each in revised.announced] == [("interested", "revised")]


# Refusals


@pytest.mark.parametrize("head", [proposed(), after(proposed(), ("interested", "offer")), mutual()])
def test_ineligibility_ends_what_led_to_no_introduction(head: Head) -> None:
    moved = on_refused(head, ("clos", "suspendu"), at=AT, day=DAY)
    assert moved.head is not None
    assert (moved.head.state, moved.head.cause, moved.head.refusals) == ("withdrawn", "refused", ("clos", "suspendu"))
    assert moved.head.history[-1].refusals == ("clos", "suspendu")
    assert moved.head.introduce_on is None


@pytest.mark.parametrize("head", [None, introduced(), after(proposed(), ("declined", "offer"))])
def test_ineligibility_changes_nothing_else(head: Head | None) -> None:
    assert on_refused(head, ("clos",), at=AT, day=DAY) == Moved(head, outcome="unchanged")


def test_a_match_proposed_anew_asks_both_sides_again() -> None:
    ended = on_refused(after(proposed(), ("interested", "project")), ("suspendu",), at=AT, day=DAY).head
    again = listed(ended, *BOTH).head
    assert again is not None
    assert (again.state, again.interested_sides, again.refusals) == ("proposed", (), ())


# Answers


def test_first_interest_then_mutual_then_the_coordinator_introduces() -> None:
    first = answered(proposed(), "interested", "project")
    assert [head.state for head in first.announced] == ["interested"]
    second = answered(first.head, "interested", "offer")
    assert [(head.state, head.introduce_on) for head in second.announced] == [("mutual", date(2026, 12, 8))]
    third = answered(second.head, "introduce", "coordinator")
    assert [(head.state, head.cause, head.introduce_on) for head in third.announced] == [
        ("introduced", "coordinator", None)
    ]
    assert changes(third.head) == ["proposed", "interested", "interested", "mutual", "introduced"]


def test_without_coordinator_a_mutual_match_is_introduced_at_once() -> None:
    head = after(proposed(), ("interested", "offer"))
    moved = answered(head, "interested", "project", has_coordinator=False)
    assert [(each.state, each.cause) for each in moved.announced] == [
        ("mutual", "answer"),
        ("introduced", "no-coordinator"),
    ]


def test_after_five_working_days_a_mutual_match_introduces_itself() -> None:
    head = mutual()
    assert head.introduce_on is not None
    assert on_day(head, head.introduce_on - timedelta(days=1), at=AT).outcome == "unchanged"
    moved = on_day(head, head.introduce_on, at=AT)
    assert [(each.state, each.cause) for each in moved.announced] == [("introduced", "five-days")]


STATES = [proposed(), after(proposed(), ("interested", "offer")), mutual(), introduced()]


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize("head", STATES)
def test_a_decline_by_either_side_ends_the_pair_for_good(head: Head, side: str) -> None:
    moved = answered(head, "declined", side, reason="trop-loin", show_reason=True)
    ended = moved.head
    assert ended is not None
    assert (ended.state, ended.cause, ended.declined_side, ended.decline_reason) == (
        "declined",
        "declined",
        side,
        "trop-loin",
    )
    assert ended.is_declined
    assert listed(ended, *BOTH).outcome == "unchanged"
    assert answered(ended, "interested", side).outcome == "over"
    assert next_day(ended) is None


def test_a_reason_is_shown_only_where_the_side_says_so() -> None:
    hidden = answered(proposed(), "declined", "offer", reason="autre").head
    assert hidden is not None
    assert (hidden.decline_reason, hidden.history[-1].reason) == (None, None)


def test_a_withdrawn_match_hears_a_no_and_no_yes() -> None:
    gone = listed(proposed()).head
    assert answered(gone, "interested", "project").outcome == "over"
    assert answered(gone, "declined", "project").outcome == "done"


def test_later_hides_for_thirty_days_and_changes_no_state() -> None:
    moved = answered(proposed(), "later", "offer")
    assert moved.head is not None
    until = DAY + timedelta(days=30)
    assert (moved.head.state, moved.head.change, moved.head.offer_hidden_until) == ("proposed", "postponed", until)
    assert moved.head.project_hidden_until is None
    assert on_day(moved.head, until - timedelta(days=1), at=AT).announced == ()
    back = on_day(moved.head, until, at=AT)
    assert [(head.state, head.offer_hidden_until) for head in back.announced] == [("proposed", None)]
    interested = answered(moved.head, "interested", "offer").head
    assert interested is not None
    assert interested.offer_hidden_until is None


def test_later_outlasts_a_withdrawal_and_no_longer_than_its_days() -> None:
    postponed = answered(proposed(), "later", "offer").head
    gone = listed(postponed).head
    assert gone is not None
    until = gone.offer_hidden_until
    soon, late = listed(gone, *BOTH).head, listed(gone, *BOTH, day=DAY + timedelta(days=30)).head
    assert soon is not None
    assert late is not None
    assert (soon.offer_hidden_until, late.offer_hidden_until) == (until, None)


@pytest.mark.parametrize("side", ["project", "offer", "coordinator"])
def test_concluded_once_by_a_party_or_the_coordinator(side: str) -> None:
    moved = answered(introduced(), "concluded", side, amount_eur=12_000, days=3)
    ended = moved.head
    assert ended is not None
    assert (ended.state, ended.concluded_eur, ended.concluded_days) == ("concluded", 12_000, 3)
    assert answered(ended, "concluded", side, amount_eur=9).outcome == "over"
    assert answered(ended, "declined", "project").outcome == "over"
    assert on_erased(ended).outcome == "erased"


def test_a_fund_nobody_manages_has_one_side() -> None:
    head = proposed("project", offer_type="fund")
    assert answered(head, "interested", "offer", managed=False).outcome == "not-theirs"
    interested = after(head, ("interested", "project"), managed=False, has_coordinator=False)
    assert interested.state == "interested"
    followed = after(interested, ("applied", "project"), ("granted", "project"), managed=False)
    assert (followed.state, followed.follow_up, changes(followed)[-2:]) == (
        "interested",
        "granted",
        ["applied", "granted"],
    )
    ended = after(followed, ("concluded", "project"), managed=False, amount_eur=5_000)
    assert (ended.state, ended.concluded_eur) == ("concluded", 5_000)


IGNORED = [
    (proposed(), "introduce", "coordinator", "too-early"),
    (proposed(), "introduce", "offer", "not-theirs"),
    (proposed(), "interested", "coordinator", "not-theirs"),
    (proposed(), "declined", "coordinator", "not-theirs"),
    (proposed(), "later", "coordinator", "not-theirs"),
    (proposed(), "concluded", "project", "too-early"),
    (mutual(), "concluded", "project", "too-early"),
    (proposed(), "applied", "project", "not-theirs"),
    (proposed("project", offer_type="fund"), "applied", "project", "too-early"),
    (after(proposed(), ("interested", "project")), "interested", "project", "already-said"),
    (after(proposed(), ("interested", "project")), "later", "project", "already-said"),
    (after(proposed(), ("later", "offer")), "later", "offer", "already-said"),
    (introduced(), "introduce", "coordinator", "already-said"),
    (introduced(), "interested", "project", "already-said"),
    (introduced(), "later", "project", "over"),
    (None, "interested", "project", "over"),
]


@pytest.mark.parametrize(("head", "answer", "side", "outcome"), IGNORED)
def test_an_answer_that_means_nothing_now_is_ignored(head: Head | None, answer: str, side: str, outcome: str) -> None:
    assert answered(head, answer, side) == Moved(head, outcome=outcome)  # type: ignore[arg-type]  # an outcome


# Days and erasure


def test_an_unanswered_match_is_forgotten_thirty_days_after_it_was_withdrawn() -> None:
    gone = listed(proposed()).head
    assert gone is not None
    last = DAY + timedelta(days=30)
    assert next_day(gone) == last
    assert on_day(gone, last - timedelta(days=1), at=AT).head == gone
    assert on_day(gone, last, at=AT) == Moved(None, outcome="erased")


def test_an_answered_match_is_kept() -> None:
    gone = on_refused(after(proposed(), ("interested", "project")), ("clos",), at=AT, day=DAY).head
    assert gone is not None
    assert next_day(gone) is None
    assert on_day(gone, DAY + timedelta(days=400), at=AT).head == gone


@pytest.mark.parametrize("head", STATES)
def test_erasure_leaves_nothing(head: Head) -> None:
    assert on_erased(head) == Moved(None, outcome="erased")


def test_working_days_skip_week_ends_and_public_holidays() -> None:
    assert [easter(year) for year in (2024, 2025, 2026, 2027, 2038)] == [
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2038, 4, 25),
    ]
    assert len(public_holidays(2026)) == 11
    assert {date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)} <= public_holidays(2026)
    assert not is_working_day(date(2026, 12, 25))
    assert after_working_days(date(2026, 12, 21), 5) == date(2026, 12, 29)
    assert after_working_days(date(2026, 11, 27), 5) == date(2026, 12, 4)
    assert after_working_days(date(2027, 3, 25), 1) == date(2027, 3, 26)  # Good Friday is worked
    assert after_working_days(date(2027, 3, 26), 1) == date(2027, 3, 30)


def told(head: Head) -> MatchChanged:
    facts = match_changed()
    return announcement(head, facts.project, facts.offer, version=7, event_id=event_id("told"), occurred_at=AT)


def test_the_event_tells_the_head() -> None:
    event = told(mutual())
    assert (event.key, event.partition_key, event.version) == ("prj-a~commitment~eng-a", "prj-a", 7)
    assert (event.state, event.score, event.interested_sides) == ("mutual", 0.8, BOTH)
    assert event.introduce_on == date(2026, 12, 8)
    assert MatchChanged.model_validate_json(event.to_bytes()) == event


# Whatever comes


class Life(RuleBasedStateMachine):
    """Any steps in any order, days passing."""

    def __init__(self) -> None:
        super().__init__()
        self.head: Head | None = None
        self.day = DAY
        self.before: Head | None = None
        self.last = Moved(None)

    def moved(self, moved: Moved) -> None:
        self.before, self.head, self.last = self.head, moved.head, moved

    @rule(
        sides=st.sampled_from([(), ("project",), ("offer",), BOTH]),
        score=st.sampled_from([500_000, 800_000]),
        model=st.sampled_from(["m-1", "m-2"]),
    )
    def lists(self, sides: tuple[str, ...], score: int, model: str) -> None:
        self.moved(listed(self.head, *sides, said=judged(score, model=model), day=self.day))
        if self.before and self.before.state in {"interested", "mutual", "introduced", "declined", "concluded"}:
            assert self.head is not None
            assert self.head.state == self.before.state

    @rule()
    def refused(self) -> None:
        self.moved(on_refused(self.head, ("clos",), at=AT, day=self.day))
        assert self.head is None or self.head.state in {"withdrawn", "introduced", "declined", "concluded"}

    @rule(
        answer=st.sampled_from(["interested", "interested", "declined", "later", "introduce", "concluded", "applied"]),
        side=st.sampled_from([*BOTH, *BOTH, "coordinator"]),
        has_coordinator=st.booleans(),
    )
    def answer(self, answer: str, side: str, has_coordinator: bool) -> None:
        later = (self.day - DAY).days
        self.moved(answered(self.head, answer, side, later=later, has_coordinator=has_coordinator))
        again = answered(self.head, answer, side, later=later, has_coordinator=has_coordinator)
        assert (again.head, again.announced) == (self.head, ())

    @precondition(lambda self: self.head is not None)
    @rule(days=st.sampled_from([1, 7, 31]))
    def day_begins(self, days: int) -> None:
        assert self.head is not None
        self.day += timedelta(days=days)
        due = next_day(self.head)
        self.moved(on_day(self.head, self.day, at=AT))
        assert (self.last.outcome != "unchanged") == (due is not None and due <= self.day)

    @precondition(lambda self: self.head is not None and self.head.state == "concluded")
    @rule()
    def erased(self) -> None:
        self.moved(on_erased(self.head))

    @invariant()
    def what_is_over_stays(self) -> None:
        if self.before and self.before.state in {"declined", "concluded"} and self.head:
            assert (self.head.state, self.head.history) == (self.before.state, self.before.history)

    @invariant()
    def the_head_makes_sense(self) -> None:
        head = self.head
        if head is None:
            return
        assert set(head.entered) <= set(head.listed_by)
        assert not head.entered or head.change == "proposed"
        assert len(head.history) <= KEPT_HISTORY
        assert (head.state == "mutual") == (head.introduce_on is not None)
        assert (head.state == "declined") == head.is_declined
        if head.state in {"mutual", "introduced"}:
            assert head.interested_sides == BOTH
        if head.state in {"proposed", "revised"}:
            assert head.listed_by
            assert not head.interested_sides

    @invariant()
    def what_is_told_is_what_is_kept(self) -> None:
        assert not self.last.announced or self.last.announced[-1] == self.last.head
        for head in self.last.announced:
            assert told(head).change == head.history[-1].change


TestLife = Life.TestCase
TestLife.settings = settings(RULE, max_examples=30, stateful_step_count=25)
