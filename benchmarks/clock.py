"""Measures by the clock of the processor, so that what else the machine does counts little."""

import statistics
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def median_us(work: Callable[[T], object], each: Iterable[T]) -> float:
    """The median processor time of `work` on each, in microseconds."""
    return statistics.median(_spent_ns(work, one) for one in each) / 1_000


def mean_us(work: Callable[[T], object], each: Iterable[T]) -> float:
    """The mean, where what is rare counts too."""
    return statistics.fmean(_spent_ns(work, one) for one in each) / 1_000


def _spent_ns(work: Callable[[T], object], one: T) -> int:
    before = time.process_time_ns()
    work(one)
    return time.process_time_ns() - before
