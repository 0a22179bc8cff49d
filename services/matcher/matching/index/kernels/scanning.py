"""Reads the records that can serve who asks, nearest places first, and keeps those somebody may want.

Loops take arrays one by one: handing a tuple of them on costs more than judging a record.
"""

from typing import Any

import numpy as np

from services.matcher.matching.index.kernels.compiled import kernel
from services.matcher.matching.index.kernels.finding import is_barred, note
from services.matcher.matching.index.kernels.shares import is_refused, most_asked, most_told, told_share
from services.matcher.matching.index.kernels.texts import most_text

_ALL = 15
_STEPS, _STEP_BITS = 64, 14


@kernel
def runs_of_offers(filed: Any, cells: Any, ranges: Any, askers: Any, asks: Any, themes: Any, runs: Any) -> int:
    """Where the offers are that a project may look at: how many rows of `runs` were written.

    A run is the place of a first record, that after the last, what all of them earn by nearness and theme, which of
    the askers they meet, and what they earn at most without text. `asks` tells whether something is asked of a slot.
    `themes` has, by mask of categories in two halves, what the closest earns; below zero where it meets none.
    """
    heads, later, records, count = filed.heads, filed.later, filed.records, 0
    begins, places = cells.all, cells.places
    for place in range(len(ranges)):
        first, last, near, beside = ranges[place]
        for at in range(places[first], places[last]):
            cell = begins[at]
            slot, theme = cell["slot"], theme_share(themes, cell["categories"])
            if asks[slot] and theme >= 0:
                asker, end = slot + beside * len(asks), begins[at + 1]["start"]
                most = most_asked(askers[asker], cell["tells"])
                count = run(runs, count, cell["start"], end, near + theme, asker, most)
        for unit in range(first, last):
            position = heads[unit]
            while position >= 0:
                slot, theme = records[position]["slot"], theme_share(themes, records[position]["categories"])
                if asks[slot] and theme >= 0:
                    asker = slot + beside * len(asks)
                    most = most_asked(askers[asker], _ALL)
                    count = run(runs, count, position, position + 1, near + theme, asker, most)
                position = later[position]
    return count


@kernel
def runs_of_projects(filed: Any, ranges: Any, runs: Any) -> int:
    """Where the projects are that an offer may look at, as above; `ranges` are of places of the offer's slot."""
    starts, heads, later, count = filed.starts, filed.heads, filed.later, 0
    for place in range(len(ranges)):
        first, last, near, _beside = ranges[place]
        count = run(runs, count, starts[first], starts[last], near, 0, 0)
        for unit in range(first, last):
            position = heads[unit]
            while position >= 0:
                count = run(runs, count, position, position + 1, near, 0, 0)
                position = later[position]
    return count


@kernel
def run(runs: Any, count: int, first: int, last: int, met: int, asker: int, most: int) -> int:
    """Write one run."""
    runs[count, 0], runs[count, 1], runs[count, 2], runs[count, 3], runs[count, 4] = first, last, met, asker, met + most
    return count + 1


@kernel
def best_first(runs: Any, count: int, ordered: Any) -> None:
    """Copy so many runs into `ordered`, those that may earn most first, by steps of a sixty-fourth."""
    begins = np.zeros(_STEPS + 1, np.int64)
    for place in range(count):
        begins[_STEPS - min(_STEPS - 1, runs[place, 4] >> _STEP_BITS)] += 1
    for step in range(_STEPS):
        begins[step + 1] += begins[step]
    for place in range(count):
        step = _STEPS - 1 - min(_STEPS - 1, runs[place, 4] >> _STEP_BITS)
        ordered[begins[step]] = runs[place]
        begins[step] += 1


@kernel
def sift_offers(records: Any, runs: Any, askers: Any, held: Any, asked: Any, found: Any) -> None:
    """Note the offers of `runs` that no gate refuses and that somebody may want."""
    day, sets, starts, squares, norm = asked.day, asked.sets, asked.set_starts, asked.squares, asked.norm
    organisation, siren, declined, left_out = asked.organisation, asked.siren, asked.declined, asked.left_out
    counts, candidates, top, floors, details = found.counts, found.candidates, found.top, found.floors, held.details
    wanted, least = 0, 0
    for place in range(len(runs)):
        p, met = askers[runs[place, 3]], runs[place, 2]
        if len(floors) == 0 and runs[place, 4] + asked.most_text < wanted:
            continue
        for at in range(runs[place, 0], runs[place, 1]):
            o = records[at]
            least = min(wanted, floors[o["row"]]) if len(floors) else wanted
            if met + most_told(p, o) + asked.most_text < least or is_refused(p, o, day):
                continue
            known = met + told_share(p, o, sets, starts)
            bound = known + most_text(o["signature"], squares, norm)
            if bound >= least and not is_barred(details, o["row"], organisation, siren, declined, left_out):
                wanted = note(counts, candidates, top, o, known, bound)


@kernel
def sift_projects(records: Any, runs: Any, askers: Any, themes: Any, held: Any, asked: Any, found: Any) -> None:
    """Note the projects of `runs` that no gate refuses and that somebody may want.

    `themes` has, by number of a project's theme, what the offer's categories earn; below zero where they do not meet.
    """
    day, sets, starts, squares, norm = asked.day, asked.sets, asked.set_starts, asked.squares, asked.norm
    organisation, siren, declined, left_out = asked.organisation, asked.siren, asked.declined, asked.left_out
    counts, candidates, top, floors, details = found.counts, found.candidates, found.top, found.floors, held.details
    wanted, least, o = 0, 0, askers[0]
    for place in range(len(runs)):
        for at in range(runs[place, 0], runs[place, 1]):
            p = records[at]
            theme = themes[p["theme"]]
            met = runs[place, 2] + theme
            least = min(wanted, floors[p["row"]]) if len(floors) else wanted
            if theme < 0 or met + most_told(p, o) + asked.most_text < least or is_refused(p, o, day):
                continue
            known = met + told_share(p, o, sets, starts)
            bound = known + most_text(p["signature"], squares, norm)
            if bound >= least and not is_barred(details, p["row"], organisation, siren, declined, left_out):
                wanted = note(counts, candidates, top, p, known, bound)


@kernel
def theme_share(themes: Any, categories: int) -> int:
    """What the closest of these categories earns; nothing where none are named."""
    return 0 if categories == 0 else max(themes[0, categories & 63], themes[1, categories >> 6])


@kernel
def lay_out_themes(worths: Any, has_theme: bool, themes: Any) -> None:
    """From what each category earns, what the best of any mask does: by its low six bits, and by the others."""
    themes[:] = -1
    for place in range(len(worths)):
        half, bit = place // 6, 1 << (place % 6)
        earned = worths[place] if worths[place] > 0 or not has_theme else -1
        for mask in range(64):
            if mask & bit:
                themes[half, mask] = max(themes[half, mask], earned)
