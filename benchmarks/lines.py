"""How many cache lines a query of the engine reads, counted by doing once more what it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np

from benchmarks.workload import DAY
from services.matcher.matching.index import offer_engine as measured
from services.matcher.matching.index.kernels.finding import (
    BOUND,
    CANDIDATES,
    FLAGS,
    KNOWN,
    ROW,
    TOP,
    least_at_top,
    note,
    rise,
)
from services.matcher.matching.index.kernels.shares import is_refused, most_told, told_share
from services.matcher.matching.index.kernels.texts import most_text, text_share
from services.matcher.matching.index.offer_engine import OfferEngine
from services.matcher.matching.model import PreparedProject

offer_engine: Any = measured
_TERMS_PER_LINE = 8
RECORDS, DETAILS, TEXTS = range(3)


def lines_of(engine: OfferEngine, project: PreparedProject) -> dict[str, int]:
    """Lines of 64 bytes that a query reads of what grows with the offers, each as often as it is come to.

    One for each record that is looked at (they are 64 bytes), one for what is kept beside of each candidate, one for
    each 64 bytes of each text that is compared. What is the same for all queries stays in the caches and is not
    counted, nor are the cells (8 bytes each) that tell where records begin.
    """
    counted = np.zeros(3, np.int64)
    with _counted(counted):
        engine.search(project, DAY)
    return {"records": int(counted[RECORDS]), "details": int(counted[DETAILS]), "texts": int(counted[TEXTS])}


@contextmanager
def _counted(counted: Any) -> Iterator[None]:
    """Let the next searches add to `counted`; raises `AssertionError` where counting finds other candidates."""
    sift, decide = offer_engine.sift_offers, offer_engine.decide

    def counting_sift(*given: Any) -> None:
        records, runs, askers, held, asked, found = given
        copied = _copied(found)
        sift(*given)
        noted = np.zeros(len(held.details), np.bool_)
        noted[found.candidates[: found.counts[CANDIDATES], ROW]] = True
        _count_sifting(records, runs, askers, noted, asked, copied, counted)
        assert copied.counts.tolist() == found.counts.tolist(), "the engine reads otherwise than is counted"

    def counting_decide(found: Any, held: Any, asked: Any) -> None:
        copied = _copied(found)
        _count_deciding(copied, held, asked, counted)
        decide(found, held, asked)
        assert copied.top.tolist() == found.top.tolist(), "the engine decides otherwise than is counted"

    offer_engine.sift_offers, offer_engine.decide = counting_sift, counting_decide
    try:
        yield
    finally:
        offer_engine.sift_offers, offer_engine.decide = sift, decide


def _copied(found: Any) -> Any:
    return found._replace(counts=found.counts.copy(), candidates=found.candidates.copy(), top=found.top.copy())


@numba.njit(error_model="numpy")
def _count_sifting(  # noqa: PLR0917 - compiled: has no arguments by name
    records: Any, runs: Any, askers: Any, noted: Any, asked: Any, found: Any, counted: Any
) -> None:
    counts, candidates, top = found.counts, found.candidates, found.top
    wanted = 0
    for place in range(len(runs)):
        p, met = askers[runs[place, 3]], runs[place, 2]
        if runs[place, 4] + asked.most_text < wanted:
            continue
        for at in range(runs[place, 0], runs[place, 1]):
            o = records[at]
            counted[RECORDS] += 1
            if met + most_told(p, o) + asked.most_text < wanted or is_refused(p, o, asked.day):
                continue
            known = met + told_share(p, o, asked.sets, asked.set_starts)
            bound = known + most_text(o["signature"], asked.squares, asked.norm)
            if bound >= wanted:
                counted[DETAILS] += 1
                # What bars a pair besides is left to the engine.
                if noted[o["row"]]:
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
