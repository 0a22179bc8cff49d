"""Judges rankings: how often the fund that paid comes first, and how far down it stands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

LEAST_ROWS = 10
"""Funds that paid fewer projects are ranked, but weigh nothing in macro-F1."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares in 0..1; `mrr` is the mean of 1 / rank."""

    accuracy: float
    macro_f1: float
    mrr: float


def judge(scores: NDArray[np.float64], relevant: NDArray[np.int64]) -> Quality:
    """What scores (a row per project, a column per fund) are worth, where `relevant` is the right column of each row.

    Whatever ties with the right fund stands before it: who says the same of all funds has said nothing.
    """
    own = scores[np.arange(len(relevant)), relevant][:, None]
    ranks = (scores >= own).sum(axis=1)
    top = scores.max(axis=1, keepdims=True)
    said = np.where((scores == top).sum(axis=1) == 1, scores.argmax(axis=1), -1)
    counted = np.flatnonzero(np.bincount(relevant) >= LEAST_ROWS)
    f1 = f1_score(relevant, said, labels=counted, average="macro", zero_division=0)
    return Quality(float((ranks == 1).mean()), float(f1), float((1 / ranks).mean()))
