"""A project as the peers ask for it: plain numbers, the same for each of them."""

from typing import Any, NamedTuple

import numpy as np

from benchmarks.stock import Stock
from benchmarks.workload import DAY
from services.matcher.matching.index.engine import theme_shares
from services.matcher.matching.index.layout import SLOTS, UNKNOWN, project_row
from services.matcher.matching.model import PreparedProject


class Question(NamedTuple):
    """What is asked of every offer.

    Units with the share their nearness earns, and whether from beside; slots of needs with what is asked of each; then
    the project's own facts; by category, what it earns, and the mask of those that earn; the text.
    """

    day: int
    units: list[int]
    shares: list[int]
    beside: list[bool]
    slots: list[int]
    eur: list[int]
    days: list[int]
    objects: list[int]
    stage: int
    forms: int
    challenge: int
    has_theme: bool
    labelled: bool
    barrier: bool
    seeks_nothing: bool
    organisation: int
    siren: int
    themes: list[int]
    met: int
    terms: list[int]
    weights: list[int]
    norm: int


def question(project: PreparedProject, stock: Stock) -> Question | None:
    """The question of a project on the day of the workload; none where no offer can be eligible."""
    found = project_row(project, stock.numbers)
    day = DAY.toordinal()
    if found["out"] or day > found["last_day"]:
        return None
    ranges = stock.units.serving(project.place.units)
    lengths = ranges[:, 1] - ranges[:, 0]
    slots = [slot for slot in range(SLOTS) if found["asked"][slot]]
    themes: list[int] = theme_shares(found["theme_worth"]).tolist()
    return Question(
        day,
        np.concatenate([np.arange(first, last) for first, last, _share, _beside in ranges]).tolist(),
        np.repeat(ranges[:, 2], lengths).tolist(),
        np.repeat(ranges[:, 3] != 0, lengths).tolist(),
        slots,
        [found["asked_eur"][slot] for slot in slots],
        [found["asked_days"][slot] for slot in slots],
        [found["asked_objects"][slot] for slot in slots],
        found["stage"],
        found["forms"],
        UNKNOWN if found["challenge"] == UNKNOWN else found["challenge"],
        found["has_theme"],
        found["labelled"],
        found["barrier"],
        found["seeks_nothing"],
        found["organisation"],
        found["siren"],
        themes,
        sum(1 << place for place, share in enumerate(themes) if share),
        *_text(project),
    )


def _text(project: PreparedProject) -> tuple[Any, ...]:
    return project.vector.indices.tolist(), project.vector.weights.tolist(), project.vector.norm
