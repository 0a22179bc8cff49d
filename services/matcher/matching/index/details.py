"""What a query reads of few rows only: texts, ids for ties, and the numbers of organisations."""

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.kernels.filing import packed
from services.matcher.matching.index.records import TERM
from shared.text.vectors import TextVector

DETAIL = np.dtype(
    [
        ("text", np.int64),
        ("id", np.int64),
        ("terms", np.int32),
        ("norm", np.int32),
        ("organisation", np.int32),
        ("siren", np.int32),
        ("letters", np.uint8),
        ("type", np.uint8),
    ],
    align=True,
)
"""One row: where its text begins, of how many terms and which norm; where its id begins, of how many letters."""
_FEWEST = 1_024
_MIX = 0x9E3779B97F4A7C15


class Arena:
    """One array that pieces are put behind one another in; when more than half is lost, its keeper packs it."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self.cells = np.zeros(_FEWEST, dtype)
        self.end = 0
        self._lost = 0

    def put(self, piece: NDArray[np.generic]) -> int:
        """Where the piece now stands."""
        start, self.end = self.end, self.end + len(piece)
        if self.end > len(self.cells):
            grown = np.zeros(max(self.end, len(self.cells) * 3 // 2), self.cells.dtype)
            grown[:start] = self.cells[:start]
            self.cells = grown
        self.cells[start : self.end] = piece
        return start

    def lose(self, length: int) -> None:
        """Note that a piece is not used any more."""
        self._lost += length

    def is_wasted(self) -> bool:
        """Whether more than half is lost."""
        return self._lost * 2 > max(self.end, _FEWEST)

    def pack(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Keep these pieces alone; returns where they now start."""
        kept, now = np.zeros(max(_FEWEST, int(lengths.sum()) * 9 // 8), self.cells.dtype), starts.copy()
        self.end, self._lost = packed(self.cells, now, lengths, kept), 0
        self.cells = kept
        return now


class Details:
    """One row each; `rows` and the arenas' cells are replaced when they grow: read them anew for each query."""

    def __init__(self) -> None:
        self.rows = np.zeros(_FEWEST, DETAIL)
        self.texts = Arena(np.uint16)
        self.ids = Arena(np.uint8)

    def put(self, row: int, key: tuple[str, ...], vector: TextVector, organisation: int, siren: int) -> None:
        """Keep what is told of a row, that is empty; `key` is its id and, for offers, the type."""
        while row >= len(self.rows):
            self.rows = np.concatenate((self.rows, np.zeros_like(self.rows)))
        letters = np.frombuffer(key[0].encode(), np.uint8)
        of_type = 1 if key[1:] == ("fund",) else 0
        at = self.texts.put(pieces(vector))
        kept = (at, self.ids.put(letters), len(vector), vector.norm, organisation, siren, len(letters), of_type)
        self.rows[row] = kept

    def drop(self, row: int) -> None:
        """Forget a row."""
        self.texts.lose(TERM * int(self.rows["terms"][row]))
        self.ids.lose(int(self.rows["letters"][row]))
        self.rows[row] = np.zeros((), DETAIL)
        if self.texts.is_wasted() or self.ids.is_wasted():
            self.pack()

    def pack(self) -> None:
        """Give back the room of what was dropped; done by itself once more than half is."""
        self.rows["text"] = self.texts.pack(self.rows["text"], TERM * self.rows["terms"].astype(np.int64))
        self.rows["id"] = self.ids.pack(self.rows["id"], self.rows["letters"].astype(np.int64))

    def nbytes(self) -> int:
        """What the arrays take."""
        return self.rows.nbytes + self.texts.cells.nbytes + self.ids.cells.nbytes


def pieces(vector: TextVector) -> NDArray[np.uint16]:
    """The terms of a text as cells of 16 bits."""
    found = np.empty((len(vector), TERM), np.uint16)
    found[:, 0] = vector.indices & 0xFFFF
    found[:, 1] = vector.indices >> 16
    found[:, 2] = vector.weights
    return found.ravel()


def signature(vector: TextVector) -> int:
    """64 bits, of which each term sets one: texts without a common bit have no common term."""
    return int(np.bitwise_or.reduce(np.left_shift(np.uint64(1), bits_of(vector)))) if len(vector) else 0


def bits_of(vector: TextVector) -> NDArray[np.uint64]:
    """Which of the 64 bits each term sets."""
    return (vector.indices.astype(np.uint64) * np.uint64(_MIX)) >> np.uint64(58)
