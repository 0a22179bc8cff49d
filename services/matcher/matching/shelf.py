"""All offers that were heard: in memory what searches ask, bodies read on demand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.bodies import Bodies
from services.matcher.matching.index.packed import CONTEXT, UNMANAGED, Unpacked, pack_offer, unpack, vector_of
from services.matcher.matching.kept import ERASED, WHERE, Held, Kept
from services.matcher.matching.model import PreparedOffer
from services.matcher.matching.prepare import Preparation, is_context
from services.matcher.matching.rows import Positions, WholeRow, replays_in
from services.matcher.matching.shortlists import OfferKey, offer_named, text_of
from shared.events.shapes import Commitment, Fund
from shared.events.vocabulary import OfferType

OFFER_TYPES: dict[str, OfferType] = {"commitments": "commitment", "funds": "fund"}
TOPICS: dict[OfferType, str] = {offer_type: topic for topic, offer_type in OFFER_TYPES.items()}
PREPARED = 4_096
"""Offers that are kept ready to be judged."""
_FUND = 1 << 9
_HELD = np.dtype(
    [
        ("version", np.int64),
        ("partition", np.int32),
        ("offset", np.int64),
        ("replay", np.int64),
        ("first_day", np.int32),
        ("last_day", np.int32),
        ("flags", np.uint16),
        *WHERE,
    ]
)


@dataclass(frozen=True, slots=True)
class HeardOffer:
    """An offer as last heard, and where; `replay` numbers the replay that stored it, where it was a dead letter."""

    version: int
    topic_partition: int
    offset: int
    replay: int
    is_erased: bool
    managed: bool = True

    def is_known_at(self, ends: Mapping[int, int], replays: int) -> bool:
        """Whether who has read its topic to `ends`, and so many replays, knows it."""
        return ends.get(self.topic_partition, 0) > self.offset and replays >= self.replay


class Said(NamedTuple):
    """What is to be kept of an offer: of one that is erased, nothing of what it said."""

    offer: OfferKey
    heard: HeardOffer
    prepared: PreparedOffer | None
    body: bytes


class Shelf(Kept[PreparedOffer]):
    """Every offer ever heard, erased ones too, by key."""

    def __init__(self, bodies: Bodies) -> None:
        super().__init__(bodies, _HELD, PREPARED)
        self._parts: dict[OfferKey, str] = {}

    def __iter__(self) -> Iterator[OfferKey]:
        return map(offer_named, self.numbers)

    def keys_of(self, rows: NDArray[Any]) -> list[OfferKey]:
        """Those of `held` that stand in these rows."""
        return [offer_named(self.numbers.key_of(row)) for row in rows.tolist()]

    def get(self, offer: OfferKey) -> HeardOffer | None:
        """What was heard last of an offer."""
        row = self.numbers.row_of(text_of(offer))
        if row is None:
            return None
        version, partition, offset, replay, _, _, flags, *_ = self._held[row].tolist()
        return HeardOffer(version, partition, offset, replay, bool(flags & ERASED), not flags & UNMANAGED)

    def wholes(self) -> frozenset[str]:
        """The funds that others are part of."""
        return frozenset(self._parts.values())

    def is_matched(self, offer: OfferKey, wholes: frozenset[str]) -> bool:
        """Whether an offer is neither erased, nor only shown since `wholes` has it or for what it is itself."""
        row = self.numbers.row_of(text_of(offer))
        if row is None or self._held["flags"][row] & (ERASED | CONTEXT):
            return False
        return offer.offer_type != "fund" or offer.offer_id not in wholes

    def are_matched(self, offers: Sequence[OfferKey], wholes: frozenset[str]) -> list[int]:
        """Which of these, that were loaded last, are matched."""
        flags = self.held()["flags"][self.numbers.used - len(offers) :].tolist()
        return [
            at
            for at, (offer, flag) in enumerate(zip(offers, flags, strict=True))
            if not flag & CONTEXT and not (flag & _FUND and offer.offer_id in wholes)
        ]

    def put(self, said: Sequence[Said]) -> None:
        """Keep what was heard of some offers, of each once; all of it or, where the disk is full, nothing."""
        held = np.zeros(len(said), _HELD)
        held["version"], held["replay"] = [each.heard.version for each in said], [each.heard.replay for each in said]
        held["partition"] = [each.heard.topic_partition for each in said]
        held["offset"] = [each.heard.offset for each in said]
        packed = [_packed(each.prepared, each.heard.version) for each in said]
        live = [at for at, each in enumerate(packed) if each]
        written = held[live]
        self._note(written, unpack([packed[at] for at in live]))
        self._write(written, [(packed[at], said[at].body) for at in live])
        held["flags"] = ERASED
        held[live] = written
        held["flags"] |= np.array([_FUND if each.offer.offer_type == "fund" else 0 for each in said], np.uint16)
        for at, each in enumerate(said):
            self._enter(each, held[at : at + 1])

    def _enter(self, said: Said, held: Held) -> None:
        self._replace(text_of(said.offer), held, said.prepared)
        self._parts.pop(said.offer, None)
        if said.prepared is not None:
            shape = said.prepared.offer
            self._note_part(said.offer, shape.part_of if isinstance(shape, Fund) else None)

    def load(self, rows: Sequence[WholeRow], unpacked: Unpacked) -> list[OfferKey]:
        """Keep offers that are not there yet, from their bytes, as `put` does; returns their keys."""
        offers = [OfferKey(row.key, OFFER_TYPES[row.topic]) for row in rows]
        held = np.zeros(len(rows), _HELD)
        held["version"], held["replay"] = [row.version for row in rows], [row.replay for row in rows]
        held["partition"] = [row.topic_partition for row in rows]
        held["offset"] = [row.topic_offset for row in rows]
        self._note(held, unpacked)
        self._write(held, [(row.packed or b"", row.body or b"") for row in rows])
        held["flags"] |= np.array([_FUND if offer.offer_type == "fund" else 0 for offer in offers], np.uint16)
        self._add([text_of(offer) for offer in offers], held)
        for offer, names in zip(offers, unpacked.names, strict=True):
            self._note_part(offer, names[3])
        return offers

    def body_of(self, offer: OfferKey) -> bytes | None:
        """The JSON of an offer; none once erased. Raises `KeyError` for one never heard."""
        whole = self._whole(self._row(text_of(offer)))
        return whole[1] if whole else None

    def packed_of(self, offer: OfferKey) -> bytes | None:
        """The bytes of an offer; none once erased. Raises `KeyError` for one never heard."""
        whole = self._whole(self._row(text_of(offer)))
        return whole[0] if whole else None

    def prepared(self, offer: OfferKey, preparation: Preparation) -> PreparedOffer:
        """An offer ready to be judged; raises `KeyError` for one that is erased or was never heard."""
        row = self._row(text_of(offer))
        if row in self._ready:
            return self._ready[row]
        whole = self._whole(row)
        if whole is None:
            raise KeyError(offer)
        packed, body = whole
        found = preparation.offer(shape_of(offer.offer_type, body), vector_of(packed, preparation.model.words))
        self._keep_ready(row, found)
        return found

    def unknown_at(self, positions: Positions) -> frozenset[OfferKey]:
        """The offers that who has read to `positions` does not know as they are held here."""
        held = self.held()
        is_known = held["offset"] < 0
        for topic, offer_type in OFFER_TYPES.items():
            of_topic = (held["flags"] & _FUND > 0) == (offer_type == "fund")
            for partition, end in positions.get(topic, {}).items():
                is_known |= of_topic & (held["partition"] == partition) & (held["offset"] < end)
        is_known &= held["replay"] <= replays_in(positions)
        return frozenset(self.keys_of(np.flatnonzero(~is_known)))

    def opened_between(self, before: date, day: date) -> list[OfferKey]:
        """The offers that are open on one of these days and not on the other."""
        held = self.held()
        was, now = (
            (held["first_day"] <= one.toordinal()) & (one.toordinal() <= held["last_day"]) for one in (before, day)
        )
        return self.keys_of(np.flatnonzero(was != now))

    @staticmethod
    def _note(held: Held, unpacked: Unpacked) -> None:
        for name in ("first_day", "last_day", "flags"):
            held[name] = unpacked.heads[name]

    def _note_part(self, offer: OfferKey, whole: str | None) -> None:
        if whole:
            self._parts[offer] = whole


def _packed(offer: PreparedOffer | None, version: int) -> bytes:
    if offer is None:
        return b""
    return pack_offer(offer, version, is_context=isinstance(offer.offer, Fund) and is_context(offer.offer, frozenset()))


def shape_of(offer_type: OfferType, body: bytes) -> Commitment | Fund:
    """What the JSON of an offer says."""
    return Commitment.model_validate_json(body) if offer_type == "commitment" else Fund.model_validate_json(body)
