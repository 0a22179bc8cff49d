"""Reads the briefs of what is in reach, then the records of those that may earn most first; keeps who may be wanted.

Loops take arrays one by one: handing a tuple of them on costs more than judging a record.
"""

from typing import Any, NamedTuple

import numpy as np

from services.matcher.matching.criteria import WEIGHTS
from services.matcher.matching.index.kernels.compiled import kernel
from services.matcher.matching.index.kernels.finding import AHEAD, decide, is_barred, note
from services.matcher.matching.index.kernels.shares import is_refused, most_told, share, told_share
from services.matcher.matching.index.kernels.texts import most_text
from services.matcher.matching.index.layout import SLOTS
from services.matcher.matching.index.records import ADMITTED, ALONE, NO_CATEGORY, OBJECTS, THEME_AT
from shared.text.vectors import MILLION

THEME = WEIGHTS["category"]
_HALF, _LOW = 6, 63
_STEPS, _STEP_BITS = 64, 14
STEP = (1 << _STEP_BITS) - 1
"""What marks may earn tells so many steps, each of which is as wide as this mask: within one there is no order."""
BATCH = 16
"""So many records are read without waiting for one another."""
FIRST, LAST, NEAR, BESIDE, SLOT = range(5)
PROJECT, OFFER, MET, MOST = range(4)


class Asking(NamedTuple):
    """Who asks: what is in reach (as `Units` tells), in which slots, a record and a brief for each of these.

    `themes` tells a project's worth of each category, in millionths; of an offer, what the theme of each number earns,
    below zero where it does not meet.
    """

    ranges: Any
    slots: Any
    records: Any
    briefs: Any
    themes: Any


class Room(NamedTuple):
    """Room for what a query looks at: runs of records, marks of those it does not refuse, the same in order."""

    runs: Any
    marks: Any
    ordered: Any


@kernel
def search_offers(filed: Any, asking: Any, room: Any, held: Any, asked: Any, found: Any) -> None:
    """Find what a project may have of the offers that are filed."""
    count = find_runs(filed, asking.ranges, asking.slots, room.runs)
    for place in range(count):
        found.counts[AHEAD] += filed.briefs[room.runs[place, FIRST]]
    themes = np.zeros((2, _LOW + 1), np.int32)
    met = lay_out_themes(asking.themes, themes)
    count = mark_offers(filed.briefs, room.runs[:count], asking.briefs, met, themes, room.marks)
    best_first(room.marks, count, room.ordered)
    sift(filed.records, OFFER, asking.records, filed.records, room.ordered[:count], held, asked, found)
    decide(found, held, asked)


@kernel
def search_projects(filed: Any, asking: Any, room: Any, held: Any, asked: Any, found: Any) -> None:
    """Find which of the projects that are filed an offer may serve."""
    count = find_runs(filed, asking.ranges, asking.slots, room.runs)
    count = mark_projects(filed.briefs, room.runs[:count], asking.briefs, asking.themes, room.marks)
    best_first(room.marks, count, room.ordered)
    sift(filed.records, PROJECT, filed.records, asking.records, room.ordered[:count], held, asked, found)
    decide(found, held, asked)


@kernel
def find_runs(filed: Any, ranges: Any, slots: Any, runs: Any) -> int:
    """Where the records in reach are: how many rows of `runs` were written.

    A run is the place of a first record, that after the last, what all of them earn by nearness, whether it is reached
    from beside, and which of `slots` it is of.
    """
    starts, heads, later, count = filed.starts, filed.heads, filed.later, 0
    units = len(heads) // SLOTS
    for slot in range(len(slots)):
        for place in range(len(ranges)):
            near, beside = ranges[place, 2], ranges[place, 3]
            first, last = slots[slot] * units + ranges[place, 0], slots[slot] * units + ranges[place, 1]
            if starts[first] < starts[last]:
                count = run(runs, count, starts[first], starts[last], near, beside, slot)
            for unit in range(first, last):
                position = heads[unit]
                while position >= 0:
                    count = run(runs, count, position, position + 1, near, beside, slot)
                    position = later[position]
    return count


@kernel
def run(runs: Any, count: int, first: int, last: int, near: int, beside: int, slot: int) -> int:
    """Write one run."""
    runs[count, FIRST], runs[count, LAST], runs[count, NEAR] = first, last, near
    runs[count, BESIDE], runs[count, SLOT] = beside, slot
    return count + 1


