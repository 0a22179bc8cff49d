"""What is read of few entities only, as bytes beside all that searches read: in memory, or wherever a process says."""

from collections.abc import Sequence
from typing import Protocol


class Bodies(Protocol):
    """Pieces of bytes, each found again by where it was put."""

    def put_all(self, bodies: Sequence[bytes]) -> list[int]:
        """Keep some pieces; returns their places. None is kept where one has no room."""

    def get(self, place: int, size: int) -> bytes:
        """The piece of this size that was put there."""

    def drop(self, place: int, size: int) -> None:
        """Forget a piece; never fails."""


class InMemory:
    """For few: each piece an object of its own."""

    def __init__(self) -> None:
        self._held: dict[int, bytes] = {}
        self._next = 0

    def put_all(self, bodies: Sequence[bytes]) -> list[int]:
        places = list(range(self._next, self._next + len(bodies)))
        self._held.update(zip(places, bodies, strict=True))
        self._next += len(bodies)
        return places

    def get(self, place: int, _size: int) -> bytes:
        return self._held[place]

    def drop(self, place: int, _size: int) -> None:
        del self._held[place]
