"""The engine against its peers, in one run on one workload, each checked for exactness: prints and writes ratios."""

import argparse
import json
import platform
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.clock import mean_us, median_us
from benchmarks.peers import Answer, Peer
from benchmarks.peers.compiled import Compiled
from benchmarks.peers.numpy_lists import NumpyLists
from benchmarks.peers.scikit_brute import ScikitBrute
from benchmarks.workload import DAY, Workload
from services.matcher.matching.index import ProjectIndex
from services.matcher.matching.index.project_engine import ProjectEngine
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.prepare import is_context
from services.matcher.offline import reference_preparation
from shared.events.shapes import Fund

RESULTS = Path(__file__).parent / "results"
PEERS: tuple[type[Peer], ...] = (NumpyLists, ScikitBrute)
PREPARATION = reference_preparation()


def main() -> int:
    """Run what the command line asks for; the exit code is 1 where an answer is not exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=100_000)
    parser.add_argument("--projects", type=int, default=20_000, help="of the other direction")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--national", type=float, default=0.1)
    parser.add_argument("--twins", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="engine")
    options = parser.parse_args()
    result = measure(options)
    text = json.dumps(result, indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{options.name}.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0 if all(result["exact"].values()) else 1


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All that one run says; times are microseconds of processor time, medians over the queries.

    Every query is asked twice, and measured the second time: where places are is found out once, by all.
    """
    workload = Workload(seed=options.seed, national=options.national, twins=options.twins)
    offers = list(prepared(workload, options.offers))
    queries = [PREPARATION.project(project) for project in workload.projects(options.queries)]
    engine, exact, times = Compiled(), {}, {}
    before = time.process_time()
    engine.load(offers)
    load_us = (time.process_time() - before) / len(offers) * 1e6
    answers = _answers(engine, queries)
    times["engine"] = median_us(engine.best, queries)
    for kind in PEERS:
        peer = kind()
        peer.load(offers)
        some = queries[: max(10, options.queries // 5)]
        exact[peer.name] = _answers(peer, some) == answers[: len(some)]
        times[peer.name] = median_us(peer.best, some)
        if isinstance(peer, NumpyLists):
            upserts, exact["after 10 % of changes"] = change(workload, engine, peer, offers, queries)
    reverse = other_direction(workload, options.projects, offers[: options.queries])
    exact["projects of an offer"] = reverse.pop("exact")
    return {
        "workload": vars(options),
        "machine": {"python": platform.python_version(), "processor": platform.machine()},
        "exact": exact,
        "microseconds": {**times, **reverse, "upsert": upserts, "load": load_us},
        "ratios": {
            **{f"engine is faster than {kind.name}": times[kind.name] / times["engine"] for kind in PEERS},
            "projects of an offer, engine is faster than numpy": reverse["offer, numpy"] / reverse["offer, engine"],
            "one upsert, in queries": upserts / times["engine"],
        },
        "bytes per offer": engine.index.nbytes() / len(offers),
    }


def prepared(workload: Workload, count: int, *, start: int = 0) -> Iterator[PreparedOffer]:
    """So many offers of the workload, ready to be judged."""
    for offer in workload.offers(count, start=start):
        if not (isinstance(offer, Fund) and is_context(offer, frozenset())):
            yield PREPARATION.offer(offer)


def change(
    workload: Workload, engine: Compiled, plain: NumpyLists, offers: list[PreparedOffer], queries: list[PreparedProject]
) -> tuple[float, bool]:
    """Put one in twenty in anew and take one in twenty out: what an upsert takes, and whether answers stay exact.

    The time that sorting takes, which searches do, is in the mean: a search follows every hundred upserts.
    """
    chance = random.Random(workload.seed)
    anew = list(prepared(workload, len(offers) // 20, start=chance.randrange(len(offers) // 2)))
    sorting = [max(0.0, _sorting_us(engine)) / 100 for _ in range(3)]
    spent = mean_us(engine.index.upsert, anew)
    share = min(sorting) * 100 / max(1_024, len(offers) // 100)
    for offer in anew:
        plain.index.upsert(offer)
    for offer in chance.sample(offers, len(offers) // 20):
        engine.index.remove(offer.id, offer.type)
        plain.index.remove(offer.id, offer.type)
    some = queries[:20]
    return spent + share, _answers(engine, some) == _answers(plain, some)


def _sorting_us(engine: Compiled) -> float:
    before = time.process_time()
    engine.index.sort()
    return (time.process_time() - before) * 1e6


def _answers(peer: Peer, queries: list[PreparedProject]) -> list[Answer]:
    return [peer.best(project) for project in queries]


def other_direction(workload: Workload, count: int, offers: list[PreparedOffer]) -> dict[str, Any]:
    """The best projects of an offer, among so many."""
    engine, plain = ProjectEngine(PREPARATION.geography), ProjectIndex(PREPARATION.geography)
    for project in workload.projects(count, start=1_000_000):
        ready = PREPARATION.project(project)
        engine.upsert(ready)
        plain.upsert(ready)
    engine.sort()
    some = offers[:50]
    told = [[(score, each.id) for score, each in engine.search(offer, DAY).best] for offer in offers]
    expected = [[(score, each.id) for score, each in plain.best_scores(offer, DAY)] for offer in some]
    return {
        "offer, engine": median_us(lambda offer: engine.search(offer, DAY), offers),
        "offer, numpy": median_us(lambda offer: plain.best_scores(offer, DAY), some),
        "exact": told[:50] == expected,
    }


if __name__ == "__main__":
    sys.exit(main())
