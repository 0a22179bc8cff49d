"""Keeps the best of many lists at once, as one party after another brings a score for each list."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.search import Floors

AT_ONCE = 200_000
"""Scores kept before all but the best are dropped."""

Rows = NDArray[Any]
Scores = NDArray[Any]


class Tops:
    """The best `size` of each list; lists are numbered by row, parties in the order of ties.

    `floors` holds, by row, the score from which more is wanted: to be searched with, as it is raised while lists fill.
    """

    def __init__(self, floors: Floors, size: int) -> None:
        self.floors = floors
        self._size = size
        self._rows: list[Rows] = []
        self._scores: list[Scores] = []
        self._parties: list[Rows] = []
        self._count = 0

    def add(self, party: int, rows: Rows, scores: Scores) -> None:
        """Take in the scores of a party, above all those before it in number, in lists whose floor they reach."""
        self._rows.append(rows)
        self._scores.append(scores)
        self._parties.append(np.full(len(rows), party, np.intp))
        self._count += len(rows)
        if self._count > AT_ONCE:
            self._drop()

    def lists(self) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Each list that has entries: its row, and (score, party), best first."""
        if not self._count:
            return
        rows, scores, parties = self._drop()
        starts = np.flatnonzero(np.diff(rows, prepend=-1)).tolist()
        entries = list(zip(scores.tolist(), parties.tolist(), strict=True))
        for start, end in zip(starts, [*starts[1:], len(entries)], strict=True):
            yield int(rows[start]), entries[start:end]

    def _drop(self) -> tuple[Rows, Scores, Rows]:
        """Drop all but the best of each list; returns rows, scores and parties, list after list."""
        rows, scores = np.concatenate(self._rows), np.concatenate(self._scores)
        parties = np.concatenate(self._parties)
        order = np.lexsort((parties, -scores, rows))
        rows, scores, parties = rows[order], scores[order], parties[order]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        place = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
        last = place == self._size - 1
        self.floors[rows[last]] = scores[last] + 1  # who comes later stands below an equal
        kept = place < self._size
        rows, scores, parties = rows[kept], scores[kept], parties[kept]
        self._rows, self._scores, self._parties, self._count = [rows], [scores], [parties], len(rows)
        return rows, scores, parties
