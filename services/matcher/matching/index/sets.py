"""Sets of numbers, each kept once and known by a number of its own; 0 is the empty one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Sets:
    """All sets ever seen, one behind the other."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], int] = {(): 0}
        self._items = np.zeros(16, np.int32)
        self._starts = np.zeros(16, np.int32)

    def of(self, items: Sequence[int]) -> int:
        """The number of a set, given in order."""
        key = tuple(items)
        found = self._known.get(key)
        if found is not None:
            return found
        number, start = len(self._known), int(self._starts[len(self._known)])
        if number + 2 > len(self._starts):
            self._starts = np.concatenate((self._starts, np.zeros_like(self._starts)))
        while start + len(key) > len(self._items):
            self._items = np.concatenate((self._items, np.zeros_like(self._items)))
        self._items[start : start + len(key)] = key
        self._starts[number + 1] = start + len(key)
        self._known[key] = number
        return number

    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The items, and where each set begins; replaced when they grow."""
        return self._items, self._starts
