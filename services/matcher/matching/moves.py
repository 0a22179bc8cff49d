"""What becomes of a match: answers given, the engine's verdict on the pair, and the lists that hold it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.matcher.matching.answers import on_answer
from services.matcher.matching.facts import Facts
from services.matcher.matching.head import Head, Judged, Moved, Outcome
from services.matcher.matching.life import on_day, on_erased, on_lists, on_refused
from services.matcher.matching.model import Fit
from services.matcher.matching.rows import HeadRow
from shared.events.people import AnswerGiven
from shared.events.vocabulary import RefusalCode, Side


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a pair now: its fit, else why it is refused, else that a party is erased.

    None of the three: the pair is not judged any more, such as a fund that became the frame of others.
    """

    judged: Judged | None = None
    refusals: tuple[RefusalCode, ...] = ()
    is_erased: bool = False
    managed: bool = True
    has_coordinator: bool = False


@dataclass(frozen=True, slots=True)
class Moves:
    """The row to keep, the heads to announce in order, whether a tombstone follows, and what became of each answer."""

    row: HeadRow
    announced: tuple[Head, ...] = ()
    is_ended: bool = False
    outcomes: tuple[Outcome, ...] = ()

    def showing(self, facts: Facts) -> "Moves":
        """The same, with `facts` told: by what is announced, else by an event without a step where they changed."""
        head = self.row.head
        if head is None or head.facts == facts.digest:
            return self
        told = head.model_copy(update={"facts": facts.digest})
        if self.announced:
            return replace(self, row=replace(self.row, head=told))
        versions = {"project_version": facts.project_version, "offer_version": facts.offer_version}
        told = told.model_copy(update={"entered": (), **versions})
        return replace(self, row=replace(self.row, head=told), announced=(told,))


def verdict_of(head: Head) -> Verdict:
    """The verdict that a head tells: for a pair that another partition judges."""
    fit = Fit(head.pair, head.score_ppm, head.reasons)
    return Verdict(Judged(fit, head.model, head.project_version, head.offer_version))


def moves_of(
    row: HeadRow,
    verdict: Verdict,
    *,
    day: date,
    at: datetime,
    answers: Sequence[AnswerGiven] = (),
    is_due: bool = False,
) -> Moves:
    """What becomes of the match of `row`, whose two list marks are those of now: answers first, then what is judged."""
    announced: list[Head] = []
    outcomes: list[Outcome] = []
    head = row.head
    for answer in answers:
        moved = on_answer(
            head,
            answer,
            managed=verdict.managed,
            has_coordinator=verdict.has_coordinator,
            day=day,
            at=answer.occurred_at,
        )
        head = moved.head
        announced += moved.announced
        outcomes.append(moved.outcome)
    for moved in _judged(head, row, verdict, day, at, is_due=is_due):
        head = moved.head
        announced += moved.announced
    is_ended = row.head is not None and head is None
    return Moves(replace(row, head=head), () if is_ended else tuple(announced), is_ended, tuple(outcomes))


def _judged(
    head: Head | None, row: HeadRow, verdict: Verdict, day: date, at: datetime, *, is_due: bool
) -> Iterable[Moved]:
    if verdict.is_erased:
        yield on_erased(head)
        return
    if verdict.refusals:
        moved = on_refused(head, verdict.refusals, at=at, day=day)
    else:
        moved = on_lists(head, verdict.judged, _sides(row), at=at, day=day)
    yield moved
    if is_due and moved.head is not None:
        yield on_day(moved.head, day, at=at)


def _sides(row: HeadRow) -> tuple[Side, ...]:
    marks: tuple[tuple[Side, bool], ...] = (("project", row.in_project_list), ("offer", row.in_offer_list))
    return tuple(side for side, is_listed in marks if is_listed)
