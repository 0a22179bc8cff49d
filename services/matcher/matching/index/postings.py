"""Records filed in places: sorted by place, with what came since in a chain per place, until both are sorted anew."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.kernels.filing import link
from services.matcher.matching.index.records import GONE

UNSORTED = 1_024
"""So many may come or go before they are sorted in,"""
PART = 100
"""or one in so many where that is more: records in chains are slower to reach."""
_FEWEST = 1_024
_MINOR_BITS = 32


class Postings:
    """Records in numbered places. A row may have several records; they are taken out together.

    `records[:sorted]` stand in the order of (place, minor), `starts` tells where each place begins; the others, up to
    `end`, hang in a chain per place: `heads` has its first, `later` the next of each. All arrays are replaced when
    they grow or are sorted: read them anew for each query.
    """

    def __init__(self, dtype: "np.dtype[Any]", places: int) -> None:
        self.records = np.zeros(_FEWEST, dtype)
        self.keys = np.zeros(_FEWEST, np.int64)
        self.later = np.zeros(_FEWEST, np.int32)
        self._same_row = np.zeros(_FEWEST, np.int32)
        self.starts = np.zeros(places + 1, np.int32)
        self.heads = np.full(places, -1, np.int32)
        self.sorted = self.end = self._gone = 0
        self._first = np.full(_FEWEST, -1, np.int32)

    def add(self, place: int, minor: int, record: tuple[int, ...]) -> None:
        """File a record; its row stands first in it."""
        at, row = self.end, record[0]
        if at == len(self.records):
            self._grow(at * 2)
        while row >= len(self._first):
            self._first = np.concatenate((self._first, np.full_like(self._first, -1)))
        self.records[at] = record
        self.keys[at] = place << _MINOR_BITS | minor
        self._same_row[at], self._first[row] = self._first[row], at
        self.later[at], self.heads[place] = self.heads[place], at
        self.end += 1

    def take(self, row: int) -> None:
        """Take all records of a row out; nothing happens when there are none."""
        if row >= len(self._first):
            return
        at = int(self._first[row])
        self._first[row] = -1
        while at >= 0:
            self.records[at]["flags"] = GONE
            self._gone += 1
            at = int(self._same_row[at])

    def needs_sorting(self) -> bool:
        """Whether enough came or went since the last sorting."""
        return self.end - self.sorted + self._gone > max(UNSORTED, self.sorted // PART)

    def sort(self) -> None:
        """Sort in what came, leave out what went."""
        kept = np.flatnonzero(self.records["flags"][: self.end] & GONE == 0)
        kept = kept[np.argsort(self.keys[kept], kind="stable")]
        count = len(kept)
        room = count + count // PART + 2 * _FEWEST
        self.records, self.keys = _placed(self.records, kept, room), _placed(self.keys, kept, room)
        self.later, self._same_row = np.zeros(room, np.int32), np.full(room, -1, np.int32)
        self.heads[:] = -1
        self.sorted, self.end, self._gone = count, count, 0
        places = np.arange(len(self.starts), dtype=np.int64) << _MINOR_BITS
        self.starts = np.searchsorted(self.keys[:count], places).astype(np.int32)
        self._first[:] = -1
        link(self.records, count, self._same_row, self._first)

    def _grow(self, room: int) -> None:
        kept = np.arange(self.end)
        self.records, self.keys = _placed(self.records, kept, room), _placed(self.keys, kept, room)
        self.later, self._same_row = _placed(self.later, kept, room), _placed(self._same_row, kept, room)

    def nbytes(self) -> int:
        """What the arrays take."""
        arrays = (self.records, self.keys, self.later, self._same_row, self.starts, self.heads, self._first)
        return sum(array.nbytes for array in arrays)


def _placed(array: NDArray[Any], kept: NDArray[np.intp], room: int) -> NDArray[Any]:
    found = np.empty(room, array.dtype)
    found[: len(kept)] = array[kept]
    return found
