"""The matches of one party: what stands, what was put aside, what ended; and their counts in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.console.views.answers import hidden_until
from shared.events.matches import MatchChanged
from shared.events.vocabulary import Side
from shared.words.french import count, labelled

ENDED_WITHOUT = frozenset({"withdrawn", "declined"})
"""States in which nothing came of a match; a conclusion stays in the list."""


@dataclass(frozen=True, slots=True)
class PartyMatches:
    """What stands or was concluded, what was put aside, what ended; each in the order given."""

    open: tuple[MatchChanged, ...]
    aside: tuple[MatchChanged, ...]
    over: tuple[MatchChanged, ...]

    def of_type(self, offer_type: str) -> tuple[MatchChanged, ...]:
        """What stands, with offers of one type."""
        return tuple(match for match in self.open if match.offer_type == offer_type)


@dataclass(frozen=True, slots=True)
class PartyTally:
    """How many matches of a party are in each state; `aside` and `waiting` are its own side's."""

    states: Mapping[str, int] = field(default_factory=dict)
    aside: int = 0
    waiting: int = 0

    @property
    def total(self) -> int:
        """What stands or was concluded, put aside or not."""
        return sum(number for state, number in self.states.items() if state not in ENDED_WITHOUT)

    @property
    def over(self) -> int:
        """What ended without agreement."""
        return sum(number for state, number in self.states.items() if state in ENDED_WITHOUT)

    def words(self, noun: str) -> str:
        """« 5 projets : 3 proposés, 1 mis en relation, 1 conclu »; `noun` is masculine."""
        steps = (
            (self.states.get("proposed", 0) + self.states.get("revised", 0), "proposé", "proposés"),
            (self.states.get("interested", 0), "avec un premier oui", "avec un premier oui"),
            (self.states.get("mutual", 0), "d'intérêt réciproque", "d'intérêt réciproque"),
            (self.states.get("introduced", 0), "mis en relation", "mis en relation"),
            (self.states.get("concluded", 0), "conclu", "conclus"),
        )
        said = [count(number, singular, plural) for number, singular, plural in steps if number]
        if self.aside:
            said.append(f"dont {count(self.aside, 'mis de côté', 'mis de côté')}")
        return labelled(count(self.total, noun), ", ".join(said)) if said else count(self.total, noun)


def party_matches(matches: Iterable[MatchChanged], side: Side | None, today: date) -> PartyMatches:
    """The matches of a party as its side sees them."""
    standing, aside, over = [], [], []
    for match in matches:
        if match.state in ENDED_WITHOUT:
            over.append(match)
        elif match.state != "concluded" and hidden_until(match, side, today):
            aside.append(match)
        else:
            standing.append(match)
    return PartyMatches(tuple(standing), tuple(aside), tuple(over))


def party_tally(matches: Iterable[MatchChanged], side: Side | None, today: date) -> PartyTally:
    """The counts of these matches, as their side sees them."""
    some = list(matches)
    parted = party_matches(some, side, today)
    states: dict[str, int] = {}
    for match in some:
        states[match.state] = states.get(match.state, 0) + 1
    return PartyTally(states, len(parted.aside), awaiting(parted.open, side, today) if side else 0)


def awaiting(matches: Iterable[MatchChanged], side: Side, today: date) -> int:
    """How many matches wait for this side's answer, the other having said yes."""
    return sum(
        match.state == "interested" and side not in match.interested_sides and not hidden_until(match, side, today)
        for match in matches
    )
