"""Projects and offers as records of at most 64 bytes: one layout for what is filed and for what asks."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from services.matcher.matching.index.layout import CATEGORIES, SLOTS, UNKNOWN

MONEY, LABEL, BARRIER, GONE, APART, SEVERAL = 1, 2, 4, 8, 16, 32
"""Flags: a pair of which both sides bear one of the first four is refused.

An offer brings money alone, a project seeks none; one wants the label, or a barrier, the other has none. `GONE` stands
on all that asks, and on what was taken out. The others refuse nothing by themselves: `APART` tells an offer that does
not accept neighbours, `SEVERAL` a row that is filed in several places.
"""
BARS = MONEY | LABEL | BARRIER | GONE

ADMITTED_AT, STAGES_AT, THEME_AT = 27, 33, 43
OBJECTS, ADMITTED, STAGES = (1 << 27) - 1, 63 << ADMITTED_AT, 63 << STAGES_AT
SAYS_OBJECTS, SAYS_COVER, SAYS_CHALLENGE, ALONE = (1 << at for at in range(39, 43))
"""What the 64 bits of a brief tell, which stands beside a record: most pairs are refused by it, or earn too little.

A pair is refused where its briefs have none of `OBJECTS` in common, or none of `ADMITTED`: who names nothing bears what
all others do. What both bear of `STAGES`, and what both say, is what may be earned. `ALONE` tells an offer that does
not accept neighbours. The theme of an offer is the mask of its categories, that of a project a number. Records of one
place stand in the order of their briefs: those of a theme are side by side.
"""
NO_OBJECT, NO_CATEGORY = 1 << 26, 1 << len(CATEGORIES)

WEIGHT_BITS = 16
"""A term of a text is one number: its id, then so many bits of weight, which is never 0."""

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


def offer_brief(values: Mapping[str, Any], flags: int, challenges: int) -> int:
    """The brief of an offer, from what its record is made of."""
    brief: int = values["objects"] or NO_OBJECT
    brief |= values["admitted"] << ADMITTED_AT or ADMITTED
    brief |= values["stages"] << STAGES_AT
    brief |= SAYS_OBJECTS if values["objects"] else 0
    brief |= SAYS_COVER if values["cap_eur"] != UNKNOWN or values["cap_days"] != UNKNOWN else 0
    brief |= SAYS_CHALLENGE if challenges else 0
    return brief | (ALONE if flags & APART else 0) | (values["categories"] or NO_CATEGORY) << THEME_AT


def project_brief(values: Mapping[str, Any], slot: int, theme: int) -> int:
    """The brief of a project under a slot; `theme` is the number of its theme, 0 where it asks."""
    objects = values["asked_objects"][slot]
    brief: int = objects | NO_OBJECT if objects else OBJECTS
    brief |= values["stage"] << ADMITTED_AT | values["stage"] << STAGES_AT
    brief |= SAYS_OBJECTS if objects else 0
    brief |= SAYS_COVER if values["asked_eur"][slot] > 0 or values["asked_days"][slot] > 0 else 0
    brief |= SAYS_CHALLENGE if values["challenge"] != UNKNOWN else 0
    return brief | theme << THEME_AT


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
