"""Offers in bytes, as they are judged: validated, their texts in numbers; a checksum tells those that were damaged."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.layout import Numbers, offer_row
from services.matcher.matching.index.records import WEIGHT_BITS
from services.matcher.matching.model import PreparedOffer
from shared.events.shapes import Fund
from shared.reference.geography import Unit
from shared.text.vectors import TextVector

_BETWEEN, _AMONG = "\x1f", "\x1e"
_CELL, _CHECK = 8, 4

OFFER = np.dtype(
    [
        ("check", np.uint32),
        ("terms", np.uint16),
        ("norm", np.int32),
        ("flags", np.uint8),
        ("slot", np.uint8),
        ("first_day", np.int32),
        ("last_day", np.int32),
        ("categories", np.uint16),
        ("admitted", np.uint8),
        ("stages", np.uint8),
        ("forms", np.uint32),
        ("objects", np.uint32),
        ("least_eur", np.int64),
        ("least_days", np.int32),
        ("cap_eur", np.int64),
        ("cap_days", np.int32),
        ("siren", np.int32),
    ]
)
OUT, ONLY_MONEY, LABELLED_ONLY, NEEDS_BARRIER, ACCEPTS_NEIGHBOURS, CONTEXT, UNMANAGED = 1, 2, 4, 8, 16, 32, 64
"""Flags of an offer."""


class Unpacked(NamedTuple):
    """Several offers: the fixed values of each, the cells of their texts one behind the other, and names.

    Names are units, challenges, the organisation, the whole that it is part of, own words; empty where nobody says.
    """

    heads: NDArray[Any]
    cells: NDArray[np.int64]
    names: list[list[str]]

    def some(self, which: Sequence[int]) -> "Unpacked":
        """Those of these numbers alone."""
        if len(which) == len(self.heads):
            return self
        sizes = self.heads["terms"].astype(np.int64)
        ends = np.cumsum(sizes)
        kept = [self.cells[ends[at] - sizes[at] : ends[at]] for at in which]
        cells = np.concatenate(kept) if kept else self.cells[:0]
        return Unpacked(self.heads[which], cells, [self.names[at] for at in which])


def pack_offer(offer: PreparedOffer, version: int, *, is_context: bool) -> bytes:
    """The bytes of an offer in this version; `is_context` where it never is matched, whatever is part of it."""
    values, shape = offer_row(offer, Numbers()), offer.offer
    flags = _flags(values, {"out": OUT, "only_money": ONLY_MONEY, "labelled_only": LABELLED_ONLY})
    flags |= _flags(values, {"needs_barrier": NEEDS_BARRIER}) | (ACCEPTS_NEIGHBOURS if shape.accepts_neighbours else 0)
    flags |= (CONTEXT if is_context else 0) | (UNMANAGED if isinstance(shape, Fund) and not shape.managed else 0)
    names = (
        _AMONG.join(f"{unit.level}:{unit.code}" for unit in offer.units),
        _AMONG.join(sorted(offer.challenges)),
        offer.organisation_id or "",
        (isinstance(shape, Fund) and shape.part_of) or "",
        _AMONG.join(offer.vector.own_words),
    )
    return _packed({**values, "flags": flags}, version, offer.vector, names)


def are_whole(packed: Sequence[tuple[bytes | None, int]]) -> list[bool]:
    """Which of these are as they were packed, for that version."""
    return [
        each is not None and len(each) >= OFFER.itemsize and _check(each, version) == each[:_CHECK]
        for each, version in packed
    ]


def unpack(packed: Sequence[bytes]) -> Unpacked:
    """What `pack_offer` made, all of it whole."""
    size = OFFER.itemsize
    heads = np.frombuffer(b"".join([each[:size] for each in packed]), OFFER)
    ends = (size + _CELL * heads["terms"].astype(np.int64)).tolist()
    cells = np.frombuffer(b"".join([each[size:end] for each, end in zip(packed, ends, strict=True)]), np.int64)
    names = [each[end:].decode().split(_BETWEEN) for each, end in zip(packed, ends, strict=True)]
    return Unpacked(heads, cells, names)


def vector_of(packed: bytes, words: tuple[str, ...]) -> TextVector:
    """The text of one offer, of the model that shows terms by these words."""
    found = unpack([packed])
    places, weights = found.cells >> WEIGHT_BITS, found.cells & ((1 << WEIGHT_BITS) - 1)
    norm_sq, own_words = int(np.dot(weights, weights)), tuple(several(found.names[0][4]))
    return TextVector(places, weights, norm_sq, int(found.heads["norm"][0]), words, own_words)


def units_in(name: str) -> list[Unit]:
    """The units that stand in a name."""
    return [Unit(*each.split(":")) for each in several(name)]


def several(name: str) -> list[str]:
    """The names that stand in one."""
    return name.split(_AMONG) if name else []


def _packed(values: Mapping[str, Any], version: int, vector: TextVector, names: Sequence[str]) -> bytes:
    head = np.zeros((), OFFER)
    for field in OFFER.names or ():
        if field in values:
            head[field] = values[field]
    cells = vector.indices << WEIGHT_BITS | vector.weights
    head["terms"], head["norm"] = len(vector), vector.norm
    whole = head.tobytes() + cells.tobytes() + _BETWEEN.join(names).encode()
    return _check(whole, version) + whole[_CHECK:]


def _check(whole: bytes, version: int) -> bytes:
    return crc32(whole[_CHECK:], (version ^ version >> 32) & 0xFFFFFFFF).to_bytes(_CHECK, "little")


def _flags(values: Mapping[str, Any], bits: Mapping[str, int]) -> int:
    return sum(bit for name, bit in bits.items() if values[name])
