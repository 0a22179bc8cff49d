"""What somebody must have been told of a match by now, or be about to be: what an audit expects of the ledger."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import get_args

from services.notifier.messages.notices import SIDES, Notice, Party, life_of, party_of, stands
from shared.events.matches import MatchChanged
from shared.events.people import MailKind

SURE_FOR = timedelta(days=6)
"""What arose longer ago may have been given up since: a party without contact is awaited for seven days."""
_STEPS: dict[MailKind, str] = {
    "interest": "interested",
    "mutual": "mutual",
    "introduction": "introduced",
    "concluded": "concluded",
}


def owed(match: MatchChanged, now: datetime, today: date) -> Iterator[Notice]:
    """What still stands, arose lately, and so is either told or waiting, for each party that somebody answers for."""
    sides = [party for party in (party_of(match, side) for side in SIDES) if party]
    for party in (*sides, *(Party("territory", each) for each in match.project.territories)):
        for kind in get_args(MailKind):
            if stands(match, party, kind, today) and _is_sure(match, kind) and now - _arose(match, kind) < SURE_FOR:
                yield Notice(party, match.match_id, kind)


def _is_sure(match: MatchChanged, kind: MailKind) -> bool:
    """Whether whoever is listed was to be told: not where it entered a list by a new model, or put off by then."""
    if kind != "suggestions":
        return True
    causes = {match.cause, *(step.cause for step in match.history if step.at >= life_of(match))}
    return not ({"model"} & causes or match.project_hidden_until or match.offer_hidden_until)


def _arose(match: MatchChanged, kind: MailKind) -> datetime:
    """When there was reason to tell it; the beginning of the match's life for a suggestion, at the latest then."""
    steps = [step.at for step in match.history if step.change == _STEPS.get(kind)]
    return steps[-1] if steps else life_of(match)
