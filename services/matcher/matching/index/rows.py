"""A row for each key, from 0 on, in some thirty bytes beside its letters: rows that were left are used again."""

from array import array
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_FREE, _LEFT = -1, -2
_FEWEST = 64
_MANY = 32
"""From so many on arrays are faster."""


class Keys:
    """Which row each key has, and the reverse; keys are texts. Other threads may look them up if none is ever taken."""

    def __init__(self) -> None:
        self._table = array("i", [_FREE]) * _FEWEST
        """Rows, each in the first free place from that of its key's hash on."""
        self._taken = 0
        self._hashes, self._starts, self._lengths = array("q"), array("q"), array("i")
        self._letters = bytearray()
        self._lost = 0
        self._left: list[int] = []

    def __len__(self) -> int:
        return len(self._hashes) - len(self._left)

    def __contains__(self, key: str) -> bool:
        return self.row_of(key) is not None

    @property
    def used(self) -> int:
        """Rows are below this."""
        return len(self._hashes)

    def row_of(self, key: str) -> int | None:
        """The row of a key, or nothing."""
        found = self._found(key)
        return None if found is None else found[1]

    def rows_of(self, keys: Sequence[str]) -> NDArray[np.int32]:
        """The row of each of many keys, -1 for one that has none; nobody may put any meanwhile."""
        table = np.frombuffer(self._table, np.int32)
        # A copy: an array that something else still sees cannot grow.
        hashes = np.frombuffer(self._hashes.tobytes(), np.int64)
        hashed = np.fromiter(map(hash, keys), np.int64, len(keys))
        found = np.full(len(keys), -1, np.int32)
        asked, places = np.arange(len(keys)), hashed & (len(table) - 1)
        while len(asked):
            rows = table[places]
            is_met = rows >= 0
            is_met[is_met] = hashes[rows[is_met]] == hashed[asked[is_met]]
            found[asked[is_met]] = rows[is_met]
            goes_on = ~is_met & (rows != _FREE)
            asked, places = asked[goes_on], (places[goes_on] + 1) & (len(table) - 1)
        self._part_equal_hashes(keys, found)
        return found

    def _part_equal_hashes(self, keys: Sequence[str], found: NDArray[np.int32]) -> None:
        """Correct what was found by its hash alone."""
        starts, lengths, letters = self._starts, self._lengths, self._letters
        for place, (key, row) in enumerate(zip(keys, found.tolist(), strict=True)):
            if row >= 0 and letters[starts[row] : starts[row] + lengths[row]] != key.encode():
                other = self.row_of(key)
                found[place] = -1 if other is None else other

    def key_of(self, row: int) -> str:
        """The key of a row; of one that was left it tells nothing."""
        start = self._starts[row]
        return self._letters[start : start + self._lengths[row]].decode()

    def __iter__(self) -> Iterator[str]:
        left = set(self._left)
        return (self.key_of(row) for row in range(self.used) if row not in left)

    def put(self, key: str) -> int:
        """A row for a key that has none."""
        if 2 * self._taken >= len(self._table):
            self._spread(max(_FEWEST, 4 * len(self)))
        hashed, letters = hash(key), key.encode()
        if self._left:
            row = self._left.pop()
            self._hashes[row], self._starts[row], self._lengths[row] = hashed, len(self._letters), len(letters)
        else:
            row = len(self._hashes)
            self._starts.append(len(self._letters))
            self._lengths.append(len(letters))
            self._hashes.append(hashed)
        self._letters += letters
        _enter(self._table, hashed, row)
        self._taken += 1
        return row

    def put_all(self, keys: Sequence[str]) -> NDArray[np.int32]:
        """A row for each of many keys that have none, none of them twice."""
        if self._left or len(keys) < _MANY:
            return np.array([self.put(key) for key in keys], np.int32)
        if 2 * (self._taken + len(keys)) >= len(self._table):
            self._spread(max(_FEWEST, 4 * (len(self) + len(keys))))
        rows = np.arange(self.used, self.used + len(keys), dtype=np.int32)
        letters, hashes = [key.encode() for key in keys], array("q", map(hash, keys))
        lengths = array("i", map(len, letters))
        self._starts.extend((len(self._letters) + np.cumsum(lengths, dtype=np.int64) - lengths).tolist())
        self._lengths += lengths
        self._letters += b"".join(letters)
        self._hashes += hashes
        _enter_all(self._table, np.frombuffer(hashes, np.int64), rows)
        self._taken += len(keys)
        return rows

    def take(self, key: str) -> int | None:
        """Forget a key; returns the row it leaves, or nothing."""
        found = self._found(key)
        if found is None:
            return None
        place, row = found
        self._table[place] = _LEFT
        self._left.append(row)
        self._lost += self._lengths[row]
        self._lengths[row] = 0
        if 2 * self._lost > max(len(self._letters), 1 << 16):
            self._pack()
        return row

    def _found(self, key: str) -> tuple[int, int] | None:
        """The place in the table, and the row."""
        hashed, table = hash(key), self._table
        last = len(table) - 1
        place = hashed & last
        while (row := table[place]) != _FREE:
            if row >= 0 and self._hashes[row] == hashed and self.key_of(row) == key:
                return place, row
            place = (place + 1) & last
        return None

    def _spread(self, wanted: int) -> None:
        """Enter all anew in a table of at least so many places, without those that were left."""
        table = array("i", [_FREE]) * (1 << (wanted - 1).bit_length())
        rows = np.delete(np.arange(self.used, dtype=np.int32), self._left)
        # A copy: an array that something else still sees cannot grow.
        _enter_all(table, np.frombuffer(self._hashes.tobytes(), np.int64)[rows], rows)
        self._table, self._taken = table, len(self)

    def _pack(self) -> None:
        kept = bytearray()
        for row, (start, length) in enumerate(zip(self._starts, self._lengths, strict=True)):
            self._starts[row] = len(kept)
            kept += self._letters[start : start + length]
        self._letters, self._lost = kept, 0


def _enter(table: "array[int]", hashed: int, row: int) -> None:
    last = len(table) - 1
    place = hashed & last
    while table[place] != _FREE:
        place = (place + 1) & last
    table[place] = row


def _enter_all(table: "array[int]", hashes: NDArray[np.int64], rows: NDArray[np.int32]) -> None:
    """Enter many rows as `_enter` does each, in whichever order."""
    held, last = np.frombuffer(table, np.int32), len(table) - 1
    places = hashes & last
    while len(rows):
        is_free = held[places] == _FREE
        held[places[is_free]] = rows[is_free]  # of those that meet in one place, one has it
        waits = held[places] != rows
        rows, places = rows[waits], (places[waits] + 1) & last
