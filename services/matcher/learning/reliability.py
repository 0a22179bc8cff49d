"""Tells how far probabilities can be believed: of what was said with .7, seven in ten should be true."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """The expected calibration error and the Brier score, both 0 at best, and a row per tenth of probability.

    A row tells how many predictions fell in it, their mean probability, and the share that was true.
    """

    error: float
    brier: float
    rows: tuple[tuple[int, float, float], ...]

    def __str__(self) -> str:
        """One line: the two measures, then `number mean→true` of each row that is not empty."""
        told = ", ".join(f"{number} {mean:.2f}→{true:.2f}" for number, mean, true in self.rows if number)
        return f"calibration error {self.error:.3f}, Brier {self.brier:.3f} ({told})"


def reliability(odds: NDArray[np.float64], held: NDArray[np.bool_]) -> Reliability:
    """What predictions of these probabilities are worth, of which these held."""
    places = np.minimum((odds * BINS).astype(int), BINS - 1)
    parts = [places == place for place in range(BINS)]
    rows = tuple(
        (int(part.sum()), float(odds[part].mean()), float(held[part].mean())) if part.any() else (0, 0.0, 0.0)
        for part in parts
    )
    error = sum(number * abs(mean - true) for number, mean, true in rows) / max(1, len(odds))
    return Reliability(error, float(np.mean((odds - held) ** 2)), rows)
