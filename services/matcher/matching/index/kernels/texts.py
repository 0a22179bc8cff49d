"""Similarities of texts: exact from their terms, and bounded from their signatures."""

from math import sqrt
from typing import Any

import numpy as np

from services.matcher.matching.criteria import WEIGHTS
from services.matcher.matching.index.kernels.compiled import kernel
from services.matcher.matching.index.kernels.shares import share
from services.matcher.matching.index.records import WEIGHT_BITS
from shared.text.vectors import MILLION

TEXT = WEIGHTS["text"]
_SLACK = 1 + 1 / 1_024
"""By how much whole norms, cut to integers, may make a cosine greater; shorter norms are not bounded by signatures."""
SHORT = 2_048
_WEIGHT = (1 << WEIGHT_BITS) - 1


@kernel
def bit_of(term: int) -> Any:
    """Which of the 64 bits of a signature a term sets."""
    return (np.uint64(term) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(58)


@kernel
def write(cells: Any, at: int, indices: Any, weights: Any) -> Any:
    """Write a text into `cells` from `at` on; returns its signature."""
    signature = np.uint64(0)
    for place in range(len(indices)):
        term = indices[place]
        cells[at + place] = term << WEIGHT_BITS | weights[place]
        signature |= np.uint64(1) << bit_of(term)
    return signature


@kernel
def sign(cells: Any, starts: Any, terms: Any, norms: Any, signatures: Any) -> None:
    """The signatures of texts that stand in `cells`: each from where it starts, of so many terms and such a norm."""
    for text in range(len(starts)):
        signature = np.uint64(0)
        for at in range(starts[text], starts[text] + terms[text]):
            signature |= np.uint64(1) << bit_of(cells[at] >> WEIGHT_BITS)
        signatures[text] = ~np.uint64(0) if 0 < norms[text] < SHORT else signature


@kernel
def spread(indices: Any, weights: Any, table: Any, squares: Any) -> None:
    """Lay the asking text out: its terms where `weight_in` finds them; the squares that values of bytes stand for.

    `table` is empty but for a last cell, an odd number that decides where terms are looked for; the others are a power
    of two, twice as many as the terms at least.
    """
    squares[:] = 0
    for place in range(len(indices)):
        term, weight = indices[place], weights[place]
        slot = slot_of(term, table)
        while table[slot] != 0:
            slot = (slot + 1) & (len(table) - 2)
        table[slot] = term << WEIGHT_BITS | weight
        bit = np.int64(bit_of(term))
        squares[bit >> 3, 1 << (bit & 7)] += weight * weight
    for byte in range(8):
        for value in range(1, 256):
            lowest = value & -value
            if value != lowest:
                squares[byte, value] = squares[byte, value ^ lowest] + squares[byte, lowest]


@kernel
def slot_of(term: int, table: Any) -> Any:
    """Where looking for a term begins: nobody who does not know the last cell can choose words that begin together."""
    return np.int64((np.uint64(term) * np.uint64(table[-1])) >> np.uint64(40)) & (len(table) - 2)


@kernel
def weight_in(term: int, table: Any) -> Any:
    """What a term weighs in the asking text; 0 where it has none such."""
    slot = slot_of(term, table)
    while table[slot] != 0:
        if table[slot] >> WEIGHT_BITS == term:
            return table[slot] & _WEIGHT
        slot = (slot + 1) & (len(table) - 2)
    return 0


@kernel
def most_text(signature: int, squares: Any, norm: int) -> int:
    """What the similarity to a text of this signature can earn at most."""
    total = np.int64(0)
    for byte in range(8):
        total += squares[byte, (signature >> np.uint64(8 * byte)) & np.uint64(255)]
    if total == 0:
        return 0
    similarity = min(1.0, sqrt(float(total)) / norm * _SLACK + 1e-6)
    return int(TEXT * sqrt(similarity)) + 2


@kernel
def text_share(detail: Any, cells: Any, table: Any, norm: int) -> Any:
    """What the similarity to the text of a row earns."""
    product = norm * np.int64(detail["norm"])
    if product == 0:
        return 0
    inner = np.int64(0)
    for at in range(detail["text"], detail["text"] + detail["terms"]):
        inner += weight_in(cells[at] >> WEIGHT_BITS, table) * (cells[at] & _WEIGHT)
    similarity = min(MILLION, share(MILLION, inner, product))
    return share(TEXT, np.int64(sqrt(float(similarity * MILLION))), MILLION)
