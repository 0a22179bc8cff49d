"""The best projects of an offer, where an offer came and projects wait."""

from typing import Any

from benchmarks.clock import median_us
from benchmarks.preparing import PREPARATION
from benchmarks.workload import DAY, Workload
from services.matcher.matching.index import ProjectIndex
from services.matcher.matching.index.project_engine import ProjectEngine
from services.matcher.matching.model import PreparedOffer


def other_direction(workload: Workload, count: int, offers: list[PreparedOffer]) -> dict[str, Any]:
    """Microseconds of an offer over so many projects, and over a tenth of them."""
    engine, tenth = ProjectEngine(PREPARATION.geography), ProjectEngine(PREPARATION.geography)
    plain = ProjectIndex(PREPARATION.geography)
    for number, project in enumerate(workload.projects(count, start=1_000_000)):
        ready = PREPARATION.project(project)
        engine.upsert(ready)
        plain.upsert(ready)
        if number < count // 10:
            tenth.upsert(ready)
    for each in (engine, tenth):
        each.sort()
    some = offers[:50]
    told = [engine.search(offer, DAY).best for offer in offers]
    expected = [plain.search(offer, DAY).best for offer in some]
    for offer in offers:
        tenth.search(offer, DAY)
    return {
        "offer, engine": median_us(lambda offer: engine.search(offer, DAY), offers),
        "offer, a tenth": median_us(lambda offer: tenth.search(offer, DAY), offers),
        "offer, NumPy lists": median_us(lambda offer: plain.search(offer, DAY), some),
        "exact": {"projects of an offer": told[: len(some)] == expected},
    }
