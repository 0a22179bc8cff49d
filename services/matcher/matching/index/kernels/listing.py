"""Lists out of rows as PostgreSQL streams them in binary: an owner's name, an array of names, one of scores."""

from typing import Any, NamedTuple

import numpy as np

from services.matcher.matching.index.kernels.compiled import kernel

BYTES_OF_ROW, BYTES_OF_ENTRY = 38, 12
"""That a row takes, and an entry of its list, at the least."""
_COLUMNS, _SIZE = 3, 4
_HEAD, _LENGTH_AT = 20, 12
"""Bytes of an array before its first element, and where its length stands; one without elements ends there."""


class Spans(NamedTuple):
    """Where names stand: from where on, and of how many letters."""

    begins: Any
    sizes: Any


class Named(NamedTuple):
    """Names by number, end to end, each with a zero behind it."""

    table: Any
    """Numbers, each in the first free place from that of its name's hash on; -1 where none is. A power of two."""
    hashes: Any
    ends: Any
    """Where each begins, and where the last ends."""
    letters: Any


@kernel
def read_rows(data: Any, owners: Spans, lengths: Any, names: Spans, scores: Any) -> Any:
    """Find the lists of all whole rows; returns how many rows and entries they have, and where what follows begins.

    That is -1 where this is no such row, or has not as many scores as names. There must be room for all that the bytes
    can hold.
    """
    at = rows = entries = 0
    after = end_of_row(data, at)
    while after > at:
        begin = at + 2 + _SIZE
        owners.begins[rows], owners.sizes[rows] = begin, number_at(data, at + 2)
        first = begin + owners.sizes[rows]
        second = first + _SIZE + number_at(data, first)
        count = length_of(data, first, _SIZE)
        if count < 0 or length_of(data, second, 2 * _SIZE) != count:
            return rows, entries, -1
        place, score = first + _SIZE + _HEAD, second + _SIZE + _HEAD
        for entry in range(entries, entries + count):
            size = number_at(data, place)
            place += _SIZE
            if size < 0 or place + size > second or number_at(data, score) != _SIZE:
                return rows, entries, -1
            names.begins[entry], names.sizes[entry] = place, size
            scores[entry] = number_at(data, score + _SIZE)
            place, score = place + size, score + 2 * _SIZE
        lengths[rows] = count
        rows, entries, at = rows + 1, entries + count, after
        after = end_of_row(data, at)
    return rows, entries, after


@kernel
def end_of_row(data: Any, at: int) -> int:
    """Where a row ends; `at` if some of it is not there yet, or none follows; -1 if it is no such row."""
    if at + 2 > len(data) or data[at] == 0xFF:
        return at
    if data[at] != 0 or data[at + 1] != _COLUMNS:
        return -1
    after = at + 2
    for _column in range(_COLUMNS):
        if after + _SIZE > len(data):
            return at
        size = number_at(data, after)
        if size < 0:
            return -1
        after += _SIZE + size
    return after if after <= len(data) else at


@kernel
def length_of(data: Any, at: int, least: int) -> int:
    """How many elements, of so many bytes at the least, an array has whose size stands here; -1 if it cannot have them.

    Nor may it have several dimensions.
    """
    size = number_at(data, at)
    if size == _LENGTH_AT and number_at(data, at + _SIZE) == 0:
        return 0
    if size < _HEAD or number_at(data, at + _SIZE) != 1:
        return -1
    count = number_at(data, at + _SIZE + _LENGTH_AT)
    return count if _HEAD + count * least <= size else -1


@kernel
def number_at(data: Any, at: int) -> Any:
    """A whole number of four bytes, the highest first."""
    high, low = np.int64(data[at]) << 8 | data[at + 1], np.int64(data[at + 2]) << 8 | data[at + 3]
    return np.int64(np.int32(high << 16 | low))


@kernel
def number_names(data: Any, names: Spans, count: int, salt: Any, named: Named, known: int, numbers: Any) -> int:
    """Give each of so many names its number, the next one where it is new; returns how many are known then.

    There must be room for as many more.
    """
    table, hashes, ends, letters = named
    last = len(table) - 1
    for entry in range(count):
        begin, size = names.begins[entry], names.sizes[entry]
        hashed = salt
        for at in range(begin, begin + size):
            hashed = (hashed ^ data[at]) * salt
        hashed ^= hashed >> np.uint64(32)
        slot = np.int64(hashed & np.uint64(0x7FFFFFFF)) & last
        number = table[slot]
        while number >= 0 and (hashes[number] != hashed or not is_name(data, begin, size, letters, ends, number)):
            slot = (slot + 1) & last
            number = table[slot]
        if number < 0:
            number, known = known, known + 1
            table[slot], hashes[number] = number, hashed
            ends[number + 1] = ends[number] + size + 1
            copy(data, begin, size, letters, ends[number])
        numbers[entry] = number
    return known


@kernel
def is_name(data: Any, begin: int, size: int, letters: Any, ends: Any, number: int) -> bool:
    """Whether these letters are those of a name that has a number."""
    at, same = ends[number], 0
    while same < size and data[begin + same] == letters[at + same]:
        same += 1
    return bool(same == size and letters[at + size] == 0)


@kernel
def copy(data: Any, begin: int, size: int, letters: Any, at: int) -> None:
    """Copy a name to where it is to stand, and a zero behind it."""
    for place in range(size):
        letters[at + place] = data[begin + place]
    letters[at + size] = 0


@kernel
def copy_names(data: Any, names: Spans, count: int, letters: Any) -> int:
    """Copy so many names end to end, each with a zero behind it; returns how many letters they are."""
    at = 0
    for each in range(count):
        copy(data, names.begins[each], names.sizes[each], letters, at)
        at += names.sizes[each] + 1
    return at


@kernel
def file_names(named: Named, known: int) -> None:
    """Enter all that are known in a table that is empty."""
    last = len(named.table) - 1
    for number in range(known):
        slot = np.int64(named.hashes[number] & np.uint64(0x7FFFFFFF)) & last
        while named.table[slot] >= 0:
            slot = (slot + 1) & last
        named.table[slot] = number
