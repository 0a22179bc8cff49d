"""Bodies of entities in a file without a name, gone with the process: the system keeps in memory what is read often."""

import os
import tempfile
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterator, Sequence
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
        self._lock = threading.RLock()
        weakref.finalize(self, os.close, file)

    def put_all(self, bodies: Sequence[bytes]) -> list[int]:
        """Keep some pieces; returns their places. Raises `OSError` where the disk has no room for all: none is kept."""
        self._overwrite()
        with self._lock:
            end = self._end
            places = [self._place_for(_units(len(body))) for body in bodies]
            try:
                for place, whole in _end_to_end(places, bodies):
                    self._write(whole, place)
            except OSError:
                self._take_back(places, bodies, end)
                raise
        return places

    def _take_back(self, places: Sequence[int], bodies: Sequence[bytes], end: int) -> None:
        """Forget pieces of which some could not be written; what was to stand behind `end` takes no room."""
        os.ftruncate(self._file, end)
        self._end = end
        units = map(_units, map(len, bodies))
        self._dropped += [(place, count) for place, count in zip(places, units, strict=True) if place < end]
        self._overwrite()

    def get(self, place: int, size: int) -> bytes:
        """The piece of this size that was put there."""
        return os.pread(self._file, size, place)

    def drop(self, place: int, size: int) -> None:
        """Forget a piece: at once, or as soon as the disk lets it be overwritten."""
        with self._lock:
            self._dropped.append((place, _units(size)))
        self._overwrite()

    def _place_for(self, units: int) -> int:
        if free := self._free[units]:
            return free.pop()
        place, self._end = self._end, self._end + units * _UNIT
        return place

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


def _end_to_end(places: Sequence[int], bodies: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """The pieces, those that stand side by side as one."""
    begin = end = 0
    joined: list[bytes] = []
    for place, body in zip(places, bodies, strict=True):
        if place != end and joined:
            yield begin, b"".join(joined)
            joined = []
        if not joined:
            begin = end = place
        joined.append(body.ljust(_units(len(body)) * _UNIT, b"\0"))
        end += len(joined[-1])
    if joined:
        yield begin, b"".join(joined)


def _units(size: int) -> int:
    return -(-size // _UNIT)
