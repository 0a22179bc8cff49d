"""Bodies of entities in a file without a name, gone with the process: the system keeps in memory what is read often."""

import os
import tempfile
import threading
import weakref
from collections import defaultdict

_UNIT = 256
"""Pieces take whole multiples of it, so that another fits where one was forgotten."""
_ZEROES = bytes(_UNIT)


class Spool:
    """`Bodies` in a file of the folder for temporary files (`TMPDIR`); what is forgotten is overwritten at once."""

    def __init__(self) -> None:
        file, name = tempfile.mkstemp(prefix="essaim-matcher-")
        os.unlink(name)
        self._file, self._end = file, 0
        self._free: dict[int, list[int]] = defaultdict(list)
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, file)

    def put(self, body: bytes) -> int:
        """Keep a piece; returns its place. Raises `OSError` where the disk is full."""
        units = _units(len(body))
        with self._lock:
            free = self._free[units]
            place, self._end = (free.pop(), self._end) if free else (self._end, self._end + units * _UNIT)
        os.pwrite(self._file, body, place)
        return place

    def get(self, place: int, size: int) -> bytes:
        """The piece of this size that was put there."""
        return os.pread(self._file, size, place)

    def drop(self, place: int, size: int) -> None:
        """Forget a piece."""
        units = _units(size)
        os.pwrite(self._file, _ZEROES * units, place)
        with self._lock:
            self._free[units].append(place)


def _units(size: int) -> int:
    return -(-size // _UNIT)
