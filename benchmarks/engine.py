"""The engine against its peers, in one run on one workload, each checked for exactness: prints and writes ratios."""

import argparse
import gc
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.changes import change
from benchmarks.clock import load, mean_us, median_us
from benchmarks.lines import lines_of
from benchmarks.other_direction import other_direction
from benchmarks.peers import Answer, Peer
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
ALIKE, FEWEST = 50, 10
"""Questions that the slower peers are asked at most, and all at least, whatever time that takes."""
ROUNDS = 20
"""The engine is asked all its questions so often: once would be over before a neighbour's burst of work is."""


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
    parser.add_argument("--peer-seconds", type=float, default=60, help="after which a peer is asked no more questions")
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

    The engine is measured after each peer, and compared with it by that: the machine may be busier by then.
    Every query is asked once before it is measured: where places are is found out once, by all.
    """
    found: dict[str, Any] = {"workload": vars(options), "machine": machine.description()}
    begun = time.monotonic()
    limits = machine.limits(options.memory)
    say(begun, "the machine's limits are measured")
    workload = Workload(seed=options.seed, national=options.national, twins=options.twins)
    stock = Stock(list(prepared(workload, options.offers)))
    queries = [PREPARATION.project(project) for project in workload.projects(options.queries)]
    # All this stays: the collector need not walk through it again and again.
    gc.freeze()
    say(begun, f"{len(stock.offers)} offers are there")
    warm_up(queries[0], stock.offers[0], DAY)
    before = time.process_time()
    engine = Compiled()
    engine.load(stock)
    loading = (time.process_time() - before) / len(stock.offers) * 1e6
    answers = [engine.best(project) for project in queries]
    exact: dict[str, bool] = {}
    times = {"load": loading}
    tenth = _tenth(stock, queries)
    touched = _touched(engine, queries, limits)
    processes = two_against_one(engine.index, queries, options.seconds)
    asked: dict[str, int] = {}
    beside: dict[str, float] = {}
    for kind in PEERS:
        times[kind.name], asked[kind.name], told = against(kind(), stock, queries, answers, options.peer_seconds)
        beside[kind.name] = median_us(engine.best, queries * ROUNDS)
        exact |= told
        say(begun, f"{kind.name} was asked {asked[kind.name]} questions")
    times["engine"] = statistics.median(beside.values())
    times["upsert"], exact["after 10 % of changes"] = change(workload, engine, stock, queries)
    reverse = other_direction(workload, options.projects, list(stock.offers[: options.queries]))
    exact |= reverse.pop("exact")
    say(begun, "all is measured")
    return {
        **found,
        "limits": limits,
        "exact": exact,
        "asked": asked,
        "microseconds": {**times, "engine on a tenth of the offers": tenth, **reverse},
        "ratios": {
            **{f"faster than {name}": times[name] / engine_us for name, engine_us in beside.items()},
            "one upsert, in queries": times["upsert"] / times["engine"],
            "query, against one on a tenth of the offers": times["engine"] / tenth,
            **_of_offers(reverse),
        },
        "processes": processes,
        "lines": touched,
        "bytes per offer": engine.index.nbytes() / len(stock.offers),
        "load at the end": load(),
        "wall_s": round(time.monotonic() - begun),
    }


def say(begun: float, what: str) -> None:
    """Tell who waits how far this is."""
    sys.stderr.write(f"{time.monotonic() - begun:6.0f} s: {what}\n")


def against(
    peer: Peer, stock: Stock, queries: list[PreparedProject], answers: list[Answer], seconds: float
) -> tuple[float, int, dict[str, bool]]:
    """What a query takes a peer, how many it was asked, and whether it finds what the engine does.

    It is closed afterwards, and what it held is given back before the next one comes.
    """
    few = queries if isinstance(peer, NumpyLists) else queries[:ALIKE]
    peer.load(stock)
    try:
        end, name, count, is_exact = time.monotonic() + seconds / 2, peer.name, 0, True
        while count < len(few) and (count < FEWEST or time.monotonic() < end):
            is_exact &= _is_exact(peer, stock, few[count], answers[count])
            count += 1
        told = {f"{name}: eligible offers" if isinstance(peer, Tantivy) else name: is_exact}
        return median_us(peer.best, few[:count], peer.spent_ns), count, told
    finally:
        peer.close()


def _is_exact(peer: Peer, stock: Stock, project: PreparedProject, answer: Answer) -> bool:
    """Whether a peer answers as the engine does.

    Tantivy orders by BM25, which is not the score: its filters must let the same number through as the oracle's gates,
    and what it tells must be among these.
    """
    if not isinstance(peer, Tantivy):
        return peer.best(project) == answer
    found = stock.index.search(project, DAY, floors=np.zeros(stock.index.used, np.int32))
    passed = {(stock.offers[row].id, stock.offers[row].type) for row in found.rows.tolist()}
    told = {(offer_id, offer_type) for _score, offer_id, offer_type in peer.best(project)}
    return len(passed) == peer.eligible(project) and told <= passed and len(told) == min(20, len(passed))


def _tenth(stock: Stock, queries: list[PreparedProject]) -> float:
    """What the same queries take over the first tenth of the offers."""
    engine = Compiled()
    engine.load(Stock(stock.offers[: max(1, len(stock.offers) // 10)], stock.geography))
    for project in queries:
        engine.best(project)
    return median_us(engine.best, queries * ROUNDS)


def _touched(engine: Compiled, queries: list[PreparedProject], limits: dict[str, float]) -> dict[str, float]:
    """The cache lines of a query on average, and the share of the machine's random ones that it reads in its time."""
    found = [lines_of(engine.index, project) for project in queries]
    means = {name: sum(each[name] for each in found) / len(found) for name in found[0]}
    rate = sum(means.values()) / mean_us(engine.best, queries * ROUNDS) * 1e6
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
