"""When someone is told: at once, once a day, once a week or never, and how long to wait after a failure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from shared.events.people import MailKind
from shared.words.bands import Band
from shared.words.french import PARIS

Frequency = Literal["immediate", "daily", "weekly", "none"]

MORNING = time(8, 0)
"""Daily and weekly mails leave at this hour in Paris; weekly ones on Mondays."""

CONTACT_AWAITED = timedelta(days=7)
PERMANENT_ATTEMPTS = 5
TEMPORARY_ATTEMPTS = 20


@dataclass(frozen=True)
class Preference:
    """What a person chose; the defaults are for who has chosen nothing."""

    frequency: Frequency = "immediate"
    minimum: Band = "possible"


def due_at(kind: MailKind, since: datetime, frequency: Frequency) -> datetime | None:
    """From when on what arose at `since` is told, after the window that groups mails; `None` for never.

    An introduction is what both sides asked for by their answers: it waits for no morning, but never is never.
    """
    if frequency == "none":
        return None
    if kind == "introduction" or frequency == "immediate":
        return since
    local = since.astimezone(PARIS)
    day = local.date() + timedelta(days=0 if local.time() < MORNING else 1)
    if frequency == "weekly":
        day += timedelta(days=-day.weekday() % 7)
    return datetime.combine(day, MORNING, PARIS)


def pause_after(failures: int) -> timedelta:
    """How long to wait after so many refusals of a mail (at least 1): a minute, then four times longer, 6 h at most."""
    minutes = 4.0 ** min(failures - 1, 10)
    return min(timedelta(minutes=minutes), timedelta(hours=6))


def contact_pause(waited: timedelta) -> timedelta:
    """How long before asking again for a party without contact: a tenth of the wait so far, from 5 s to an hour."""
    return min(max(waited / 10, timedelta(seconds=5)), timedelta(hours=1))


def gives_up(failures: int, *, permanent: bool) -> bool:
    """Whether a mail refused so many times is tried no more."""
    return failures >= (PERMANENT_ATTEMPTS if permanent else TEMPORARY_ATTEMPTS)
