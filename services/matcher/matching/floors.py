"""By row of an index, the score from which a list takes somebody in: kept while lists change, never counted anew."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.search import Floors
from services.matcher.matching.shortlists import OfferRank, ProjectRank, floor

_FEWEST = 64


class KeptFloors:
    """Floors of the parties whose list was noted since they have their row; of any other row it tells nothing."""

    def __init__(self) -> None:
        self._floors = np.zeros(_FEWEST, np.int32)

    def note(self, row: int | None, ranks: Sequence[OfferRank | ProjectRank]) -> None:
        """Whoever is in this row has this list; nothing is noted of who has no row."""
        if row is None:
            return
        self._reach(row)
        self._floors[row] = floor(ranks)

    def load(self, rows: NDArray[np.int32], floors: NDArray[np.int32]) -> None:
        """Whoever is in these rows has a list of this floor; below 0, who has no row."""
        self._reach(int(rows.max(initial=0)))
        self._floors[rows[rows >= 0]] = floors[rows >= 0]

    def _reach(self, row: int) -> None:
        if row >= len(self._floors):
            self._floors = self.of(max(row + 1, len(self._floors) * 3 // 2))

    def of(self, rows: int) -> Floors:
        """A copy for so many rows."""
        found = np.zeros(rows, np.int32)
        kept = self._floors[:rows]
        found[: len(kept)] = kept
        return found