@kernel
def mark_offers(briefs: Any, runs: Any, askers: Any, met: int, themes: Any, marks: Any) -> int:
    """Mark the offers of `runs` whose briefs do not refuse the pair: how many rows of `marks` were written.

    A mark tells where the records of both are, what the pair earns by nearness and theme, and what it may at most but
    for its text. `met` is the mask of the categories that do not refuse it; `themes` has, by mask of categories in two
    halves, what the closest earns.
    """
    count = 0
    for place in range(len(runs)):
        slot, near, bar = runs[place, SLOT], runs[place, NEAR], ALONE if runs[place, BESIDE] else 0
        p = askers[slot] | met << THEME_AT
        for at in range(runs[place, FIRST], runs[place, LAST]):
            o = briefs[at]
            both = p & o
            if (both & OBJECTS != 0) & (both & ADMITTED != 0) & (both >> THEME_AT != 0) & (o & bar == 0):
                theme = max(themes[0, o >> THEME_AT & _LOW], themes[1, o >> (THEME_AT + _HALF)])
                count = mark(marks, count, slot, at, near + theme, both)
    return count


@kernel
def mark_projects(briefs: Any, runs: Any, askers: Any, themes: Any, marks: Any) -> int:
    """The same of the projects; `themes` has, by number of a theme, what it earns, below zero where it does not meet.

    Those for neighbours alone are not in reach where the offer does not accept them.
    """
    count, o = 0, askers[0]
    for place in range(len(runs)):
        for at in range(runs[place, FIRST], runs[place, LAST]):
            p = briefs[at]
            both, theme = p & o, themes[p >> THEME_AT]
            if (both & OBJECTS != 0) & (both & ADMITTED != 0) & (theme >= 0):
                count = mark(marks, count, at, 0, runs[place, NEAR] + theme, both)
    return count


@kernel
def mark(marks: Any, count: int, project: int, offer: int, met: int, both: int) -> int:
    """Write one mark; `both` is what both briefs bear."""
    marks[count, PROJECT], marks[count, OFFER] = project, offer
    marks[count, MET], marks[count, MOST] = met, met + most_told(both)
    return count + 1


@kernel
def best_first(marks: Any, count: int, ordered: Any) -> None:
    """Copy so many marks into `ordered`, those that may earn most first, by steps of a sixty-fourth."""
    begins = np.zeros(_STEPS + 1, np.int64)
    for place in range(count):
        begins[_STEPS - min(_STEPS - 1, marks[place, MOST] >> _STEP_BITS)] += 1
    for step in range(_STEPS):
        begins[step + 1] += begins[step]
    for place in range(count):
        step = _STEPS - 1 - min(_STEPS - 1, marks[place, MOST] >> _STEP_BITS)
        for part in range(4):
            ordered[begins[step], part] = marks[place, part]
        begins[step] += 1


@kernel
def sift(records: Any, own: int, projects: Any, offers: Any, marks: Any, held: Any, asked: Any, found: Any) -> None:
    """Note whom of `marks` no gate refuses and somebody may want; `own` is the column of what was filed.

    By batches: gates are asked of all records of one before any is judged, so that reading one waits for no other.
    """
    sets, starts, squares, norm = asked.sets, asked.set_starts, asked.squares, asked.norm
    organisation, siren, declined, left_out = asked.organisation, asked.siren, asked.declined, asked.left_out
    counts, candidates, top, floors, details = found.counts, found.candidates, found.top, found.floors, held.details
    wanted, open_ = 0, np.zeros(BATCH, np.int32)
    for first in range(0, len(marks), BATCH):
        if len(floors) == 0 and (marks[first, MOST] | STEP) + asked.most_text < wanted:
            return
        count = let_through(projects, offers, marks, first, min(first + BATCH, len(marks)), asked.day, open_)
        for place in open_[:count]:
            counts[AHEAD] += details[records[marks[place, own]]["row"]]["organisation"]
        for place in open_[:count]:
            p, o, each = projects[marks[place, PROJECT]], offers[marks[place, OFFER]], records[marks[place, own]]
            least = min(wanted, floors[each["row"]]) if len(floors) else wanted
            text = most_text(each["signature"], squares, norm)
            if marks[place, MOST] + text < least:
                continue
            known = marks[place, MET] + told_share(p, o, sets, starts)
            bound = known + text
            if bound >= least and not is_barred(details, each["row"], organisation, siren, declined, left_out):
                wanted = note(counts, candidates, top, each, known, bound)


@kernel
def let_through(projects: Any, offers: Any, marks: Any, first: int, last: int, day: int, open_: Any) -> int:
    """Which of the marks from `first` to before `last` no gate refuses: how many places of `open_` were written."""
    count = 0
    for place in range(first, last):
        open_[count] = place
        count += not is_refused(projects[marks[place, PROJECT]], offers[marks[place, OFFER]], day)
    return count


@kernel
def lay_out_themes(worths: Any, themes: Any) -> int:
    """From the worth of each category, what the best of any mask earns: by its low six bits, and by the others.

    Returns the mask of those that a project meets: without themes of its own it meets all.
    """
    met = 0
    for place in range(len(worths)):
        half, bit, earned = place // _HALF, 1 << (place % _HALF), share(THEME, worths[place], MILLION)
        met |= (worths[place] > 0) << place
        for mask in range(_LOW + 1):
            if mask & bit:
                themes[half, mask] = max(themes[half, mask], earned)
    return (met if met else NO_CATEGORY - 1) | NO_CATEGORY
