"""Keeps what is filed in order: what came is merged in, pieces are put one behind the other."""

from typing import Any, NamedTuple

from services.matcher.matching.index.kernels.compiled import kernel
from services.matcher.matching.index.records import GONE


class Columns(NamedTuple):
    """What postings hold of each record: itself, where it is filed, its brief."""

    records: Any
    places: Any
    briefs: Any


@kernel
def merge(held: Columns, ordered: int, came: Any, merged: Columns) -> int:
    """Copy into `merged`, by place, then brief, what is not gone; returns how many records it then has.

    The first `ordered` of `held` stand in that order; `came` has where the others are, in that order, too.
    """
    at = count = 0
    for other in came:
        while at < ordered and not is_before(held, other, at):
            count = copied(held, at, merged, count)
            at += 1
        count = copied(held, other, merged, count)
    for rest in range(at, ordered):
        count = copied(held, rest, merged, count)
    return count


@kernel
def is_before(held: Columns, one: int, other: int) -> bool:
    """Whether a record stands before another."""
    if held.places[one] != held.places[other]:
        return bool(held.places[one] < held.places[other])
    return bool(held.briefs[one] < held.briefs[other])


@kernel
def copied(held: Columns, at: int, merged: Columns, count: int) -> int:
    """Copy a record behind so many others, if it is not gone; returns how many there are now."""
    if held.records[at]["flags"] & GONE:
        return count
    merged.records[count] = held.records[at]
    merged.places[count], merged.briefs[count] = held.places[at], held.briefs[at]
    return count + 1


@kernel
def link(held: Columns, count: int, starts: Any, same_row: Any, first: Any) -> None:
    """Tell of so many records in order where each place starts, and chain those of each row.

    The last of them is in `first`; from each the one before is in `same_row`, or -1.
    """
    starts[:] = 0
    for at in range(count):
        row = held.records[at]["row"]
        same_row[at], first[row] = first[row], at
        starts[held.places[at] + 1] += 1
    for place in range(1, len(starts)):
        starts[place] += starts[place - 1]


@kernel
def packed(cells: Any, starts: Any, lengths: Any, kept: Any) -> int:
    """Copy these pieces of `cells` into `kept`, one behind the other, and let `starts` follow; how much was copied."""
    end = 0
    for place in range(len(starts)):
        start, length = starts[place], lengths[place]
        starts[place] = end
        for at in range(length):
            kept[end + at] = cells[start + at]
        end += length
    return end
