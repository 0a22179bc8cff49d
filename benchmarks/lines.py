"""How many cache lines a query of the engine reads, counted by doing once more what it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np

from benchmarks.workload import DAY
from services.matcher.matching.index import offer_engine as measured
from services.matcher.matching.index.kernels.finding import (
    AHEAD,
    BOUND,
    CANDIDATES,
    FLAGS,
    KNOWN,
    ROW,
    TOP,
    decide,
    least_at_top,
    note,
    rise,
)
from services.matcher.matching.index.kernels.scanning import (
    BATCH,
    FIRST,
    LAST,
    MET,
    MOST,
    OFFER,
    PROJECT,
    STEP,
    best_first,
    find_runs,
    lay_out_themes,
    mark_offers,
    sift,
)
from services.matcher.matching.index.kernels.shares import is_refused, told_share
from services.matcher.matching.index.kernels.texts import most_text, text_share
from services.matcher.matching.index.offer_engine import OfferEngine
from services.matcher.matching.model import PreparedProject

offer_engine: Any = measured
_TERMS_PER_LINE = _BRIEFS_PER_LINE = 8
BRIEFS, RECORDS, DETAILS, TEXTS = range(4)


def lines_of(engine: OfferEngine, project: PreparedProject) -> dict[str, int]:
    """Lines of 64 bytes that a query reads of what grows with the offers, each as often as it is come to.

    One for each 64 bytes of briefs in reach, which are read in order; one for each record that is looked at (they are
    64 bytes), one for what is kept beside of each candidate, one for each 64 bytes of each text that is compared. What
    is the same for all queries stays in the caches and is not counted.
    """
    counted = np.zeros(4, np.int64)
    with _counted(counted):
        engine.search(project, DAY)
    return dict(zip(("briefs", "records", "details", "texts"), counted.tolist(), strict=True))


@contextmanager
def _counted(counted: Any) -> Iterator[None]:
    """Let the next searches add to `counted`; raises `AssertionError` where counting finds other candidates."""
    search = offer_engine.search_offers

    def counting(*given: Any) -> None:
        filed, asking, room, held, asked, found = given
        runs = room.runs[: find_runs(filed, asking.ranges, asking.slots, room.runs)]
        counted[BRIEFS] += ((runs[:, LAST] - 1) // _BRIEFS_PER_LINE - runs[:, FIRST] // _BRIEFS_PER_LINE + 1).sum()
        themes = np.zeros((2, 64), np.int32)
        met = lay_out_themes(asking.themes, themes)
        marked = mark_offers(filed.briefs, runs, asking.briefs, met, themes, room.marks)
        best_first(room.marks, marked, room.ordered)
        marks, copied = room.ordered[:marked], _copied(found)
        sift(filed.records, OFFER, asking.records, filed.records, marks, held, asked, found)
        noted = np.zeros(len(held.details), np.bool_)
        noted[found.candidates[: found.counts[CANDIDATES], ROW]] = True
        _count_sifting(filed.records, marks, asking.records, noted, asked, copied, counted)
        assert copied.counts[:AHEAD].tolist() == found.counts[:AHEAD].tolist(), (
            "the engine reads otherwise than is counted"
        )
        copied = _copied(found)
        _count_deciding(copied, held, asked, counted)
        decide(found, held, asked)
        assert copied.top.tolist() == found.top.tolist(), "the engine decides otherwise than is counted"

    offer_engine.search_offers = counting
    try:
        yield
    finally:
        offer_engine.search_offers = search


def _copied(found: Any) -> Any:
    return found._replace(counts=found.counts.copy(), candidates=found.candidates.copy(), top=found.top.copy())


@numba.njit(error_model="numpy")
def _count_sifting(  # noqa: PLR0917 - compiled: has no arguments by name
    records: Any, marks: Any, askers: Any, noted: Any, asked: Any, found: Any, counted: Any
) -> None:
    counts, candidates, top = found.counts, found.candidates, found.top
    wanted = 0
    for first in range(0, len(marks), BATCH):
        if (marks[first, MOST] | STEP) + asked.most_text < wanted:
            return
        for place in range(first, min(first + BATCH, len(marks))):
            p, o = askers[marks[place, PROJECT]], records[marks[place, OFFER]]
            counted[RECORDS] += 1
            if is_refused(p, o, asked.day):
                continue
            counted[DETAILS] += 1
            known = marks[place, MET] + told_share(p, o, asked.sets, asked.set_starts)
            bound = known + most_text(o["signature"], asked.squares, asked.norm)
            # What bars a pair besides is left to the engine.
            if bound >= wanted and noted[o["row"]]:
                wanted = note(counts, candidates, top, o, known, bound)


@numba.njit(error_model="numpy")
def _count_deciding(found: Any, held: Any, asked: Any, counted: Any) -> None:
    counts, candidates, top, details = found.counts, found.candidates, found.top, held.details
    least = wanted = least_at_top(counts, top)
    counts[TOP] = 0
    for at in range(counts[CANDIDATES]):
        row = candidates[at, ROW]
        if candidates[at, BOUND] < wanted:
            continue
        counted[DETAILS] += 1
        counted[TEXTS] += (details[row]["terms"] + _TERMS_PER_LINE - 1) // _TERMS_PER_LINE
        score = candidates[at, KNOWN] + text_share(details[row], held.texts, asked.terms, asked.norm)
        if score >= wanted:
            rise(counts, top, held, row, candidates[at, FLAGS], score)
            wanted = max(least, least_at_top(counts, top))
