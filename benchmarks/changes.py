"""What changes take the engine, and whether its answers stay those of the oracle."""

import random
import time

from benchmarks.clock import mean_us
from benchmarks.peers import differing
from benchmarks.peers.compiled import Compiled
from benchmarks.peers.numpy_lists import NumpyLists
from benchmarks.preparing import prepared
from benchmarks.stock import Stock
from benchmarks.workload import Workload
from services.matcher.matching.model import PreparedProject


def change(workload: Workload, engine: Compiled, stock: Stock, queries: list[PreparedProject]) -> tuple[float, bool]:
    """Put one in twenty in anew and take one in twenty out: microseconds of an upsert, and whether answers are exact.

    The time that sorting takes, which searches do, is in the mean: they sort once one offer in a hundred changed. The
    plain index of the stock is changed, too.
    """
    chance, count = random.Random(workload.seed), len(stock.offers)
    anew = list(prepared(workload, count // 20, start=chance.randrange(count // 2)))
    sorting = min(_sorting_us(engine) for _ in range(3))
    spent = mean_us(engine.index.upsert, anew)
    for offer in anew:
        stock.index.upsert(offer)
    for offer in chance.sample(stock.offers, count // 20):
        engine.index.remove(offer.id, offer.type)
        stock.index.remove(offer.id, offer.type)
    plain, some = NumpyLists(), queries[:20]
    plain.load(stock)
    answers = [plain.best(project) for project in some]
    return spent + sorting / max(1_024, count // 100), differing(engine, some, answers) == 0


def _sorting_us(engine: Compiled) -> float:
    before = time.process_time()
    engine.index.sort()
    return (time.process_time() - before) * 1e6
