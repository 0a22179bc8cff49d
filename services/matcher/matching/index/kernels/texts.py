"""Similarities of texts: exact from their terms, and bounded from their signatures."""

from math import sqrt
from typing import Any

import numpy as np

from services.matcher.matching.criteria import WEIGHTS
from services.matcher.matching.index.kernels.compiled import kernel
from services.matcher.matching.index.kernels.shares import share
from services.matcher.matching.index.records import TERM
from shared.text.vectors import MILLION

TEXT = WEIGHTS["text"]
_SLACK = 1 + 1 / 1_024
"""By how much whole norms, cut to integers, may make a cosine greater; shorter norms are not bounded by signatures."""
SHORT = 2_048


@kernel
def bit_of(term: int) -> Any:
    """Which of the 64 bits of a signature a term sets."""
    return (np.uint64(term) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(58)


@kernel
def write(cells: Any, at: int, indices: Any, weights: Any) -> Any:
    """Write a text into `cells` from `at` on; returns its signature."""
    signature = np.uint64(0)
    for place in range(len(indices)):
        term, start = indices[place], at + TERM * place
        cells[start], cells[start + 1], cells[start + 2] = term & 0xFFFF, term >> 16, weights[place]
        signature |= np.uint64(1) << bit_of(term)
    return signature


@kernel
def spread(indices: Any, weights: Any, dense: Any, squares: Any) -> None:
    """Lay the asking text out: weights by term; by byte of a signature and its value, the squares they stand for."""
    squares[:] = 0
    for place in range(len(indices)):
        weight = weights[place]
        dense[indices[place]] = weight
        bit = np.int64(bit_of(indices[place]))
        squares[bit >> 3, 1 << (bit & 7)] += weight * weight
    for byte in range(8):
        for value in range(1, 256):
            lowest = value & -value
            if value != lowest:
                squares[byte, value] = squares[byte, value ^ lowest] + squares[byte, lowest]


@kernel
def clear(indices: Any, dense: Any) -> None:
    """Undo `spread`."""
    for place in range(len(indices)):
        dense[indices[place]] = 0


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
def text_share(detail: Any, cells: Any, dense: Any, norm: int) -> Any:
    """What the similarity to the text of a row earns."""
    product = norm * np.int64(detail["norm"])
    if product == 0:
        return 0
    inner = np.int64(0)
    at = detail["text"]
    for _ in range(detail["terms"]):
        inner += dense[np.int64(cells[at]) | np.int64(cells[at + 1]) << 16] * np.int64(cells[at + 2])
        at += TERM
    similarity = min(MILLION, share(MILLION, inner, product))
    return share(TEXT, np.int64(sqrt(float(similarity * MILLION))), MILLION)
