"""Keeps what is filed in order: chains of the records of a row, pieces one behind the other."""

from typing import Any

from services.matcher.matching.index.kernels.compiled import kernel


@kernel
def link(records: Any, count: int, same_row: Any, first: Any) -> None:
    """Chain the records of each row: the last of them in `first`, from each the one before in `same_row`, or -1."""
    for at in range(count):
        row = records[at]["row"]
        same_row[at], first[row] = first[row], at


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
