"""The word that stands for a score; a bare percentage is never shown."""

from typing import Literal

Band = Literal["forte", "bonne", "possible"]

FLOORS: dict[Band, float] = {"forte": 0.75, "bonne": 0.50, "possible": 0.0}
"""Smallest score of each band, best first."""


def band(score: float) -> Band:
    """The band of a score in 0..1; a floor belongs to its band."""
    return next((name for name, floor in FLOORS.items() if score >= floor), "possible")


def fit(score: float) -> str:
    """« adéquation forte »."""
    return f"adéquation {band(score)}"


def reaches(score: float, minimum: Band) -> bool:
    """Whether a score is in `minimum` or a better band."""
    return score >= FLOORS[minimum]
