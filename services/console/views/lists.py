"""The matches of one party, sorted by what they ask of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.console.views.answers import ENDED_STATES, hidden_until
from shared.events.matches import MatchChanged
from shared.events.vocabulary import Side


@dataclass(frozen=True, slots=True)
class PartyMatches:
    """What stands, what was put aside, what is over; each in the order given."""

    open: tuple[MatchChanged, ...]
    aside: tuple[MatchChanged, ...]
    over: tuple[MatchChanged, ...]

    def of_type(self, offer_type: str) -> tuple[MatchChanged, ...]:
        """What stands, with offers of one type."""
        return tuple(match for match in self.open if match.offer_type == offer_type)


def party_matches(matches: Iterable[MatchChanged], side: Side | None, today: date) -> PartyMatches:
    """The matches of a party as its side sees them."""
    standing, aside, over = [], [], []
    for match in matches:
        if match.state in ENDED_STATES:
            over.append(match)
        elif hidden_until(match, side, today):
            aside.append(match)
        else:
            standing.append(match)
    return PartyMatches(tuple(standing), tuple(aside), tuple(over))


def awaiting(matches: Iterable[MatchChanged], side: Side, today: date) -> int:
    """How many matches wait for this side's answer, the other having said yes."""
    return sum(
        match.state == "interested" and side not in match.interested_sides and not hidden_until(match, side, today)
        for match in matches
    )
