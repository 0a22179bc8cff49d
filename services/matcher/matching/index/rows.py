"""A row for each key, from 0 on: rows that were left are used again."""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Keys(Generic[K]):
    """Which row each key has, and the reverse."""

    def __init__(self) -> None:
        self._rows: dict[K, int] = {}
        self._keys: list[K] = []
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    @property
    def used(self) -> int:
        """Rows are below this."""
        return len(self._keys)

    def row_of(self, key: K) -> int | None:
        """The row of a key, or nothing."""
        return self._rows.get(key)

    def key_of(self, row: int) -> K:
        """The key of a row, the last one of a row that was left."""
        return self._keys[row]

    def put(self, key: K) -> int:
        """A row for a key that has none."""
        if self._free:
            row = self._free.pop()
            self._keys[row] = key
        else:
            row = len(self._keys)
            self._keys.append(key)
        self._rows[key] = row
        return row

    def take(self, key: K) -> int | None:
        """Forget a key; returns the row it leaves, or nothing."""
        row = self._rows.pop(key, None)
        if row is not None:
            self._free.append(row)
        return row
