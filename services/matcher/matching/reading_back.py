"""What an event of a match tells of its head, and which answers that head already shows."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple

from services.matcher.matching.facts import Facts
from services.matcher.matching.head import Head
from shared.events.matches import HistoryEntry, MatchChanged
from shared.events.people import Answer
from shared.text.vectors import MILLION
from shared.words.french import PARIS

_NEVER = datetime.min.replace(tzinfo=UTC)
_STEP_OF = {"later": "postponed", "introduce": "introduced"}
_TOLD = tuple(name for name in Head.model_fields if name in MatchChanged.model_fields)


class Given(NamedTuple):
    """An answer to a match: its version, when it was given, what it says."""

    version: int
    at: datetime
    answer: Answer


def head_of(event: MatchChanged) -> Head:
    """The head that `event` was made from; what it does not carry is read in its history."""
    own = [entry for entry in event.history if event.began_at is None or entry.at >= event.began_at]
    steps = [entry.change for entry in own if entry.change in {"applied", "granted", "rejected"}]
    facts = Facts(event.project, event.offer, event.project_version, event.offer_version)
    return Head(
        **{name: getattr(event, name) for name in _TOLD},
        score_ppm=round(event.score * MILLION),
        withdrawn_on=_withdrawn_on(event.history) if event.state == "withdrawn" else None,
        follow_up=steps[-1] if steps else None,
        facts=facts.digest,
    )


def handled_by(head: Head | None, given: Iterable[Given]) -> int:
    """The version of the last answer that was handled, 0 for none: answers to one match are handled in order.

    One leaves its date in the history, unless it meant nothing; those of an earlier life are over. To a match that is
    gone there is nothing left to answer.
    """
    if head is None:
        return max((each.version for each in given), default=0)
    shown = {(entry.at, entry.change) for entry in head.history}
    began_at = head.began_at or min((entry.at for entry in head.history), default=_NEVER)
    steps = ((each, (each.at, _STEP_OF.get(each.answer, each.answer))) for each in given)
    return max((each.version for each, step in steps if each.at < began_at or step in shown), default=0)


def _withdrawn_on(history: Iterable[HistoryEntry]) -> date | None:
    days = [entry.at.astimezone(PARIS).date() for entry in history if entry.change == "withdrawn"]
    return days[-1] if days else None
