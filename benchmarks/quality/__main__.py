"""Measures the quality of rankings, writes it to benchmarks/results and docs, and fails below a stored floor."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.floors import Measures, load_floors, missed
from benchmarks.quality.fonds_vert import FondsVert, load_fonds_vert
from benchmarks.quality.judging import judge
from benchmarks.quality.learned import learned, part_of_names, parts_of_titles
from benchmarks.quality.page import PAGE, tables, written
from benchmarks.quality.peers import bm25, majority, regression
from benchmarks.quality.samples import DAYS, challenges_first
from benchmarks.quality.zero_shot import with_vocabulary_of, zero_shot
from shared.text.model import load_text_model

RESULTS = Path(__file__).parents[1] / "results" / "quality.json"
Ranked = tuple[str, NDArray[np.float64]]


def main() -> int:
    """Measure all, write, print; the exit code is 1 where a floor is missed."""
    before = time.process_time()
    rankings, samples, floors = measured_rankings(), measured_samples(), load_floors()
    told = tables(rankings, samples, floors)
    RESULTS.write_text(json.dumps({"rankings": rankings, "samples": samples}, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), told), encoding="utf-8")
    below = missed({**rankings, **samples}, floors)
    ended = f"{time.process_time() - before:.0f} s of processor time"
    sys.stdout.write("\n".join([told, *below, ended, ""]))
    return 1 if below else 0


def measured_rankings() -> Measures:
    """Each ranking of the Fonds vert with its measures, to four digits; peers first."""
    data = load_fonds_vert()
    return {name: _measures(scores, data) for name, scores in ranked(data)}


def ranked(data: FondsVert) -> Iterator[Ranked]:
    """The scores that each way of ranking gives, a row per project and a column per fund."""
    served, fitted = load_text_model(), with_vocabulary_of(data.descriptions)
    similar = zero_shot(fitted, data.titles, data.descriptions)
    titles, names = parts_of_titles(data.titles), part_of_names(data.beneficiaries)
    yield "majority", majority(data)
    yield "BM25, bare names", bm25(data.titles, data.names)
    yield "BM25, descriptions", bm25(data.titles, data.descriptions)
    yield "TF-IDF and logistic regression", regression(data)
    yield "Essaim as served, bare names", zero_shot(served, data.titles, data.names)
    yield "Essaim as served, descriptions", zero_shot(served, data.titles, data.descriptions)
    yield "Essaim fitted to its funds, descriptions", similar
    yield "learned, title", learned(titles, similar / 1e6, data.paid, data.folds)
    yield "learned, title and beneficiary", learned([*titles, names], similar / 1e6, data.paid, data.folds)


def _measures(scores: NDArray[np.float64], data: FondsVert) -> Mapping[str, float]:
    whole = judge(scores, data.paid)
    some = {"first_fold": data.folds == 0, "new_titles": data.new_titles()}
    told = {
        "accuracy": whole.accuracy,
        "macro_f1": whole.macro_f1,
        "mrr": whole.mrr,
        **{name: judge(scores[rows], data.paid[rows]).accuracy for name, rows in some.items()},
    }
    return {name: round(value, 4) for name, value in told.items()}


def measured_samples() -> Measures:
    """What each day counts on the samples."""
    return {f"samples of {day}": challenges_first(day) for day in DAYS}


if __name__ == "__main__":
    sys.exit(main())
