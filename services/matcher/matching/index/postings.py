"""Records filed in places: sorted by place, with what came since in a chain per place, until both are sorted anew."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.kernels.filing import Columns, link, merge
from services.matcher.matching.index.records import GONE

UNSORTED = 1_024
"""So many may come or go before they are sorted in,"""
PART = 100
"""or one in so many where that is more: records in chains are slower to reach."""
_FEWEST = 1_024


class Postings:
    """Records in numbered places. A row may have several records; they are taken out together.

    `records[:sorted]` stand in the order of (place, brief), `starts` tells where each place begins; the others, up to
    `end`, hang in a chain per place: `heads` has its first, `later` the next of each. All arrays are replaced when
    they grow or are sorted: read them anew for each query.
    """

    def __init__(self, dtype: "np.dtype[Any]", places: int) -> None:
        self.records = np.zeros(_FEWEST, dtype)
        self.places = np.zeros(_FEWEST, np.int32)
        self.briefs = np.zeros(_FEWEST, np.int64)
        self.later = np.zeros(_FEWEST, np.int32)
        self._same_row = np.zeros(_FEWEST, np.int32)
        self.starts = np.zeros(places + 1, np.int32)
        self.heads = np.full(places, -1, np.int32)
        self.sorted = self.end = self._gone = 0
        self._first = np.full(_FEWEST, -1, np.int32)
        self._is_loose = False

    def add(self, place: int, brief: int, record: tuple[int, ...]) -> None:
        """File a record; its row stands first in it."""
        at, row = self.end, record[0]
        if at == len(self.records):
            self._grow(at * 3 // 2)
        self._reach(row)
        self.records[at] = record
        self.places[at], self.briefs[at] = place, brief
        self._same_row[at], self._first[row] = self._first[row], at
        self.later[at], self.heads[place] = self.heads[place], at
        self.end += 1

    def add_all(self, places: NDArray[np.int64], briefs: NDArray[np.int64], records: NDArray[Any]) -> None:
        """File many records; they are in no chain, and must be sorted in before anything is read."""
        end = self.end + len(records)
        if end > len(self.records):
            self._grow(max(end, len(self.records) * 3 // 2))
        self._reach(int(records["row"].max(initial=0)))
        self.records[self.end : end] = records
        self.places[self.end : end], self.briefs[self.end : end] = places, briefs
        self.end = end
        self._is_loose = True

    def _reach(self, row: int) -> None:
        if row >= len(self._first):
            grown = np.full(max(row + 1, len(self._first) * 3 // 2), -1, np.int32)
            grown[: len(self._first)] = self._first
            self._first = grown

    def take(self, row: int) -> None:
        """Take all records of a row out; nothing happens when there are none."""
        if self._is_loose:
            self.sort()
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
        return self._is_loose or self.end - self.sorted + self._gone > max(UNSORTED, self.sorted // PART)

    def sort(self) -> None:
        """Merge in what came, leave out what went."""
        held, room = self._columns(), self.end + self.end // PART + 2 * _FEWEST
        came = np.lexsort((self.briefs[self.sorted : self.end], self.places[self.sorted : self.end])) + self.sorted
        self.records, self.places = np.empty(room, self.records.dtype), np.empty(room, np.int32)
        self.briefs = np.empty(room, np.int64)
        count = merge(held, self.sorted, came, self._columns())
        self.later, self._same_row = np.zeros(room, np.int32), np.full(room, -1, np.int32)
        self.heads[:] = self._first[:] = -1
        self.sorted, self.end, self._gone, self._is_loose = count, count, 0, False
        link(self._columns(), count, self.starts, self._same_row, self._first)

    def _columns(self) -> Columns:
        return Columns(self.records, self.places, self.briefs)

    def _grow(self, room: int) -> None:
        self.records, self.places = _grown(self.records, room), _grown(self.places, room)
        self.briefs, self.later = _grown(self.briefs, room), _grown(self.later, room)
        self._same_row = _grown(self._same_row, room)

    def nbytes(self) -> int:
        """What the arrays take."""
        chains = (self.later, self._same_row, self.starts, self.heads, self._first)
        return sum(array.nbytes for array in (*self._columns(), *chains))


def _grown(array: NDArray[Any], room: int) -> NDArray[Any]:
    found = np.empty(room, array.dtype)
    found[: len(array)] = array
    return found
