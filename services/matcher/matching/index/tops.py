"""Keeps the best of many lists at once, as one party after another brings a score for each list."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.best import SIZE

AT_ONCE = 200_000
"""Scores kept before all but the best are dropped."""

Rows = NDArray[np.intp]
Scores = NDArray[np.int64]


class Tops:
    """The best twenty of each list; lists are numbered by row, parties in the order of ties."""

    def __init__(self, floors: Scores) -> None:
        """`floors` holds, by row, the score below which nothing is wanted; it is raised as lists fill."""
        self._floors = floors
        self._rows: list[Rows] = []
        self._scores: list[Scores] = []
        self._parties: list[Rows] = []
        self._count = 0

    def add(self, party: int, rows: Rows, scores: Scores) -> None:
        """Take in the scores of a party, above all those before it in number, in the lists `rows`."""
        wanted = scores >= self._floors[rows]
        kept = rows[wanted]
        self._rows.append(kept)
        self._scores.append(scores[wanted])
        self._parties.append(np.full(len(kept), party, np.intp))
        self._count += len(kept)
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
        """Drop all but the best twenty of each list; returns rows, scores and parties, list after list."""
        rows, scores = np.concatenate(self._rows), np.concatenate(self._scores)
        parties = np.concatenate(self._parties)
        order = np.lexsort((parties, -scores, rows))
        rows, scores, parties = rows[order], scores[order], parties[order]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        place = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
        last = place == SIZE - 1
        self._floors[rows[last]] = scores[last]
        kept = place < SIZE
        rows, scores, parties = rows[kept], scores[kept], parties[kept]
        self._rows, self._scores, self._parties, self._count = [rows], [scores], [parties], len(rows)
        return rows, scores, parties
