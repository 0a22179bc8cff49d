"""Two processes of one scoring thread each against one, on the engine alone: each has all offers, and half the work."""

import time
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

from benchmarks.clock import load
from benchmarks.workload import DAY
from services.matcher.matching.index.offer_engine import OfferEngine
from services.matcher.matching.model import PreparedProject


def two_against_one(engine: OfferEngine, projects: Sequence[PreparedProject], seconds: float) -> dict[str, Any]:
    """How many times as many queries two answer, by the wall's clock, as one does in the same time.

    Only that clock can tell it, and only on a machine where two cores are free: `load` says how busy it was. `by_cpu`
    is what would be left of 2 where both cores were free, since a query takes longer beside another.
    """
    one, two = (_together(engine, projects, seconds, count) for count in (1, 2))
    return {
        "two against one": sum(done for done, _ in two) / sum(done for done, _ in one),
        "by_cpu": 2 * _cpu_per_query(one) / _cpu_per_query(two),
        "load": load(),
    }


def _together(
    engine: OfferEngine, projects: Sequence[PreparedProject], seconds: float, count: int
) -> list[tuple[int, float]]:
    context = get_context("fork")
    start, told = context.Barrier(count), context.SimpleQueue()
    workers = [context.Process(target=_work, args=(engine, projects, seconds, start, told)) for _ in range(count)]
    for worker in workers:
        worker.start()
    found = [told.get() for _ in workers]
    for worker in workers:
        worker.join()
    return found


def _work(engine: OfferEngine, projects: Sequence[PreparedProject], seconds: float, start: Barrier, told: Any) -> None:
    for project in projects[:10]:
        engine.search(project, DAY)
    start.wait()
    done, cpu, end = 0, time.process_time(), time.monotonic() + seconds
    while time.monotonic() < end:
        engine.search(projects[done % len(projects)], DAY)
        done += 1
    told.put((done, time.process_time() - cpu))


def _cpu_per_query(found: list[tuple[int, float]]) -> float:
    return sum(cpu for _, cpu in found) / sum(done for done, _ in found)
