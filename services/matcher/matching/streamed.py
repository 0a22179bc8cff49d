"""Lists gathered out of rows as PostgreSQL streams them, by what is compiled: no object is made for any entry."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.kernels.listing import (
    BYTES_OF_ENTRY,
    BYTES_OF_ROW,
    Named,
    Spans,
    copy_names,
    file_names,
    number_names,
    read_rows,
)
from services.matcher.matching.laid import Gathered

_SALT = np.uint64(abs(hash("where names are looked for")) | 1)
"""Drawn anew in each process: who chooses names does not choose where they are looked for."""
_BEGINS, _ENDS = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_NO_LETTERS = np.zeros(0, np.uint8)


class _Room(NamedTuple):
    """For what so many bytes can hold."""

    owners: Spans
    lengths: NDArray[np.int32]
    names: Spans
    scores: NDArray[np.int32]
    others: NDArray[np.int32]
    letters: NDArray[np.uint8]

    @classmethod
    def of(cls, size: int) -> "_Room":
        rows, entries = size // BYTES_OF_ROW + 1, size // BYTES_OF_ENTRY + 1
        spans = (Spans(np.empty(most, np.int64), np.empty(most, np.int32)) for most in (rows, entries))
        lengths, scores, others = (np.empty(most, np.int32) for most in (rows, entries, entries))
        return cls(next(spans), lengths, next(spans), scores, others, np.empty(size, np.uint8))


class Streamed:
    """Takes in a binary `COPY` of an owner, none twice, the names in its list, and their scores, best first."""

    def __init__(self) -> None:
        # What begins the stream says nothing that PostgreSQL was not asked for.
        self._to_skip, self._rest = len(_BEGINS), b""
        self._room = _Room.of(0)
        self._known = 0
        self._named = Named(_free(1), np.zeros(0, np.uint64), np.zeros(1, np.int64), _NO_LETTERS)
        self._taken: tuple[list[NDArray[Any]], ...] = ([_NO_LETTERS], *([np.zeros(0, np.int32)] for _ in range(3)))

    def add(self, data: bytes) -> None:
        """Take in the next bytes; raises `ValueError` where they are not such rows."""
        whole = np.frombuffer(self._rest + data, np.uint8)
        rows = whole[self._to_skip :]
        self._to_skip -= len(whole) - len(rows)
        if len(rows) > len(self._room.letters):
            self._room = _Room.of(len(rows))
        room = self._room
        count, entries, end = read_rows(rows, room.owners, room.lengths, room.names, room.scores)
        if end < 0:
            raise ValueError("these are no rows of an owner, and as many scores as names")
        self._make_room(entries, end)
        self._known = number_names(rows, room.names, entries, _SALT, self._named, self._known, room.others)
        letters = copy_names(rows, room.owners, count, room.letters)
        found: list[NDArray[Any]]
        found = [room.letters[:letters], room.lengths[:count], room.others[:entries], room.scores[:entries]]
        for taken, each in zip(self._taken, found, strict=True):
            taken.append(each.copy())
        self._rest = rows[end:].tobytes()

    def gathered(self) -> Gathered:
        """All that was taken in; raises `ValueError` where the end has not come."""
        if self._rest != _ENDS:
            raise ValueError("the rows have not come to their end")
        owners, lengths, others, scores = (np.concatenate(each) for each in self._taken)
        names = self._named.letters[: self._named.ends[self._known]]
        return Gathered(_names_in(owners), lengths, _names_in(names), others, scores)

    def _make_room(self, names: int, letters: int) -> None:
        """Have room for so many more names, of so many letters."""
        named, most = self._named, self._known + names
        named = Named(
            named.table,
            _grown(named.hashes, most),
            _grown(named.ends, most + 1),
            _grown(named.letters, int(named.ends[self._known]) + letters),
        )
        if 2 * most > len(named.table):
            named = named._replace(table=_free(4 * most))
            file_names(named, self._known)
        self._named = named


def warm_up() -> None:
    """Take in the list of one owner, which calls every kernel."""
    of_one = b"".join(each.to_bytes(4, "big") for each in (1, 0, 0, 1, 1))
    columns = (b"owner", of_one + _sized(b"name"), of_one + _sized(bytes(4)))
    Streamed().add(_BEGINS + len(columns).to_bytes(2, "big") + b"".join(map(_sized, columns)) + _ENDS)


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _free(most: int) -> NDArray[np.int32]:
    return np.full(1 << (most - 1).bit_length(), -1, np.int32)


def _grown(held: NDArray[Any], size: int) -> NDArray[Any]:
    """The same with room for so many."""
    if size <= len(held):
        return held
    grown = np.zeros(max(size, 2 * len(held)), held.dtype)
    grown[: len(held)] = held
    return grown


def _names_in(letters: NDArray[np.uint8]) -> list[str]:
    """Names that have a zero behind each; none has one within."""
    return letters.tobytes().decode().split("\0")[:-1]
