"""Entities in bytes, as they are judged: validated, texts in numbers; a checksum tells those that were damaged."""

from collections.abc import Iterable, Mapping, Sequence
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
Head = np.dtype[Any]
"""The fixed values of an entity."""

BEGINS = [("check", np.uint32), ("terms", np.uint16), ("norm", np.int32), ("flags", np.uint8)]
"""How the head of any entity begins: checksum, terms and norm of its text, flags."""
OFFER = np.dtype(
    [
        *BEGINS,
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
    """Several entities: the fixed values of each, the cells of their texts one behind the other, and names.

    Names of an offer are units, challenges, the organisation, the whole that it is part of, own words; empty where
    nobody says.
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
    flags = flags_of(values, {"out": OUT, "only_money": ONLY_MONEY, "labelled_only": LABELLED_ONLY})
    flags |= flags_of(values, {"needs_barrier": NEEDS_BARRIER}) | (
        ACCEPTS_NEIGHBOURS if shape.accepts_neighbours else 0
    )
    flags |= (CONTEXT if is_context else 0) | (UNMANAGED if isinstance(shape, Fund) and not shape.managed else 0)
    names = (
        joined(f"{unit.level}:{unit.code}" for unit in offer.units),
        joined(sorted(offer.challenges)),
        offer.organisation_id or "",
        (isinstance(shape, Fund) and shape.part_of) or "",
        joined(offer.vector.own_words),
    )
    return pack(OFFER, {**values, "flags": flags}, version, offer.vector, names)


def are_whole(packed: Sequence[tuple[bytes | None, int]], head: Head = OFFER) -> list[bool]:
    """Which of these are as they were packed, for that version."""
    return [
        each is not None and len(each) >= head.itemsize and _check(each, version) == each[:_CHECK]
        for each, version in packed
    ]


def unpack(packed: Sequence[bytes], head: Head = OFFER) -> Unpacked:
    """What was packed under this head, all of it whole."""
    size = head.itemsize
    heads = np.frombuffer(b"".join([each[:size] for each in packed]), head)
    ends = (size + _CELL * heads["terms"].astype(np.int64)).tolist()
    cells = np.frombuffer(b"".join([each[size:end] for each, end in zip(packed, ends, strict=True)]), np.int64)
    names = [each[end:].decode().split(_BETWEEN) for each, end in zip(packed, ends, strict=True)]
    return Unpacked(heads, cells, names)


def vector_of(packed: bytes, words: tuple[str, ...], head: Head = OFFER) -> TextVector:
    """The text of one entity, of the model that shows terms by these words."""
    found = unpack([packed], head)
    places, weights = found.cells >> WEIGHT_BITS, found.cells & ((1 << WEIGHT_BITS) - 1)
    norm_sq, own_words = int(np.dot(weights, weights)), tuple(several(found.names[0][-1]))
    return TextVector(places, weights, norm_sq, int(found.heads["norm"][0]), words, own_words)


def units_in(name: str) -> list[Unit]:
    """The units that stand in a name."""
    return [Unit(*each.split(":")) for each in several(name)]


def several(name: str) -> list[str]:
    """The names that stand in one."""
    return name.split(_AMONG) if name else []


def joined(names: Iterable[str]) -> str:
    """One name of several."""
    return _AMONG.join(names)


def pack(head: Head, values: Mapping[str, Any], version: int, vector: TextVector, names: Sequence[str]) -> bytes:
    """The bytes of an entity in this version, under this head; the last of its names are its own words."""
    begins = np.zeros((), head)
    for field in head.names or ():
        if field in values:
            begins[field] = values[field]
    cells = vector.indices << WEIGHT_BITS | vector.weights
    begins["terms"], begins["norm"] = len(vector), vector.norm
    whole = begins.tobytes() + cells.tobytes() + _BETWEEN.join(names).encode()
    return _check(whole, version) + whole[_CHECK:]


def flags_of(values: Mapping[str, Any], bits: Mapping[str, int]) -> int:
    """The bits of those values that are true."""
    return sum(bit for name, bit in bits.items() if values[name])


def _check(whole: bytes, version: int) -> bytes:
    return crc32(whole[_CHECK:], (version ^ version >> 32) & 0xFFFFFFFF).to_bytes(_CHECK, "little")
