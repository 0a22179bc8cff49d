"""The records of many offers at once, from their bytes: what `records` makes of each, to the bit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.layout import UNKNOWN
from services.matcher.matching.index.packed import (
    ACCEPTS_NEIGHBOURS,
    LABELLED_ONLY,
    NEEDS_BARRIER,
    ONLY_MONEY,
)
from services.matcher.matching.index.records import (
    ADMITTED,
    ADMITTED_AT,
    ALONE,
    APART,
    BARRIER,
    LABEL,
    MONEY,
    NO_CATEGORY,
    NO_OBJECT,
    OFFER_RECORD,
    SAYS_CHALLENGE,
    SAYS_COVER,
    SAYS_OBJECTS,
    SEVERAL,
    STAGES_AT,
    THEME_AT,
)

_SAME = (
    "slot",
    "stages",
    "admitted",
    "categories",
    "forms",
    "objects",
    "first_day",
    "last_day",
    "least_days",
    "cap_days",
    "least_eur",
    "cap_eur",
)


def offer_records(
    rows: NDArray[np.int32],
    heads: NDArray[Any],
    units: NDArray[np.int64],
    challenges: NDArray[np.int32],
    signatures: NDArray[np.uint64],
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The record of each offer, in so many units, and the brief that stands beside it."""
    found = np.zeros(len(rows), OFFER_RECORD)
    for name in _SAME:
        found[name] = heads[name]
    found["row"], found["challenges"], found["signature"] = rows, challenges, signatures
    flags = np.where(heads["flags"] & ACCEPTS_NEIGHBOURS, 0, APART) | np.where(units > 1, SEVERAL, 0)
    for said, means in ((ONLY_MONEY, MONEY), (LABELLED_ONLY, LABEL), (NEEDS_BARRIER, BARRIER)):
        flags |= np.where(heads["flags"] & said, means, 0)
    found["flags"] = flags
    return found, _briefs(heads, challenges)


def _briefs(heads: NDArray[Any], challenges: NDArray[np.int32]) -> NDArray[np.int64]:
    objects, admitted, stages, categories = (
        heads[name].astype(np.int64) for name in ("objects", "admitted", "stages", "categories")
    )
    has_cap = (heads["cap_eur"] != UNKNOWN) | (heads["cap_days"] != UNKNOWN)
    found: NDArray[np.int64] = np.where(objects, objects | SAYS_OBJECTS, NO_OBJECT)
    found |= np.where(admitted, admitted << ADMITTED_AT, ADMITTED)
    found |= stages << STAGES_AT
    found |= np.where(categories, categories, NO_CATEGORY) << THEME_AT
    found |= np.where(has_cap, SAYS_COVER, 0) | np.where(challenges, SAYS_CHALLENGE, 0)
    found |= np.where(heads["flags"] & ACCEPTS_NEIGHBOURS, 0, ALONE)
    return found
