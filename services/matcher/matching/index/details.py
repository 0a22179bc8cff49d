"""What a query reads of few rows only: texts, ids for ties, and the numbers of organisations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.kernels.filing import packed
from services.matcher.matching.index.kernels.texts import SHORT, sign, write
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
ALL_BITS = (1 << 64) - 1
_FEWEST = 1_024


class Arena:
    """One array that pieces are put behind one another in; when more than half is lost, its keeper packs it."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self.cells = np.zeros(_FEWEST, dtype)
        self.end = 0
        self._lost = 0

    def take_room(self, length: int) -> int:
        """Where there now is room for a piece of this length."""
        start, self.end = self.end, self.end + length
        if self.end > len(self.cells):
            grown = np.zeros(max(self.end, len(self.cells) * 3 // 2), self.cells.dtype)
            grown[:start] = self.cells[:start]
            self.cells = grown
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
        self.texts = Arena(np.int64)
        self.ids = Arena(np.uint8)

    def put(self, row: int, key: tuple[str, ...], vector: TextVector, organisation: int, siren: int) -> int:
        """Keep what is told of a row, that is empty; `key` is its id and, for offers, the type.

        Returns the signature of the text: 64 bits, of which each term sets one, or all for a text so short that its
        norm, cut to an integer, tells little. Texts without a common bit have no common term.
        """
        self._reach(row)
        letters, terms = np.frombuffer(key[0].encode(), np.uint8), len(vector)
        at, name = self.texts.take_room(terms), self.ids.take_room(len(letters))
        self.ids.cells[name : name + len(letters)] = letters
        of_type = 1 if key[1:] == ("fund",) else 0
        self.rows[row] = (at, name, terms, vector.norm, organisation, siren, len(letters), of_type)
        bits = int(write(self.texts.cells, at, vector.indices, vector.weights))
        return ALL_BITS if 0 < vector.norm < SHORT else bits

    def put_all(
        self, rows: NDArray[np.int32], ids: Sequence[bytes], values: Any, cells: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """As `put`, of many: `values` has terms, norm, organisation, siren and type; `cells` the texts in order."""
        self._reach(int(rows.max(initial=0)))
        lengths = np.array([len(each) for each in ids], np.int64)
        terms = values["terms"].astype(np.int64)
        at, name = self.texts.take_room(len(cells)), self.ids.take_room(int(lengths.sum()))
        self.texts.cells[at : at + len(cells)] = cells
        self.ids.cells[name : name + int(lengths.sum())] = np.frombuffer(b"".join(ids), np.uint8)
        found = np.zeros(len(rows), DETAIL)
        found["text"], found["id"] = at + np.cumsum(terms) - terms, name + np.cumsum(lengths) - lengths
        found["letters"] = lengths
        for field in ("terms", "norm", "organisation", "siren", "type"):
            found[field] = values[field]
        self.rows[rows] = found
        signatures = np.zeros(len(rows), np.uint64)
        # Copies have one layout, whatever their number: the kernel was compiled for it.
        places, counts, norms = (found[field].copy() for field in ("text", "terms", "norm"))
        sign(self.texts.cells, places, counts, norms, signatures)
        return signatures

    def _reach(self, row: int) -> None:
        if row >= len(self.rows):
            grown = np.zeros(max(row + 1, len(self.rows) * 3 // 2), DETAIL)
            grown[: len(self.rows)] = self.rows
            self.rows = grown

    def drop(self, row: int) -> None:
        """Forget a row."""
        self.texts.lose(int(self.rows["terms"][row]))
        self.ids.lose(int(self.rows["letters"][row]))
        self.rows[row] = np.zeros((), DETAIL)
        if self.texts.is_wasted() or self.ids.is_wasted():
            self.pack()

    def pack(self, used: int | None = None) -> None:
        """Give back the room of what was dropped; done by itself once more than half is. Rows are below `used`."""
        if used is not None:
            self.rows = self.rows[: max(_FEWEST, used * 17 // 16)].copy()
        self.rows["text"] = self.texts.pack(self.rows["text"], self.rows["terms"].astype(np.int64))
        self.rows["id"] = self.ids.pack(self.rows["id"], self.rows["letters"].astype(np.int64))

    def nbytes(self) -> int:
        """What the arrays take."""
        return self.rows.nbytes + self.texts.cells.nbytes + self.ids.cells.nbytes
