"""The plain NumPy index: lists of rows by unit, gates and scores over whole arrays."""

from collections.abc import Iterable

from benchmarks.peers import Answer
from benchmarks.workload import DAY
from services.matcher.matching.index import OfferIndex
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.reference.geography import load_geography


class NumpyLists:
    """The oracle, which serves where numba is missing."""

    name = "numpy"

    def __init__(self) -> None:
        self.index = OfferIndex(load_geography())

    def load(self, offers: Iterable[PreparedOffer]) -> None:
        for offer in offers:
            self.index.upsert(offer)

    def best(self, project: PreparedProject) -> Answer:
        return [(score, offer.id, offer.type) for score, offer in self.index.best_scores(project, DAY)]
