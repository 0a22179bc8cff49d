"""The text vectors of many rows, compared with one text at once."""

import numpy as np
from numpy.typing import NDArray

from shared.text.vectors import MILLION, TextVector

_FIRST_CAPACITY = 1_024


class Texts:
    """One vector per row of a table, in two flat arrays; space left by changed rows is taken back when half is lost."""

    def __init__(self) -> None:
        self._indices = np.zeros(_FIRST_CAPACITY, np.int64)
        self._weights = np.zeros(_FIRST_CAPACITY, np.int64)
        self._start = np.zeros(1, np.int64)
        self._length = np.zeros(1, np.int64)
        self._norm = np.zeros(1, np.int64)
        self._end = 0
        self._lost = 0

    def put(self, row: int, vector: TextVector) -> None:
        """Keep the vector of a row, in the place of the one it had."""
        self._reach(row)
        self.drop(row)
        size = len(vector.indices)
        if self._end + size > len(self._indices):
            self._make_room(size)
        self._indices[self._end : self._end + size] = vector.indices
        self._weights[self._end : self._end + size] = vector.weights
        self._start[row], self._length[row], self._norm[row] = self._end, size, vector.norm
        self._end += size

    def drop(self, row: int) -> None:
        """Forget the vector of a row, if it has one."""
        self._lost += int(self._length[row])
        self._length[row] = self._norm[row] = 0

    def similarities(self, rows: NDArray[np.intp], vector: TextVector) -> NDArray[np.int64]:
        """The similarity of each of `rows` to `vector`, in millionths: what `similarity_millionths` gives."""
        products = vector.norm * self._norm[rows]
        lengths = self._length[rows]
        total = int(lengths.sum())
        if not total or not vector.norm:
            return np.zeros(len(rows), np.int64)
        inner = np.zeros(len(rows), np.int64)
        some = np.flatnonzero(lengths)
        firsts = np.cumsum(lengths[some]) - lengths[some]
        flat = np.arange(total) + np.repeat(self._start[rows[some]] - firsts, lengths[some])
        inner[some] = np.add.reduceat(_weights_of(vector, self._indices[flat]) * self._weights[flat], firsts)
        whole = np.maximum(products, 1)
        return np.where(products > 0, np.minimum(MILLION, (2 * MILLION * inner + whole) // (2 * whole)), 0)

    def _reach(self, row: int) -> None:
        while row >= len(self._start):
            self._start, self._length, self._norm = (
                np.concatenate((column, np.zeros_like(column))) for column in (self._start, self._length, self._norm)
            )

    def _make_room(self, size: int) -> None:
        """Pack what is kept when half is lost, else double."""
        if self._lost * 2 > self._end:
            order = np.flatnonzero(self._length)
            lengths = self._length[order]
            firsts = np.cumsum(lengths) - lengths
            flat = np.arange(int(lengths.sum())) + np.repeat(self._start[order] - firsts, lengths)
            self._indices[: len(flat)], self._weights[: len(flat)] = self._indices[flat], self._weights[flat]
            self._start[order] = firsts
            self._end, self._lost = len(flat), 0
        while self._end + size > len(self._indices):
            self._indices = np.concatenate((self._indices, np.zeros_like(self._indices)))
            self._weights = np.concatenate((self._weights, np.zeros_like(self._weights)))


def _weights_of(vector: TextVector, terms: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each of these terms weighs in a vector, which has some; 0 for those that it has not."""
    places = np.minimum(np.searchsorted(vector.indices, terms), len(vector) - 1)
    return np.where(vector.indices[places] == terms, vector.weights[places], 0)
