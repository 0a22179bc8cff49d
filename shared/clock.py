"""The time, for what composes a service; everything else takes it as an argument."""

from datetime import UTC, date, datetime

from shared.words.french import PARIS


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def today_in_paris() -> date:
    """The day in Paris, where days begin and offers close."""
    return utc_now().astimezone(PARIS).date()
