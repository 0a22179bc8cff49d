"""Measures by the clock of the processor, so that what else the machine does counts little."""

import os
import statistics
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


class OwnTime:
    """Where all the work is done in this process, on whatever thread."""

    def spent_ns(self) -> int:
        """The processor time of this process, in nanoseconds."""
        return time.process_time_ns()

    def close(self) -> None:
        """Nothing is left behind."""


def median_us(work: Callable[[T], object], each: Iterable[T], clock: Callable[[], int] = time.process_time_ns) -> float:
    """The median processor time of `work` on each, in microseconds."""
    return statistics.median(_spent_ns(work, one, clock) for one in each) / 1_000


def mean_us(work: Callable[[T], object], each: Iterable[T]) -> float:
    """The mean, where what is rare counts too."""
    return statistics.fmean(_spent_ns(work, one, time.process_time_ns) for one in each) / 1_000


def load() -> tuple[float, float, float]:
    """How many processes wanted to run, on average over 1, 5 and 15 minutes."""
    one, five, fifteen = (round(each, 2) for each in os.getloadavg())
    return one, five, fifteen


def _spent_ns(work: Callable[[T], object], one: T, clock: Callable[[], int]) -> int:
    before = clock()
    work(one)
    return clock() - before
