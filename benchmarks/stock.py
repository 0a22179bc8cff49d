"""All offers of one run, prepared once, and the columns that peers make their tables of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index import OfferIndex
from services.matcher.matching.index.layout import Numbers
from services.matcher.matching.index.table import Columns
from services.matcher.matching.index.units import Units, units_of
from services.matcher.matching.model import PreparedOffer
from shared.reference.geography import Geography, load_geography


@dataclass(frozen=True, eq=False)
class Stock:
    """Offers, in the order of the workload."""

    offers: Sequence[PreparedOffer]
    geography: Geography = field(default_factory=load_geography)

    @cached_property
    def index(self) -> OfferIndex:
        """The plain index over them; a row is an offer's place here, until it is changed."""
        index = OfferIndex(self.geography)
        for offer in self.offers:
            index.upsert(offer)
        return index

    @property
    def columns(self) -> Columns:
        """What the gates and criteria read of each row, but for places, challenges and texts."""
        return {name: column[: self.index.used] for name, column in self.index._table.columns.items()}

    @property
    def numbers(self) -> Numbers:
        """What ids and challenges are called in the columns."""
        return self.index._numbers

    @cached_property
    def units(self) -> Units:
        """The numbers of places, and which of them serve a project: as the engine is told, so are peers."""
        return units_of(self.geography)

    def filed(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """A row and a unit for each unit of each offer that is not out, in the order of units and slots."""
        pairs = [
            (row, unit)
            for row, (offer, out) in enumerate(zip(self.offers, self.columns["out"].tolist(), strict=True))
            if not out
            for unit in self.units.numbers(offer.units)
        ]
        rows, units = np.array(pairs, np.int32).reshape(-1, 2).T
        order = np.lexsort((self.columns["slot"][rows], units))
        return rows[order], units[order]

    def challenges(self) -> list[list[int]]:
        """The numbers of the challenges that each row names."""
        return [[self.numbers.of(challenge) for challenge in sorted(offer.challenges)] for offer in self.offers]


def values(column: NDArray[Any]) -> list[Any]:
    """A column in Python's own types."""
    found: list[Any] = column.tolist()
    return found
