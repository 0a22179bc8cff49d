"""What happened to a project's matches, newest first; what befell many of them at one moment is said once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.console.views.cards import match_href
from services.console.views.history import HistoryLine, newest_first, step_lines
from shared.events.matches import MatchChanged
from shared.events.vocabulary import Side
from shared.words.french import count, labelled, listed
from shared.words.names import Names

MOST_HISTORY = 15
SAME_MOMENT = timedelta(minutes=2)
"""The same change of several matches within so long is one event for who reads it."""
MOST_APART = 2
"""So many matches of one event are told one by one; more are told together."""
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """What happened to one match of the project, or to many at once: `href` is empty then."""

    at: datetime
    at_words: str
    words: str
    about: str
    href: str
    icon: str


@dataclass(frozen=True, slots=True)
class _Step:
    match: MatchChanged
    line: HistoryLine


def recent_history(matches: Iterable[MatchChanged], names: Names, *, reader: Side | None) -> tuple[HistoryItem, ...]:
    """The last things that happened, newest first; a repeated step of one match is said once."""
    steps = [_Step(match, line) for match in matches for line in newest_first(step_lines(match.history, reader=reader))]
    items: list[HistoryItem] = []
    for group in _moments(sorted(steps, key=lambda step: step.line.at, reverse=True)):
        items += [_of_many(group)] if len(group) > MOST_APART else [_of_one(step) for step in group]
    return tuple(sorted(items, key=lambda item: item.at, reverse=True)[:MOST_HISTORY])


def _moments(newest: Sequence[_Step]) -> list[list[_Step]]:
    """Steps with the same words and moment together, in the order of their newest."""
    groups, last = list[list[_Step]](), dict[tuple[str, bool], list[_Step]]()
    for step in newest:
        key = (step.line.words, step.line.is_pause)
        group = last.get(key)
        if group is None or group[0].line.at - step.line.at > SAME_MOMENT:
            last[key] = group = []
            groups.append(group)
        group.append(step)
    return groups


def _of_one(step: _Step) -> HistoryItem:
    line = step.line
    return HistoryItem(
        line.at, line.at_words, line.words, step.match.offer.title, match_href(step.match.match_id), line.icon
    )


def _of_many(group: Sequence[_Step]) -> HistoryItem:
    line = group[0].line
    some = [step.match.offer.title for step in group[:MOST_NAMED]]
    others = len(group) - len(some)
    about = listed([*some, count(others, "autre")] if others else some)
    if line.is_pause:
        words = labelled("Mis en pause", f"{count(len(group), 'rapprochement')} ne tiennent plus")
    else:
        words = f"{line.words}, {count(len(group), 'rapprochement')}"
    return HistoryItem(line.at, line.at_words, words, about, "", line.icon)
