"""What this machine can do at most: how many cache lines it reads in no order, and how many bytes in order."""

import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np

from benchmarks.clock import load

_WORDS_PER_LINE = 8
_READS = 4_000_000
_TIMES = 5


def limits(mebibytes: int) -> dict[str, float]:
    """Rates of one core over an array of this size, medians by the processor's clock.

    `lines_per_s` are reads that do not wait for one another, `chased_per_s` those of which each tells the place of the
    next; `bytes_per_s` are read in order.
    """
    lines = 1 << (mebibytes * (1 << 20) // 64).bit_length() - 1
    words = np.zeros(lines * _WORDS_PER_LINE, np.int64)
    # One cycle through all lines, far from one to the next.
    words[::_WORDS_PER_LINE] = (np.arange(lines, dtype=np.int64) * 0x9E3779B1 + 12_345) & (lines - 1)
    for reading in (_gather, _chase):
        reading(words, lines, 10)  # compiled before it is measured
    _in_order(words[:64])
    return {
        "mebibytes": lines * 64 / (1 << 20),
        "lines_per_s": _READS / _median_s(lambda: _gather(words, lines, _READS)),
        "chased_per_s": _READS / 8 / _median_s(lambda: _chase(words, lines, _READS // 8)),
        "bytes_per_s": words.nbytes / _median_s(lambda: _in_order(words)),
    }


def description() -> dict[str, Any]:
    """Which machine this is, and how busy."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "load": load(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:  # not on this system
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _median_s(work: Any) -> float:
    found = []
    for _ in range(_TIMES):
        before = time.thread_time()
        work()
        found.append(time.thread_time() - before)
    return statistics.median(found)


@numba.njit
def _gather(words: Any, lines: int, count: int) -> Any:
    total, state = 0, np.uint64(88172645463325252)
    for _ in range(count):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        total += words[np.int64(state & np.uint64(lines - 1)) * 8]
    return total


@numba.njit
def _chase(words: Any, _lines: int, count: int) -> Any:
    at = 1
    for _ in range(count):
        at = words[at * 8]
    return at


@numba.njit
def _in_order(words: Any) -> Any:
    total = 0
    for at in range(len(words)):
        total += words[at]
    return total
