"""A match as its reader left it: what they answered here counts at once, before the match itself tells it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from services.console.views.answers import GivenAnswer, Speaker, may_answer
from shared.events.matches import HistoryEntry, MatchChanged
from shared.words.french import PARIS

POSTPONED_FOR = timedelta(days=30)
"""As the matcher counts it."""
_CHANGES = {"later": "postponed", "introduce": "introduced"}
_ENDED = frozenset({"withdrawn", "declined", "concluded"})


def unheard(match: MatchChanged, given: Iterable[GivenAnswer], voices: Collection[Speaker]) -> tuple[GivenAnswer, ...]:
    """Those answers of these voices that the match does not tell yet, oldest first; none from an earlier life of it."""
    began = match.began_at
    return tuple(
        one
        for one in given
        if one.side in voices
        and not _tells(match, one)
        and not (began and one.announced_at and one.announced_at < began)
    )


def on_their_way(match: MatchChanged, given: Sequence[GivenAnswer]) -> Sequence[GivenAnswer]:
    """Those of the answers said to a match, in the order they were said, that the matcher may not have handled yet.

    It handles them in order, and each leaves its date in the history unless it meant nothing: what comes before one
    that left it was handled, as was all that was said to an earlier life of the match.
    """
    shown = {(entry.at, entry.change) for entry in match.history}
    handled = [
        place
        for place, one in enumerate(given, start=1)
        if (one.announced_at, _CHANGES.get(one.answer, one.answer)) in shown
        or (match.began_at and one.announced_at and one.announced_at < match.began_at)
    ]
    return given[max(handled, default=0) :]


def as_answered(match: MatchChanged, given: Sequence[GivenAnswer], today: date) -> MatchChanged:
    """The match once these answers are heard; one that is not open any more changes nothing."""
    for one in given:
        if may_answer(match, one.side, one.answer, today):
            match = match.model_copy(update={**_changed(match, one), "history": (*match.history, _entry(one))})
    return match


def _tells(match: MatchChanged, one: GivenAnswer) -> bool:
    """Whether the history has this very step, or an end that made it void, since it was given."""
    change = _CHANGES.get(one.answer, one.answer)
    since = (entry for entry in match.history if entry.at >= one.given_at)
    return any(entry.change == change or (entry.change in _ENDED and not one.is_held) for entry in since)


def _changed(match: MatchChanged, one: GivenAnswer) -> dict[str, Any]:
    if one.answer == "interested":
        both = tuple(side for side in ("project", "offer") if side in {*match.interested_sides, one.side})
        state = "mutual" if len(both) > 1 else "interested"
        return {"state": state, "interested_sides": both, f"{one.side}_hidden_until": None}
    if one.answer == "declined":
        return {"state": "declined", "declined_side": one.side}
    if one.answer == "later":
        return {f"{one.side}_hidden_until": one.given_at.astimezone(PARIS).date() + POSTPONED_FOR}
    if one.answer == "concluded":
        return {"state": "concluded", "concluded_eur": one.amount_eur, "concluded_days": one.days}
    return {"state": "introduced"} if one.answer == "introduce" else {}


def _entry(one: GivenAnswer) -> HistoryEntry:
    return HistoryEntry.model_validate(
        {
            "at": one.given_at,
            "change": _CHANGES.get(one.answer, one.answer),
            "side": None if one.side == "coordinator" else one.side,
            "cause": "coordinator" if one.side == "coordinator" else "answer",
            "reason": one.reason,
            "amount_eur": one.amount_eur,
            "days": one.days,
        }
    )
