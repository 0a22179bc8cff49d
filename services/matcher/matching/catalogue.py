"""The catalogue: what this process has heard of whole topics, territories, offers and the day, ready to be judged."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import islice

from services.matcher.matching.bodies import Bodies, InMemory
from services.matcher.matching.heard import WHOLE_TOPICS, Heard, News, Told, body_of, heard_in, read, said_by, said_of
from services.matcher.matching.index import PLAIN, Indexes
from services.matcher.matching.index.packed import are_whole, unpack
from services.matcher.matching.matched import Matched
from services.matcher.matching.model import PreparedOffer
from services.matcher.matching.packing import packed_as
from services.matcher.matching.prepare import Preparation
from services.matcher.matching.reach import Reach
from services.matcher.matching.rows import REPLAYS, Positions, WholeRow, replays_in
from services.matcher.matching.shelf import OFFER_TYPES, TOPICS, HeardOffer, Shelf
from services.matcher.matching.shortlists import OfferKey
from shared.events.shapes import Territory
from shared.received import Received
from shared.reference.geography import load_geography
from shared.reference.taxonomy import load_taxonomy
from shared.reference.territory_index import TerritoryIndex
from shared.text.model import load_text_model
from shared.text.vectors import TextModel

CONTEXT_TOPICS = ("territories", "days", REPLAYS)
AT_ONCE = 1_000
"""Entities that are objects in memory while they are taken in."""


def preparation(model: TextModel | None = None) -> Preparation:
    """What projects and offers are prepared with before any territory is heard; with the committed model by default."""
    geography = load_geography()
    nowhere: TerritoryIndex[Territory] = TerritoryIndex([], geography)
    return Preparation(geography, load_taxonomy(), nowhere, model or load_text_model())


class Catalogue:
    """All offers, territories and the day as this process has heard them; changed and read by one thread alone."""

    def __init__(
        self, preparation: Preparation, indexes: Indexes = PLAIN, bodies: Callable[[], Bodies] = InMemory
    ) -> None:
        """`indexes` and `bodies` make what searches and what else is kept of offers, here and in its partitions."""
        self.preparation = preparation
        self.indexes = indexes
        self.bodies = bodies
        self.packed_as = packed_as(preparation)
        self.day: date | None = None
        self.sequence = 0
        self.territories_sequence = 0
        self._reaches: dict[str, tuple[int, Reach]] = {}
        self.positions: Positions = {topic: {} for topic in (*WHOLE_TOPICS, REPLAYS)}
        self._heard: dict[str, dict[str, Heard]] = {"territories": {}, "days": {}}
        self._shelf = Shelf(bodies())
        self.offer_keys = self._shelf.numbers
        """Numbers of all offers ever heard, as `text_of` names them; none is ever taken."""
        self.index = indexes.of_offers(preparation.geography)
        self.offers = Matched(self.index, partial(self._shelf.prepared, preparation=preparation))
        self._wholes: frozenset[str] = frozenset()

    @property
    def model(self) -> str:
        """Epoch of the text model that scores."""
        return self.preparation.model.epoch

    @property
    def replays(self) -> int:
        """The last replay taken in."""
        return self.positions[REPLAYS].get(0, 0)

    def restore(self, rows: Iterable[WholeRow], positions: Positions) -> None:
        """Start from what was stored."""
        for topic, by_partition in positions.items():
            self.positions[topic].update(by_partition)
        each = iter(rows)
        while some := list(islice(each, AT_ONCE)):
            self.take_in(some)

    def load(self, rows: Sequence[WholeRow]) -> list[WholeRow]:
        """Take in some of what was stored, all of it new here; returns the offers that had to be read as JSON."""
        name = self.packed_as
        named = [(row.packed if row.body is not None and row.packed_as == name else None, row.version) for row in rows]
        are_packed = are_whole(named)
        found = [row for row, is_packed in zip(rows, are_packed, strict=True) if is_packed]
        others = [row for row, is_packed in zip(rows, are_packed, strict=True) if not is_packed]
        self.take_in(others)
        if found:
            self._load(found)
        return [row for row in others if row.topic in OFFER_TYPES and row.body is not None]

    def _load(self, rows: Sequence[WholeRow]) -> None:
        unpacked = unpack([row.packed or b"" for row in rows])
        self.positions[REPLAYS][0] = max([self.replays, *(row.replay for row in rows)])
        offers = self._shelf.load(rows, unpacked)
        changed = self._changed_wholes()
        matched = self._shelf.are_matched(offers, self._wholes)
        keys = [offers[at] for at in matched]
        self.index.load(keys, unpacked.some(matched), lambda key: self.shown(OfferKey(*key)))
        for offer in changed:
            self._file(offer)

    def loaded(self) -> None:
        """Nothing more is loaded: the room that was left for it is given back."""
        self._shelf.pack()
        self.index.pack()

    def take_in(self, rows: Iterable[WholeRow]) -> News:
        """Take in what is stored, such as what a process has replayed."""
        given = list(rows)
        news = self._hear((row.topic, row.key, heard_in(row)) for row in given)
        self.positions[REPLAYS][0] = max([self.replays, *(row.replay for row in given)])
        return news

    def apply(self, records: Sequence[Received], place: tuple[str, int, int]) -> News:
        """Take in a batch of one partition; what is not newer than what is held changes nothing.

        `place` is the topic, the partition and the next offset to read in it. `objection` has refused no record.
        """
        topic, partition, next_offset = place
        news = self._hear(
            (each.topic, each.key, Heard(each.version, each.partition, each.offset, said_by(each.event)))
            for each in records
        )
        self.positions[topic][partition] = max(next_offset, self.positions[topic].get(partition, 0))
        return news

    def keys(self, beyond: Positions | None = None) -> list[tuple[str, str]]:
        """All that was heard of, erased or not, as (topic, key); of offers those that are not known at `beyond`."""
        offers = self._shelf if beyond is None else self._shelf.unknown_at(beyond)
        others = [(topic, key) for topic, held in self._heard.items() for key in held]
        return others + [(TOPICS[offer.offer_type], offer.offer_id) for offer in offers]

    def told(self, keys: Iterable[tuple[str, str]]) -> Told:
        """What was heard of these until now."""
        heard = tuple((topic, key, self._heard_of(topic, key)) for topic, key in keys)
        return Told(heard, {topic: dict(by) for topic, by in self.positions.items()})

    def follow(self, told: Told) -> None:
        """Take in what another catalogue, ahead of this one, was told, or a piece of it."""
        self._hear(told.heard)
        self.positions = {topic: dict(by) for topic, by in told.positions.items()}

    def _heard_of(self, topic: str, key: str) -> Heard:
        if topic not in OFFER_TYPES:
            return self._heard[topic][key]
        offer = OfferKey(key, OFFER_TYPES[topic])
        held = self._shelf.get(offer)
        assert held is not None
        return Heard(held.version, held.topic_partition, held.offset, self._shelf.body_of(offer), held.replay)

    def _hear(self, said: Iterable[tuple[str, str, Heard]]) -> News:
        newer: dict[tuple[str, str], Heard] = {}
        for topic, key, heard in said:
            before = newer.get((topic, key))
            if heard.version > (before.version if before else self._version(topic, key)):
                newer[topic, key] = heard
        # What may fail comes first: who hears this again then finds it as new as it was.
        self._shelf.put([said_of(*at, heard, self.preparation) for at, heard in newer.items() if at[0] in OFFER_TYPES])
        self.sequence += 1
        for (topic, key), heard in newer.items():
            if topic not in OFFER_TYPES:
                self._keep(topic, key, heard)
        topics = {topic for topic, _ in newer}
        if "territories" in topics:
            self.territories_sequence = self.sequence
        return News(self.sequence, self._follow(topics, newer.keys()))

    def _keep(self, topic: str, key: str, heard: Heard) -> None:
        shape = read(topic, heard.said)
        self._heard[topic][key] = replace(heard, said=shape)
        if topic == "territories":
            self._note_reach(key, Reach.of(shape) if isinstance(shape, Territory) else Reach())

    def _version(self, topic: str, key: str) -> int:
        if topic in OFFER_TYPES:
            return self.version_of(OfferKey(key, OFFER_TYPES[topic]))
        heard = self._heard[topic].get(key)
        return heard.version if heard else 0

    def _note_reach(self, territory_id: str, now: Reach) -> None:
        """Remember all that a territory ever covered here: who judged it at any time finds what it left, too."""
        _, before = self._reaches.get(territory_id, (0, Reach()))
        self._reaches[territory_id] = (self.sequence, Reach.union((before, now)))

    def heard_of(self, offer: OfferKey) -> HeardOffer | None:
        """What was heard last of an offer."""
        return self._shelf.get(offer)

    def shown(self, offer: OfferKey) -> PreparedOffer:
        """An offer that is not erased, also one that is never matched; raises `KeyError` for any other."""
        return self._shelf.prepared(offer, self.preparation)

    def is_managed(self, offer: OfferKey) -> bool:
        """Whether someone here answers for the offer: not for a fund that nobody manages."""
        heard = self.heard_of(offer)
        return heard is None or heard.managed

    def reach_since(self, sequence: int) -> Reach:
        """Where, and over which défis, territories have changed in batches after `sequence`."""
        return Reach.union(reach for changed_in, reach in self._reaches.values() if changed_in > sequence)

    def has_coordinator(self, territories: Iterable[str]) -> bool:
        """Whether someone animates one of the territories here."""
        found = (self._heard["territories"].get(territory_id) for territory_id in territories)
        return any(each is not None and isinstance(each.said, Territory) and each.said.coordinated for each in found)

    def version_of(self, offer: OfferKey) -> int:
        """The version last heard of an offer, erased or not; 0 when never heard."""
        heard = self.heard_of(offer)
        return heard.version if heard else 0

    def is_judged_at(self, offer: OfferKey, positions: Positions) -> bool:
        """Whether lists that reflect `positions` have seen the offer as it is held here."""
        heard = self.heard_of(offer)
        return heard is None or heard.is_known_at(positions.get(TOPICS[offer.offer_type], {}), replays_in(positions))

    def knows_territories_at(self, positions: Positions) -> bool:
        """Whether who has read to `positions` knows all that is held here of territories."""
        ends, replays = positions.get("territories", {}), replays_in(positions)
        return all(heard.is_known_at(ends, replays) for heard in self._heard["territories"].values())

    def changed_since(self, positions: Positions) -> frozenset[OfferKey]:
        """The offers that who has read to `positions` does not know as held here; all funds where one is of them.

        A fund may frame or free others.
        """
        changed = self._shelf.unknown_at(positions)
        if any(offer.offer_type == "fund" for offer in changed):
            changed |= {offer for offer in self._shelf if offer.offer_type == "fund"}
        return changed

    def has_read(self, positions: Positions, topics: Iterable[str] = WHOLE_TOPICS) -> bool:
        """Whether this process has read `topics` at least to `positions`."""
        return all(
            self.positions[topic].get(number, 0) >= offset
            for topic in topics
            for number, offset in positions.get(topic, {}).items()
        )

    def has_context(self, positions: Positions) -> bool:
        """Whether what all pairs are judged by, territories and the day, was read at least to `positions`.

        What was replayed may be any of it.
        """
        return self.has_read(positions, CONTEXT_TOPICS)

    def opened_between(self, before: date | None, day: date) -> frozenset[OfferKey]:
        """The matched offers that are open on one of these days and not on the other; all where there was no day."""
        if before is None:
            return frozenset(self.offers)
        return frozenset(offer for offer in self._shelf.opened_between(before, day) if offer in self.index)

    def rows(self, keys: Iterable[tuple[str, str]], ends: Positions) -> list[WholeRow]:
        """What storage should hold of these (topic, key) pairs once it holds all that was read below `ends`.

        Left out is what was read beyond: who started from there would take its record for one that changes nothing.
        """
        found = (self._row(topic, key) for topic, key in sorted(keys))
        return [row for row in found if row.topic_offset < ends.get(row.topic, {}).get(row.topic_partition, 0)]

    def _row(self, topic: str, key: str) -> WholeRow:
        heard = self._heard_of(topic, key)
        packed = self._shelf.packed_of(OfferKey(key, OFFER_TYPES[topic])) if topic in OFFER_TYPES else None
        name = None if packed is None else self.packed_as
        body = None if heard.said is None else body_of(heard.said)
        place = heard.version, heard.topic_partition, heard.offset
        return WholeRow(topic, key, *place, body, heard.replay, packed, name)

    def packed_of(self, offer: OfferKey, version: int) -> bytes | None:
        """The bytes of an offer in this version, where it is held here."""
        return self._shelf.packed_of(offer) if self.version_of(offer) == version else None

    def _follow(self, topics: Collection[str], keys: Collection[tuple[str, str]]) -> frozenset[OfferKey]:
        """Prepare what depends on the changed topics and keys; returns the offers that changed."""
        if "territories" in topics:
            found = [each.said for each in self._heard["territories"].values() if isinstance(each.said, Territory)]
            index = TerritoryIndex(found, self.preparation.geography)
            self.preparation = replace(self.preparation, territories=index)
        if "days" in topics:
            self.day = max(each.said for each in self._heard["days"].values() if isinstance(each.said, date))
        changed = {OfferKey(key, OFFER_TYPES[topic]) for topic, key in keys if topic in OFFER_TYPES}
        if "funds" in topics:
            changed |= self._changed_wholes()
        for offer in changed:
            self._file(offer)
        return frozenset(changed)

    def _changed_wholes(self) -> set[OfferKey]:
        before, self._wholes = self._wholes, self._shelf.wholes()
        return {OfferKey(fund_id, "fund") for fund_id in before ^ self._wholes}

    def _file(self, offer: OfferKey) -> None:
        if self._shelf.is_matched(offer, self._wholes):
            self.index.upsert(self._shelf.prepared(offer, self.preparation))
        else:
            self.index.remove(*offer)
