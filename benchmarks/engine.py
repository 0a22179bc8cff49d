"""The engine against its peers, in one run on one workload, each checked for exactness: prints and writes ratios."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.changes import change
from benchmarks.clock import load, median_us
from benchmarks.lines import lines_of
from benchmarks.other_direction import other_direction
from benchmarks.peers import Answer, Peer, differing
from benchmarks.peers.compiled import Compiled
from benchmarks.peers.duck import DuckDb
from benchmarks.peers.inverted import Tantivy
from benchmarks.peers.numpy_lists import NumpyLists
from benchmarks.peers.postgres import PostgreSql
from benchmarks.peers.scikit_brute import ScikitBrute
from benchmarks.preparing import PREPARATION, prepared
from benchmarks.processes import two_against_one
from benchmarks.stock import Stock
from benchmarks.workload import DAY, Workload
from services.matcher.matching.index import warm_up
from services.matcher.matching.model import PreparedProject

RESULTS = Path(__file__).parent / "results"
PEERS: tuple[type[Peer], ...] = (NumpyLists, ScikitBrute, Tantivy, DuckDb, PostgreSql)
ALIKE = 50
"""Questions that the slower peers are asked at most."""


def main() -> int:
    """Run what the command line asks for; the exit code is 1 where an answer is not exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=100_000)
    parser.add_argument("--projects", type=int, default=20_000, help="of the other direction")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--national", type=float, default=0.1)
    parser.add_argument("--twins", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", type=int, default=2_048, help="MiB over which the machine's limits are measured")
    parser.add_argument("--seconds", type=float, default=5.0, help="of two processes against one")
    parser.add_argument("--name", default="engine")
    options = parser.parse_args()
    result = measure(options)
    text = json.dumps(result, indent=2, ensure_ascii=False)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{options.name}.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0 if all(result["exact"].values()) else 1


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All that one run says; times are microseconds of processor time, medians over the queries.

    Every query is asked twice, and measured the second time: where places are is found out once, by all.
    """
    found: dict[str, Any] = {"workload": vars(options), "machine": machine.description()}
    limits = machine.limits(options.memory)
    workload = Workload(seed=options.seed, national=options.national, twins=options.twins)
    stock = Stock(list(prepared(workload, options.offers)))
    queries = [PREPARATION.project(project) for project in workload.projects(options.queries)]
    warm_up(queries[0], stock.offers[0], DAY)
    before = time.process_time()
    engine = Compiled()
    engine.load(stock)
    loading = (time.process_time() - before) / len(stock.offers) * 1e6
    answers = [engine.best(project) for project in queries]
    exact: dict[str, bool] = {}
    times = {"engine": median_us(engine.best, queries), "load": loading}
    tenth = _tenth(stock, queries)
    touched = _touched(engine, queries, times["engine"], limits)
    processes = two_against_one(engine.index, queries, options.seconds)
    for kind in PEERS:
        times[kind.name], told = against(kind(), stock, queries, answers)
        exact |= told
    times["upsert"], exact["after 10 % of changes"] = change(workload, engine, stock, queries)
    reverse = other_direction(workload, options.projects, list(stock.offers[: options.queries]))
    exact |= reverse.pop("exact")
    return {
        **found,
        "limits": limits,
        "exact": exact,
        "microseconds": {**times, "engine on a tenth of the offers": tenth, **reverse},
        "ratios": {
            **{f"faster than {kind.name}": times[kind.name] / times["engine"] for kind in PEERS},
            "one upsert, in queries": times["upsert"] / times["engine"],
            "query, against one on a tenth of the offers": times["engine"] / tenth,
            **_of_offers(reverse),
        },
        "processes": processes,
        "lines": touched,
        "bytes per offer": engine.index.nbytes() / len(stock.offers),
        "load at the end": load(),
    }


def against(
    peer: Peer, stock: Stock, queries: list[PreparedProject], answers: list[Answer]
) -> tuple[float, dict[str, bool]]:
    """What a query takes a peer, and whether it finds what the engine does; it is closed afterwards."""
    few = queries if isinstance(peer, NumpyLists) else queries[:ALIKE]
    peer.load(stock)
    try:
        if isinstance(peer, Tantivy):
            told = {f"{peer.name}: eligible offers": _same_eligible(peer, stock, few)}
        else:
            told = {peer.name: differing(peer, few, answers[: len(few)]) == 0}
        return median_us(peer.best, few, peer.spent_ns), told
    finally:
        peer.close()


def _same_eligible(peer: Tantivy, stock: Stock, queries: list[PreparedProject]) -> bool:
    """Whether the filters let the same number through as the oracle's gates, and what is told is among these.

    Tantivy orders them by BM25, which is not the score: the order is not compared.
    """
    for project in queries:
        found = stock.index.search(project, DAY, floors=np.zeros(stock.index.used, np.int32))
        passed = {(stock.offers[row].id, stock.offers[row].type) for row in found.rows.tolist()}
        told = {(offer_id, offer_type) for _score, offer_id, offer_type in peer.best(project)}
        if len(passed) != peer.eligible(project) or not told <= passed or len(told) != min(20, len(passed)):
            return False
    return True


def _tenth(stock: Stock, queries: list[PreparedProject]) -> float:
    """What the same queries take over the first tenth of the offers."""
    engine = Compiled()
    engine.load(Stock(stock.offers[: max(1, len(stock.offers) // 10)], stock.geography))
    for project in queries:
        engine.best(project)
    return median_us(engine.best, queries)


def _touched(
    engine: Compiled, queries: list[PreparedProject], query_us: float, limits: dict[str, float]
) -> dict[str, float]:
    """The cache lines of a query on average, and the share of the machine's random ones that it reads in its time."""
    found = [lines_of(engine.index, project) for project in queries]
    means = {name: sum(each[name] for each in found) / len(found) for name in found[0]}
    seconds = sum(median_us(engine.best, [project]) for project in queries) / len(queries) / 1e6
    rate = sum(means.values()) / seconds
    return {
        **means,
        "share of random lines": rate / limits["lines_per_s"],
        "share of bytes in order": rate * 64 / limits["bytes_per_s"],
    }


def _of_offers(reverse: dict[str, float]) -> dict[str, float]:
    return {
        "projects of an offer, faster than NumPy lists": reverse["offer, NumPy lists"] / reverse["offer, engine"],
        "projects of an offer, against a tenth of the projects": reverse["offer, engine"] / reverse["offer, a tenth"],
    }


if __name__ == "__main__":
    sys.exit(main())
