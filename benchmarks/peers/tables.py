"""The columns of the two tables that databases are given, made of the stock."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.stock import Stock

FILED = (
    *("slot", "first_day", "last_day", "only_money", "labelled_only", "needs_barrier", "admitted", "stages", "forms"),
    *("objects", "least_eur", "least_days", "cap_eur", "cap_days", "categories", "organisation", "siren"),
)
"""Columns that are as the plain index has them."""

Column = NDArray[Any]


def filed(stock: Stock) -> dict[str, Column]:
    """A row per offer and unit of its perimeter, in the order of units and slots; offers that are out have none."""
    rows, units = stock.filed()
    accepts = np.array([offer.offer.accepts_neighbours for offer in stock.offers])
    challenges = np.array([_one(each) for each in stock.challenges()], np.int32)
    columns = {name: stock.columns[name][rows] for name in FILED}
    return {"number": rows, "unit": units, "open": accepts[rows], "challenge": challenges[rows], **columns}


def texts(stock: Stock) -> dict[str, Column]:
    """A row per term of an offer, in the order of offers."""
    vectors = [offer.vector for offer in stock.offers]
    return {
        "number": np.repeat(np.arange(len(vectors), dtype=np.int32), [len(vector) for vector in vectors]),
        "term": np.concatenate([vector.indices for vector in vectors]),
        "weight": np.concatenate([vector.weights for vector in vectors]).astype(np.int32),
    }


def offers(stock: Stock) -> dict[str, Column]:
    """A row per offer: what breaks ties, and the norm of its text."""
    return {
        "number": np.arange(len(stock.offers), dtype=np.int32),
        "id": np.array([offer.id for offer in stock.offers], object),
        "type": np.array([offer.type for offer in stock.offers], object),
        "norm": np.array([offer.vector.norm for offer in stock.offers], np.int64),
    }


def _one(challenges: list[int]) -> int:
    """The challenge that an offer of the workload names; -2, which is none, where it names none."""
    assert len(challenges) < 2, "the tables have room for one challenge an offer"
    return challenges[0] if challenges else -2
