"""The workload as the engine takes it: vectors made, places resolved."""

from collections.abc import Iterator

from benchmarks.workload import Workload
from services.matcher.matching.model import PreparedOffer
from services.matcher.matching.prepare import is_context
from services.matcher.offline import reference_preparation
from shared.events.shapes import Fund

PREPARATION = reference_preparation()


def prepared(workload: Workload, count: int, *, start: int = 0) -> Iterator[PreparedOffer]:
    """So many offers of the workload, ready to be judged."""
    for offer in workload.offers(count, start=start):
        if not (isinstance(offer, Fund) and is_context(offer, frozenset())):
            yield PREPARATION.offer(offer)
