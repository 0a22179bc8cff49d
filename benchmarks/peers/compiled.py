"""The compiled engine itself."""

from benchmarks.clock import OwnTime
from benchmarks.peers import Answer
from benchmarks.stock import Stock
from benchmarks.workload import DAY
from services.matcher.matching.index.offer_engine import OfferEngine
from services.matcher.matching.model import PreparedProject


class Compiled(OwnTime):
    """Numba kernels over briefs, then records."""

    name = "engine"

    def load(self, stock: Stock) -> None:
        self.index = OfferEngine(stock.geography)
        for offer in stock.offers:
            self.index.upsert(offer)
        self.index.sort()

    def best(self, project: PreparedProject) -> Answer:
        return [(score, *offer) for score, offer in self.index.search(project, DAY).best]
