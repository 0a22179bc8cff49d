"""What is read of few entities only, as bytes beside all that searches read: in memory, or wherever a process says."""

from typing import Protocol


class Bodies(Protocol):
    """Pieces of bytes, each found again by where it was put."""

    def put(self, body: bytes) -> int:
        """Keep a piece; returns its place."""

    def get(self, place: int, size: int) -> bytes:
        """The piece of this size that was put there."""

    def drop(self, place: int, size: int) -> None:
        """Forget a piece; never fails."""


class InMemory:
    """For few: each piece an object of its own."""

    def __init__(self) -> None:
        self._held: dict[int, bytes] = {}
        self._next = 0

    def put(self, body: bytes) -> int:
        self._next += 1
        self._held[self._next] = body
        return self._next

    def get(self, place: int, _size: int) -> bytes:
        return self._held[place]

    def drop(self, place: int, _size: int) -> None:
        del self._held[place]
