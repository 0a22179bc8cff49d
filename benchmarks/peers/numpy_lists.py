"""The plain NumPy index: lists of rows by unit, gates and scores over whole arrays."""

from benchmarks.clock import OwnTime
from benchmarks.peers import Answer
from benchmarks.stock import Stock
from benchmarks.workload import DAY
from services.matcher.matching.model import PreparedProject


class NumpyLists(OwnTime):
    """The oracle, which serves where numba is missing."""

    name = "NumPy lists"

    def load(self, stock: Stock) -> None:
        self.index = stock.index

    def best(self, project: PreparedProject) -> Answer:
        return [(score, *offer) for score, offer in self.index.search(project, DAY).best]
