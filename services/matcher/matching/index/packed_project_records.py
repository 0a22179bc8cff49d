"""The records of many projects at once, from their bytes: what `records` makes of each, to the bit."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.layout import SLOTS, UNKNOWN
from services.matcher.matching.index.packed_projects import HAS_BARRIER, SEEKS_NOTHING
from services.matcher.matching.index.records import (
    ADMITTED_AT,
    BARRIER,
    LABEL,
    MONEY,
    NO_OBJECT,
    OBJECTS,
    PROJECT_RECORD,
    SAYS_CHALLENGE,
    SAYS_COVER,
    SAYS_OBJECTS,
    SEVERAL,
    STAGES_AT,
    THEME_AT,
)


class Known(NamedTuple):
    """What an index knows of projects beside their bytes: by project, numbers, and whether it is where the label is."""

    rows: NDArray[np.int32]
    units: NDArray[np.int64]
    themes: NDArray[np.int64]
    challenges: NDArray[np.int32]
    labelled: NDArray[np.bool_]
    signatures: NDArray[np.uint64]


def project_records(heads: NDArray[Any], known: Known) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The record of each project under each slot, asked or not, and the brief that stands beside it."""
    found = np.zeros((len(heads), SLOTS), PROJECT_RECORD)
    flags = np.where(known.units > 1, SEVERAL, 0) | np.where(heads["flags"] & SEEKS_NOTHING, MONEY, 0)
    flags |= np.where(known.labelled, 0, LABEL) | np.where(heads["flags"] & HAS_BARRIER, 0, BARRIER)
    same = {
        "row": known.rows,
        "flags": flags,
        "stage": heads["stage"],
        "theme": known.themes,
        "forms": heads["forms"],
        "last_day": heads["last_day"],
        "challenge": known.challenges,
        "signature": known.signatures,
    }
    for name, values in same.items():
        found[name] = values[:, None]
    found["objects"] = heads["asked_objects"]
    found["asked_days"], found["asked_eur"] = heads["asked_days"], heads["asked_eur"]
    return found, _briefs(heads, known)


def _briefs(heads: NDArray[Any], known: Known) -> NDArray[np.int64]:
    objects, stages = heads["asked_objects"].astype(np.int64), heads["stage"].astype(np.int64)
    says_cover = (heads["asked_eur"] > 0) | (heads["asked_days"] > 0)
    of_all = stages << ADMITTED_AT | stages << STAGES_AT | known.themes << THEME_AT
    of_all |= np.where(known.challenges != UNKNOWN, SAYS_CHALLENGE, 0)
    found: NDArray[np.int64] = np.where(objects, objects | NO_OBJECT | SAYS_OBJECTS, OBJECTS)
    return found | np.where(says_cover, SAYS_COVER, 0) | of_all[:, None]
