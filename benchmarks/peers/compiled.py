"""The compiled engine itself."""

from collections.abc import Iterable

from benchmarks.peers import Answer
from benchmarks.workload import DAY
from services.matcher.matching.index.offer_engine import OfferEngine
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.reference.geography import load_geography


class Compiled:
    """Numba kernels over cells of records."""

    name = "engine"

    def __init__(self) -> None:
        self.index = OfferEngine(load_geography())

    def load(self, offers: Iterable[PreparedOffer]) -> None:
        for offer in offers:
            self.index.upsert(offer)
        self.index.sort()

    def best(self, project: PreparedProject) -> Answer:
        return [(score, offer.id, offer.type) for score, offer in self.index.search(project, DAY).best]
