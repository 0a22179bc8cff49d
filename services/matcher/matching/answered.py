"""Whether a match and the answers to it say the same: nothing stands that nobody said, nothing said had no effect."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from services.matcher.matching.head import Head
from services.matcher.matching.life import UNANSWERED
from shared.events.people import AnswerGiven

CLOCKS_APART = timedelta(minutes=1)
"""An answer so soon after a match began may have been given before, by another machine's clock."""
ANSWERED = ("interested", "mutual", "introduced", "declined", "concluded")
"""States that come by an answer."""

Wrong = tuple[str, str]
"""What should be, and what is."""


def answer_differences(head: Head, answers: Sequence[AnswerGiven], *, answers_lost: bool = False) -> Iterator[Wrong]:
    """What is wrong with a match, given the answers to it that were handled: all of them but for `answers_lost`."""
    if not answers_lost:
        yield from unsaid(head, answers)
    for answer in answers:
        if head.began_at and answer.occurred_at > head.began_at + CLOCKS_APART and not _has_effect(head, answer):
            yield f"{answer.answer} by {answer.side}", head.state


def unsaid(head: Head, answers: Sequence[AnswerGiven]) -> Iterator[Wrong]:
    """What the match shows, and no answer said."""
    said = {(answer.side, answer.answer) for answer in answers}
    for side in head.interested_sides:
        if (side, "interested") not in said:
            yield f"no interest of {side}", f"interest of {side}"
    if head.declined_side and (head.declined_side, "declined") not in said:
        yield f"no decline by {head.declined_side}", f"declined by {head.declined_side}"
    by_coordinator = any(step.cause == "coordinator" and step.change == "introduced" for step in head.history)
    if by_coordinator and ("coordinator", "introduce") not in said:
        yield "no introduction by a coordinator", "introduced by a coordinator"
    if head.state == "concluded":
        shown = head.concluded_eur, head.concluded_days
        amounts = [(each.amount_eur, each.days) for each in answers if each.answer == "concluded"]
        if shown not in amounts:
            yield (
                "none" if not amounts else f"concluded with {_amounts(*amounts[-1])}",
                f"concluded with {_amounts(*shown)}",
            )


def _amounts(eur: int | None, days: int | None) -> str:
    return f"{eur or 0} EUR, {days or 0} d"


def _has_effect(head: Head, answer: AnswerGiven) -> bool:
    """Whether a match shows an answer given in its present life; what a fund's side says may count for nothing."""
    if answer.side == "coordinator" or (answer.side == "offer" and head.offer_type == "fund"):
        return True
    if answer.answer == "declined":
        return head.state in {"declined", "concluded"}
    return answer.answer != "interested" or head.state not in UNANSWERED
