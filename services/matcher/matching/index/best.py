"""Picks the best rows, ties broken by a key."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SIZE = 20
"""How many fits a shortlist keeps, in both directions."""


def best_rows(
    rows: NDArray[np.intp], scores: NDArray[np.int64], k: int, key: Callable[[int], tuple[str, ...]]
) -> list[tuple[int, int]]:
    """The `k` rows of highest score as (score, row), best first; equal scores in the order of their keys."""
    if 0 < k < len(rows):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = scores >= least
        rows, scores = rows[kept], scores[kept]
    pairs = zip(scores.tolist(), rows.tolist(), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[0], key(pair[1])))[:k]
