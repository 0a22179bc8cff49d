"""Lists laid end to end as numbers, some twelve bytes an entry, with their reverse: whose lists name somebody."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

_NONE = np.zeros(0, np.int32)


class Gathered(NamedTuple):
    """Lists of owners, of none twice, end to end and best first; each entry is a number in `names`, and a score."""

    owners: list[str]
    lengths: Ints
    names: list[str]
    others: Ints
    scores: Ints

    def some(self, places: Iterable[int]) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """The owners in these places, each with the scores and names in its list."""
        ends = np.cumsum(self.lengths, dtype=np.int64)
        for place in places:
            span = slice(ends[place] - self.lengths[place], ends[place])
            names = [self.names[each] for each in self.others[span].tolist()]
            yield self.owners[place], list(zip(self.scores[span].tolist(), names, strict=True))

    def floors(self, full: int) -> tuple[list[str], Ints]:
        """Who has a list of so many entries, and the score of the last of each."""
        ends = np.cumsum(self.lengths, dtype=np.int64)
        is_full = self.lengths == full
        return list(compress(self.owners, is_full.tolist())), self.scores[ends[is_full] - 1]


class Gathers(Protocol):
    """Whatever has taken in lists, some at a time."""

    def gathered(self) -> Gathered:
        """All that was taken in; nothing more can be."""


class Gathering:
    """Gathers lists, some at a time, without an object for each entry."""

    def __init__(self) -> None:
        self._owners: list[str] = []
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._lengths, self._others, self._scores = [_NONE], [_NONE], [_NONE]

    def add(self, owners: Iterable[str], others: Sequence[Sequence[str]], scores: Sequence[Sequence[int]]) -> None:
        """Take in the lists of some owners; raises `ValueError` where one has not as many scores as names."""
        lengths = list(map(len, others))
        if lengths != list(map(len, scores)):
            raise ValueError("a list has not as many scores as names")
        count = sum(lengths)
        self._owners += owners
        self._lengths.append(np.array(lengths, np.int32))
        self._others.append(np.fromiter(map(self._numbers.__getitem__, chain.from_iterable(others)), np.int32, count))
        self._scores.append(np.fromiter(chain.from_iterable(scores), np.int32, count))

    def gathered(self) -> Gathered:
        """All that was added; nothing more can be."""
        self._numbers.default_factory = None  # which held these numbers themselves
        lengths, others, scores = map(np.concatenate, (self._lengths, self._others, self._scores))
        return Gathered(self._owners, lengths, list(self._numbers), others, scores)


class Numbered(NamedTuple):
    """Lists of owners, of none twice, end to end and best first; all are known by numbers."""

    owners: Ints
    lengths: Ints
    others: Ints
    scores: Ints

    def joined(self, more: "Numbered") -> "Numbered":
        """These and the lists of other owners."""
        return Numbered(*(np.concatenate(each) for each in zip(self, more, strict=True)))


NOTHING = Numbered(_NONE, _NONE, _NONE, _NONE)


class Laid:
    """Lists that do not change, found by the number of their owner and by that of whom they name."""

    __slots__ = ("_naming", "_others", "_scores", "_starts", "_starts_of_naming", "count")

    def __init__(self, lists: Numbered) -> None:
        self._starts = _starts(lists.owners, lists.lengths)
        order = _order(lists.owners)
        lengths = lists.lengths[order]
        begins = np.cumsum(lists.lengths, dtype=np.int64) - lists.lengths
        taken = _spans(begins[order], lengths)
        self._others, self._scores = lists.others[taken], lists.scores[taken]
        named = np.bincount(self._others).astype(np.int32)
        self._starts_of_naming = _starts(np.arange(len(named)), named)
        owners = np.repeat(lists.owners[order], lengths)
        self._naming = owners[_order(self._others)]
        self.count = int(np.count_nonzero(lists.lengths))

    def owners(self) -> list[int]:
        """Who has a list, by number."""
        owners: list[int] = np.flatnonzero(np.diff(self._starts)).tolist()
        return owners

    def has(self, owner: int) -> bool:
        """Whether this owner has a list."""
        return owner < len(self._starts) - 1 and bool(self._starts[owner] < self._starts[owner + 1])

    def entries(self, owner: int) -> list[tuple[int, int]]:
        """Scores and numbers in the list of this owner, best first."""
        if not self.has(owner):
            return []
        span = slice(self._starts[owner], self._starts[owner + 1])
        return list(zip(self._scores[span].tolist(), self._others[span].tolist(), strict=True))

    def naming(self, other: int) -> list[int]:
        """The owners of the lists that name somebody, by number."""
        if other >= len(self._starts_of_naming) - 1:
            return []
        owners: list[int] = self._naming[self._starts_of_naming[other] : self._starts_of_naming[other + 1]].tolist()
        return owners

    def without(self, gone: Ints) -> Numbered:
        """All lists but those of these owners."""
        lengths = np.diff(self._starts)
        lengths[gone[gone < len(lengths)]] = 0
        owners = np.flatnonzero(lengths).astype(np.int32)
        taken = _spans(self._starts[owners].astype(np.int64), lengths[owners])
        return Numbered(owners, lengths[owners], self._others[taken], self._scores[taken])


def _starts(numbers: NDArray[np.integer[Any]], lengths: Ints) -> Ints:
    """Where the entries of each number start, from 0 up to the highest; and where those of the last end."""
    starts = np.zeros(int(numbers.max(initial=-1)) + 2, np.int32)
    starts[numbers + 1] = lengths
    return np.cumsum(starts, dtype=np.int32)


def _order(numbers: Ints) -> NDArray[np.intp]:
    """The places of these numbers in their order: sixteen bits at once, of which NumPy sorts many without comparing."""
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    if numbers.max(initial=0) >> 16:
        order = order[np.argsort((numbers >> 16).astype(np.uint16)[order], kind="stable")]
    return order


def _spans(begins: NDArray[np.int64], lengths: Ints) -> NDArray[np.int64]:
    """The places of spans of these lengths, one after another."""
    before = np.cumsum(lengths, dtype=np.int64) - lengths
    places: NDArray[np.int64] = np.arange(lengths.sum(dtype=np.int64)) + np.repeat(begins - before, lengths)
    return places
