"""Columns that grow, with a row per key: freed rows are used again."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]
Columns = Mapping[str, Ints]
K = TypeVar("K", bound=Hashable)

_FIRST_CAPACITY = 64


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is kept: its type, and how many values a row has of it (0: one scalar)."""

    dtype: type[np.generic]
    width: int = 0

    def empty(self, capacity: int) -> Ints:
        """Zeroes for so many rows."""
        return np.zeros((capacity, self.width) if self.width else capacity, self.dtype)


class Table(Generic[K]):
    """A row of values per key; `columns` are replaced when they grow, so read them anew for each query."""

    def __init__(self, layout: Mapping[str, Column]) -> None:
        self._layout = layout
        self._free: list[int] = []
        self._rows: dict[K, int] = {}
        self.columns: dict[str, Ints] = {name: column.empty(_FIRST_CAPACITY) for name, column in layout.items()}
        self.capacity = _FIRST_CAPACITY
        self.used = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[K]:
        return iter(self._rows)

    def row_of(self, key: K) -> int | None:
        """The row of a key, or nothing."""
        return self._rows.get(key)

    def rows_of(self, keys: Iterable[K]) -> NDArray[np.int32]:
        """The row of each of many keys, -1 for one that has none."""
        return np.array([self._rows.get(key, -1) for key in keys], np.int32)

    def put(self, key: K, values: Mapping[str, Any]) -> int:
        """Write the values of a new key; returns its row. The key must not be there."""
        row = self._free.pop() if self._free else self._next()
        self._rows[key] = row
        for name, value in values.items():
            self.columns[name][row] = value
        return row

    def take(self, key: K) -> int | None:
        """Forget a key; returns the row it leaves, or nothing."""
        row = self._rows.pop(key, None)
        if row is not None:
            self._free.append(row)
        return row

    def _next(self) -> int:
        if self.used == self.capacity:
            self.capacity *= 2
            for name, column in self._layout.items():
                grown = column.empty(self.capacity)
                grown[: self.used] = self.columns[name]
                self.columns[name] = grown
        self.used += 1
        return self.used - 1


def single(layout: Mapping[str, Column], values: Mapping[str, Any]) -> Columns:
    """The columns of one row, for the side that asks."""
    columns = {name: column.empty(1) for name, column in layout.items()}
    for name, value in values.items():
        columns[name][0] = value
    return columns


class Rows:
    """A set of rows as one array; adding and removing take constant time, the order means nothing."""

    __slots__ = ("_array", "_count", "_place")

    def __init__(self) -> None:
        self._array = np.zeros(4, np.int32)
        self._count = 0
        self._place: dict[int, int] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def array(self) -> NDArray[np.int32]:
        """The rows; a view, valid until the next change."""
        return self._array[: self._count]

    def add(self, row: int) -> None:
        """Add a row; adding it again changes nothing."""
        if row in self._place:
            return
        if self._count == len(self._array):
            self._array = np.concatenate((self._array, np.zeros_like(self._array)))
        self._array[self._count] = row
        self._place[row] = self._count
        self._count += 1

    def discard(self, row: int) -> None:
        """Remove a row if it is there."""
        place = self._place.pop(row, None)
        if place is None:
            return
        self._count -= 1
        last = int(self._array[self._count])
        if last != row:
            self._array[place] = last
            self._place[last] = place
