"""What an answer makes of a match: interest, decline, « plus tard », introduction, conclusion, follow-up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.matcher.matching.head import Head, Moved, Outcome, in_order
from services.matcher.matching.life import ENGAGED, UNANSWERED, introduce
from services.matcher.matching.working_days import after_working_days
from shared.events.people import AnswerGiven
from shared.events.vocabulary import Side

POSTPONED_FOR = timedelta(days=30)
INTRODUCED_AFTER = 5
"""Working days that a coordinator has to introduce both sides; then they are introduced anyway."""

_OPEN = UNANSWERED | ENGAGED
_OVER = frozenset({"declined", "concluded"})


@dataclass(frozen=True, slots=True)
class _Said:
    """An answer, with what it depends on."""

    answer: AnswerGiven
    managed: bool
    has_coordinator: bool
    day: date
    at: datetime

    @property
    def side(self) -> Side | None:
        """The party that speaks; none for the coordinator."""
        return None if self.answer.side == "coordinator" else self.answer.side


def on_answer(
    head: Head | None, answer: AnswerGiven, *, managed: bool, has_coordinator: bool, day: date, at: datetime
) -> Moved:
    """The match after `answer`; an answer that means nothing now is ignored, and the outcome names why.

    `managed`: someone here answers for the offer (false for a fund nobody manages: it has one side). `has_coordinator`:
    a coordinator animates a territory of the project. The same answer twice changes nothing the second time.
    """
    if head is None or head.state in _OVER:
        return Moved(head, outcome="over")
    said = _Said(answer, managed, has_coordinator, day, at)
    if said.side == "offer" and not managed:
        return Moved(head, outcome="not-theirs")
    return _ANSWERS[answer.answer](head, said)


def _interested(head: Head, said: _Said) -> Moved:
    side = said.side
    if side is None:
        return Moved(head, outcome="not-theirs")
    if head.state == "withdrawn":
        return Moved(head, outcome="over")
    if side in head.interested_sides:
        return Moved(head, outcome="already-said")
    both = in_order((*head.interested_sides, side))
    interested = head.step(
        "interested",
        said.at,
        entry={"side": side},
        state="interested",
        cause="answer",
        interested_sides=both,
        **{f"{side}_hidden_until": None},
    )
    return _mutual(interested, said) if len(both) > 1 else _moved(interested)


def _mutual(head: Head, said: _Said) -> Moved:
    wait = after_working_days(said.day, INTRODUCED_AFTER) if said.has_coordinator else None
    mutual = head.step("mutual", said.at, state="mutual", cause="answer", introduce_on=wait)
    return _moved(mutual) if said.has_coordinator else _moved(mutual, introduce(mutual, "no-coordinator", said.at))


def _declined(head: Head, said: _Said) -> Moved:
    if said.side is None:
        return Moved(head, outcome="not-theirs")
    reason = said.answer.reason if said.answer.show_reason else None
    return _moved(
        head.step(
            "declined",
            said.at,
            entry={"side": said.side, "reason": reason},
            state="declined",
            cause="declined",
            declined_side=said.side,
            decline_reason=reason,
            listed_by=(),
            introduce_on=None,
            withdrawn_on=None,
        )
    )


def _later(head: Head, said: _Said) -> Moved:
    side = said.side
    if side is None:
        return Moved(head, outcome="not-theirs")
    if head.state not in UNANSWERED | {"interested"}:
        return Moved(head, outcome="over")
    until, field = said.day + POSTPONED_FOR, f"{side}_hidden_until"
    if side in head.interested_sides or getattr(head, field) == until:
        return Moved(head, outcome="already-said")
    return _moved(head.step("postponed", said.at, entry={"side": side}, cause="answer", **{field: until}))


def _introduce(head: Head, said: _Said) -> Moved:
    if said.answer.side != "coordinator":
        return Moved(head, outcome="not-theirs")
    if head.state != "mutual":
        return Moved(head, outcome=_why_not(head, "introduced"))
    return _moved(introduce(head, "coordinator", said.at))


def _concluded(head: Head, said: _Said) -> Moved:
    from_here = "introduced" if said.managed else "interested"
    if head.state not in {"introduced", from_here}:
        return Moved(head, outcome=_why_not(head, "concluded"))
    answer = said.answer
    told: dict[str, Any] = {"amount_eur": answer.amount_eur, "days": answer.days}
    return _moved(
        head.step(
            "concluded",
            said.at,
            entry={"side": said.side, **told},
            state="concluded",
            cause="answer" if said.side else "coordinator",
            concluded_eur=answer.amount_eur,
            concluded_days=answer.days,
        )
    )


def _follow_up(head: Head, said: _Said) -> Moved:
    """The owner's own follow-up of a fund it is interested in: changes no state."""
    if said.side != "project" or head.offer_type != "fund":
        return Moved(head, outcome="not-theirs")
    if "project" not in head.interested_sides or head.state not in ENGAGED | {"introduced"}:
        return Moved(head, outcome=_why_not(head, "applied"))
    step = said.answer.answer
    if head.follow_up == step:
        return Moved(head, outcome="already-said")
    return _moved(head.step(step, said.at, entry={"side": "project"}, cause="answer", follow_up=step))  # type: ignore[arg-type]  # one of the three follow-ups


_ANSWERS: dict[str, Callable[[Head, _Said], Moved]] = {
    "interested": _interested,
    "declined": _declined,
    "later": _later,
    "introduce": _introduce,
    "concluded": _concluded,
    "applied": _follow_up,
    "granted": _follow_up,
    "rejected": _follow_up,
}


def _moved(*heads: Head) -> Moved:
    return Moved(heads[-1], heads)


def _why_not(head: Head, wanted: str) -> Outcome:
    if wanted == head.state:
        return "already-said"
    return "too-early" if head.state in _OPEN else "over"
