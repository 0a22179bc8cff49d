"""What a search finds, whichever index answers it."""

from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key")

Floors = NDArray[np.int32]
"""By row, the score from which its party wants to hear of who asks."""

LeftOut = NDArray[np.bool_]
"""By row, whether its party does not count."""


class Search(NamedTuple, Generic[Key]):
    """The best with their scores, best first; and the rows whose floor is reached, in no order, with their scores."""

    best: list[tuple[int, Key]]
    rows: NDArray[Any]
    scores: NDArray[Any]


def reaching(rows: NDArray[Any], scores: NDArray[Any], floors: Floors | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of these rows and their scores those that reach their floor; none where no floors are given."""
    if floors is None:
        return rows[:0], scores[:0]
    wanted = scores >= floors[rows]
    return rows[wanted], scores[wanted]
