"""Projects and offers as records of at most 64 bytes: one layout for what is filed and for what asks."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from services.matcher.matching.index.layout import SLOTS, UNKNOWN

MONEY, LABEL, BARRIER, GONE, APART, SEVERAL = 1, 2, 4, 8, 16, 32
"""Flags: a pair of which both sides bear one of the first five is refused.

An offer brings money alone, a project seeks none; one wants the label, or a barrier, the other has none. `GONE` stands
on all that asks, and on what was taken out; `APART` on offers that do not accept neighbours, and on who asks them from
beside. `SEVERAL` refuses nothing: it tells a row that is filed in several places.
"""

TELLS_STAGES, TELLS_OBJECTS, TELLS_COVER, TELLS_CHALLENGES = 1, 2, 4, 8
"""What an offer names: on what it does not, it earns nothing. Offers that name the same are filed side by side."""

OFFER_RECORD = np.dtype(
    [
        ("row", np.int32),
        ("flags", np.uint8),
        ("slot", np.uint8),
        ("stages", np.uint8),
        ("admitted", np.uint8),
        ("categories", np.uint16),
        ("forms", np.uint32),
        ("objects", np.uint32),
        ("first_day", np.int32),
        ("last_day", np.int32),
        ("challenges", np.int32),
        ("least_days", np.int32),
        ("cap_days", np.int32),
        ("least_eur", np.int64),
        ("cap_eur", np.int64),
        ("signature", np.uint64),
    ],
    align=True,
)
PROJECT_RECORD = np.dtype(
    [
        ("row", np.int32),
        ("flags", np.uint8),
        ("stage", np.uint8),
        ("theme", np.int32),
        ("forms", np.uint32),
        ("objects", np.uint32),
        ("last_day", np.int32),
        ("challenge", np.int32),
        ("asked_days", np.int32),
        ("asked_eur", np.int64),
        ("signature", np.uint64),
    ],
    align=True,
)


def offer_record(row: int, values: Mapping[str, Any], flags: int, challenges: int, signature: int) -> tuple[int, ...]:
    """The record of an offer, from the values of its row and the number of the set of challenges that it names."""
    bars = (MONEY if values["only_money"] else 0) | (LABEL if values["labelled_only"] else 0)
    return (
        row,
        flags | bars | (BARRIER if values["needs_barrier"] else 0),
        values["slot"],
        values["stages"],
        values["admitted"],
        values["categories"],
        values["forms"],
        values["objects"],
        values["first_day"],
        values["last_day"],
        challenges,
        values["least_days"],
        values["cap_days"],
        values["least_eur"],
        values["cap_eur"],
        signature,
    )


def tells(values: Mapping[str, Any], challenges: int) -> int:
    """What an offer names, from the values of its row and its set of challenges."""
    return (
        (TELLS_STAGES if values["stages"] else 0)
        | (TELLS_OBJECTS if values["objects"] else 0)
        | (TELLS_COVER if values["cap_eur"] != UNKNOWN or values["cap_days"] != UNKNOWN else 0)
        | (TELLS_CHALLENGES if challenges else 0)
    )


def project_records(
    row: int, values: Mapping[str, Any], flags: int, theme: int, signature: int
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """For each slot that a project asks something of, the slot and the record to be filed under it."""
    bars = (MONEY if values["seeks_nothing"] else 0) | (0 if values["labelled"] else LABEL)
    flags |= bars | (0 if values["barrier"] else BARRIER)
    for slot in range(SLOTS):
        if values["asked"][slot]:
            yield (
                slot,
                (
                    row,
                    flags,
                    values["stage"],
                    theme,
                    values["forms"],
                    values["asked_objects"][slot],
                    values["last_day"],
                    values["challenge"],
                    values["asked_days"][slot],
                    values["asked_eur"][slot],
                    signature,
                ),
            )
