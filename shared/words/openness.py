"""Whether an offer can be had on a day: its status and its dates together, as eligibility judges them."""

from datetime import date
from typing import Literal

Openness = Literal["open", "not-yet", "closed", "suspended", "withdrawn", "twin"]

OPENNESS: dict[Openness, str] = {
    "open": "Ouvert",
    "not-yet": "Pas encore ouvert",
    "closed": "Clos",
    "suspended": "En pause",
    "withdrawn": "Retiré",
    "twin": "Dépôt en double",
}

_BY_STATUS: dict[str, Openness] = {"suspendu": "suspended", "clos": "closed", "retire": "withdrawn"}


def openness(
    status: str, opens_on: date | None, closes_on: date | None, today: date, *, is_twin: bool = False
) -> Openness:
    """What the offer is on `today` (Paris): its author's word first, then its dates; first and last days are open."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if is_twin:
        return "twin"
    if closes_on is not None and today > closes_on:
        return "closed"
    return "not-yet" if opens_on is not None and today < opens_on else "open"
