"""Gates and criteria over arrays: one project and many offers, or the reverse, by the same whole-number formulas."""

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.criteria import PART, WEIGHTS
from services.matcher.matching.index.layout import CATEGORIES, UNKNOWN
from services.matcher.matching.index.table import Columns
from shared.text.vectors import MILLION

Which = int | NDArray[Any]
"""Rows of one side: one of them, or as many as the other side has."""


def eligible(projects: Columns, p: Which, offers: Columns, o: Which, day: date) -> NDArray[np.bool_]:
    """Whether each pair passes every gate but the perimeter and declines, which the indexes see to."""
    today, slot = day.toordinal(), offers["slot"][o]
    passed: NDArray[np.bool_] = ~(projects["out"][p] | offers["out"][o])
    passed &= (today <= projects["last_day"][p]) & (today <= offers["last_day"][o]) & (today >= offers["first_day"][o])
    passed &= projects["asked"][p, slot] & ~(offers["only_money"][o] & projects["seeks_nothing"][p])
    passed &= projects["labelled"][p] | ~offers["labelled_only"][o]
    passed &= projects["barrier"][p] | ~offers["needs_barrier"][o]
    passed &= _admits(offers["admitted"][o], projects["stage"][p])
    passed &= _admits(offers["forms"][o], projects["forms"][p])
    needed, brought = projects["asked_objects"][p, slot], offers["objects"][o]
    passed &= (needed == 0) | _admits(brought, needed)
    for unit in ("eur", "days"):
        asked = projects[f"asked_{unit}"][p, slot]
        passed &= (asked == UNKNOWN) | (offers[f"least_{unit}"][o] <= asked)
    passed &= ~_same_organisation(projects, p, offers, o)
    named = offers["categories"][o]
    passed &= (named == 0) | ~projects["has_theme"][p] | (theme_worth(projects, p, offers, o) > 0)
    return passed


def scores(
    projects: Columns,
    p: Which,
    offers: Columns,
    o: Which,
    *,
    challenge: NDArray[np.bool_],
    proximity: NDArray[np.int64],
    similarity: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The score of each pair in millionths, from whether it shares a challenge, its proximity and its similarity."""
    total = np.where(challenge, WEIGHTS["challenge"], 0)
    total = total + _share("category", theme_worth(projects, p, offers, o), MILLION)
    total += _share("proximity", proximity, MILLION)
    total += _share("text", _roots(similarity * MILLION), MILLION)
    slot = offers["slot"][o]
    needed = projects["asked_objects"][p, slot]
    common = np.bitwise_count(needed & offers["objects"][o]).astype(np.int64)
    total += _share("objects", common, np.maximum(1, np.bitwise_count(needed).astype(np.int64)))
    total += _cover(projects, p, offers, o)
    total += np.where(projects["stage"][p] & offers["stages"][o], WEIGHTS["stage"], 0)
    return total.astype(np.int64)


def theme_worth(projects: Columns, p: Which, offers: Columns, o: Which) -> NDArray[np.int64]:
    """What the closest themes of each pair are worth in millionths, 0 where none meet."""
    named, worth = offers["categories"][o], projects["theme_worth"]
    best = np.zeros(np.broadcast(named, worth[p, 0]).shape, np.int64)
    for place in range(len(CATEGORIES)):
        best = np.maximum(best, worth[p, place] * (named >> place & 1))
    return best


def _admits(named: NDArray[np.int64], has: NDArray[np.int64]) -> NDArray[np.bool_]:
    admits: NDArray[np.bool_] = (named == 0) | (named & has != 0)
    return admits


def _same_organisation(projects: Columns, p: Which, offers: Columns, o: Which) -> NDArray[np.bool_]:
    one, other = projects["siren"][p], offers["siren"][o]
    by_id = projects["organisation"][p] == offers["organisation"][o]
    same: NDArray[np.bool_] = np.where((one != UNKNOWN) & (other != UNKNOWN), one == other, by_id)
    return same


def _cover(projects: Columns, p: Which, offers: Columns, o: Which) -> NDArray[np.int64]:
    """The lesser of what euros and days earn, where both are said; what the one said earns, else."""
    slot, nothing = offers["slot"][o], MILLION
    earned: NDArray[np.int64] = np.full(1, nothing, np.int64)
    for unit in ("eur", "days"):
        asked, cap = projects[f"asked_{unit}"][p, slot], offers[f"cap_{unit}"][o]
        said = (asked > 0) & (cap != UNKNOWN)
        part = _share("cover", PART[0] * cap, PART[1] * np.maximum(1, asked))
        share = np.where(cap >= asked, WEIGHTS["cover"], part)
        earned = np.where(said, np.minimum(earned, share), earned)
    return np.where(earned == nothing, 0, earned)


def _share(criterion: str, numerator: Any, denominator: Any) -> NDArray[np.int64]:
    """The part of a weight, rounded once, halves up."""
    shares: NDArray[np.int64] = (2 * WEIGHTS[criterion] * numerator + denominator) // (2 * denominator)
    return shares


def _roots(squares: NDArray[np.int64]) -> NDArray[np.int64]:
    """Integer square roots of numbers up to 10^12, where the floating root is exact enough to be cut."""
    return np.sqrt(squares.astype(np.float64)).astype(np.int64)
