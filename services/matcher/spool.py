"""Bodies of entities in a file without a name, gone with the process: the system keeps in memory what is read often."""

import os
import tempfile
import threading
import weakref
from collections import defaultdict
from contextlib import suppress

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
        self._dropped: list[tuple[int, int]] = []
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, file)

    def put(self, body: bytes) -> int:
        """Keep a piece; returns its place. Raises `OSError` where the disk is full."""
        self._overwrite()
        units = _units(len(body))
        with self._lock:
            free = self._free[units]
            place, self._end = (free.pop(), self._end) if free else (self._end, self._end + units * _UNIT)
        try:
            self._write(body, place)
        except OSError:
            self.drop(place, len(body))
            raise
        return place

    def get(self, place: int, size: int) -> bytes:
        """The piece of this size that was put there."""
        return os.pread(self._file, size, place)

    def drop(self, place: int, size: int) -> None:
        """Forget a piece: at once, or as soon as the disk lets it be overwritten."""
        with self._lock:
            self._dropped.append((place, _units(size)))
        self._overwrite()

    def _overwrite(self) -> None:
        with self._lock, suppress(OSError):
            while self._dropped:
                place, units = self._dropped[-1]
                self._write(_ZEROES * units, place)
                self._free[units].append(place)
                self._dropped.pop()

    def _write(self, body: bytes, place: int) -> None:
        done = 0
        while done < len(body):  # where the disk becomes full, the system writes a part before it says so
            done += os.pwrite(self._file, body[done:], place + done)


def _units(size: int) -> int:
    return -(-size // _UNIT)
