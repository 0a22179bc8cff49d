"""The catalogue: what this process has heard of whole topics, territories, offers and the day, ready to be judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.matcher.matching.index import PLAIN, Indexes
from services.matcher.matching.model import PreparedOffer
from services.matcher.matching.prepare import Preparation, is_context, wholes_of
from services.matcher.matching.reach import Reach
from services.matcher.matching.rows import Positions, WholeRow
from services.matcher.matching.shortlists import OfferKey
from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished, TerritoryPublished
from shared.events.event import Event
from shared.events.people import DayStarted
from shared.events.shapes import Commitment, Fund, Perimeter, Territory
from shared.events.vocabulary import OfferType
from shared.received import Received
from shared.reference.geography import Unit, load_geography
from shared.reference.taxonomy import load_taxonomy
from shared.reference.territory_index import TerritoryIndex
from shared.text.model import load_text_model
from shared.text.vectors import TextModel

WHOLE_TOPICS = ("territories", "commitments", "funds", "days")
OFFER_TYPES: dict[str, OfferType] = {"commitments": "commitment", "funds": "fund"}
TOPICS: dict[OfferType, str] = {"commitment": "commitments", "fund": "funds"}

REPLAYS = "replays"
"""Beside the topics, in positions: up to which replay of a dead letter of theirs something is known."""
CONTEXT = ("territories", "days", REPLAYS)

Shape = Commitment | Fund | Territory | date


@dataclass(frozen=True, slots=True)
class Heard:
    """One key of a whole topic: its version, where it was read, and what it says; nothing once erased.

    `replay` numbers the replay that stored it, where it was a dead letter.
    """

    version: int
    topic_partition: int
    offset: int
    shape: Shape | None
    replay: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """The offers that a batch changed; `sequence` numbers the batches of this process."""

    sequence: int
    offers: frozenset[OfferKey]


@dataclass(frozen=True, slots=True)
class Told:
    """All that a catalogue has heard, and how far: what another needs to follow it."""

    heard: tuple[tuple[str, str, Heard], ...]
    positions: Positions


def preparation(model: TextModel | None = None) -> Preparation:
    """What projects and offers are prepared with before any territory is heard; with the committed model by default."""
    geography = load_geography()
    nowhere: TerritoryIndex[Territory] = TerritoryIndex([], geography)
    return Preparation(geography, load_taxonomy(), nowhere, model or load_text_model())


class Catalogue:
    """All offers, territories and the day as this process has heard them; changed by one thread alone."""

    def __init__(self, preparation: Preparation, indexes: Indexes = PLAIN) -> None:
        self.preparation = preparation
        self.indexes = indexes  # of its partitions, too
        self.day: date | None = None
        self.sequence = 0
        self.territories_sequence = 0
        self._reaches: dict[str, tuple[int, Reach]] = {}
        self.positions: Positions = {topic: {} for topic in (*WHOLE_TOPICS, REPLAYS)}
        self.heard: dict[str, dict[str, Heard]] = {topic: {} for topic in WHOLE_TOPICS}
        self.offers: dict[OfferKey, PreparedOffer] = {}
        self.index = indexes.of_offers(preparation.geography)
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
        self.take_in(rows)

    def take_in(self, rows: Iterable[WholeRow]) -> News:
        """Take in what is stored, such as what a process has replayed."""
        given = list(rows)
        self.positions[REPLAYS][0] = max([self.replays, *(row.replay for row in given)])
        return self._hear((row.topic, row.key, heard_in(row)) for row in given)

    def apply(self, records: Sequence[Received], place: tuple[str, int, int]) -> News:
        """Take in a batch of one partition; what is not newer than what is held changes nothing.

        `place` is the topic, the partition and the next offset to read in it. `objection` has refused no record.
        """
        topic, partition, next_offset = place
        self.positions[topic][partition] = max(next_offset, self.positions[topic].get(partition, 0))
        return self._hear(
            (each.topic, each.key, Heard(each.version, each.partition, each.offset, _said(each.event)))
            for each in records
        )

    def told(self) -> Told:
        """All that was heard until now."""
        heard = tuple((topic, key, heard) for topic, held in self.heard.items() for key, heard in held.items())
        return Told(heard, {topic: dict(by) for topic, by in self.positions.items()})

    def follow(self, told: Told) -> None:
        """Take in what another catalogue, ahead of this one, was told."""
        self.positions = {topic: dict(by) for topic, by in told.positions.items()}
        self._hear(told.heard)

    def _hear(self, said: Iterable[tuple[str, str, Heard]]) -> News:
        newer = set()
        self.sequence += 1
        for topic, key, heard in said:
            held = self.heard[topic].get(key)
            if held is None or held.version < heard.version:
                self.heard[topic][key] = heard
                newer.add((topic, key))
                if topic == "territories":
                    self._note_reach(key, Reach.of(heard.shape) if isinstance(heard.shape, Territory) else Reach())
        topics = {topic for topic, _ in newer}
        if "territories" in topics:
            self.territories_sequence = self.sequence
        return News(self.sequence, self._follow(topics, newer))

    def _note_reach(self, territory_id: str, now: Reach) -> None:
        """Remember all that a territory ever covered here: who judged it at any time finds what it left, too."""
        _, before = self._reaches.get(territory_id, (0, Reach()))
        self._reaches[territory_id] = (self.sequence, Reach.union((before, now)))

    def objection(self, event: Event | None) -> str | None:
        """Why nobody can use what is said, or nothing: it names a unit that geography does not know."""
        geography = self.preparation.geography
        if isinstance(event, ProjectPublished):
            units = [Unit("commune", event.project.commune), *_units(event.project.perimeter)]
        else:
            shape = _said(event)
            units = _units(shape.perimeter) if isinstance(shape, Commitment | Fund) else []
        unknown = [unit for unit in units if not geography.exists(unit)]
        return f"unknown unit: {unknown[0].level} {unknown[0].code}" if unknown else None

    def heard_of(self, offer: OfferKey) -> Heard | None:
        """What was heard last of an offer."""
        return self.heard[TOPICS[offer.offer_type]].get(offer.offer_id)

    def shown(self, offer: OfferKey) -> PreparedOffer:
        """An offer that is not erased, also one that is never matched; raises `KeyError` for any other."""
        heard = self.heard[TOPICS[offer.offer_type]][offer.offer_id]
        if not isinstance(heard.shape, Commitment | Fund):
            raise KeyError(offer)
        return self.offers.get(offer) or self.preparation.offer(heard.shape)

    def is_managed(self, offer: OfferKey) -> bool:
        """Whether someone here answers for the offer: not for a fund that nobody manages."""
        heard = self.heard_of(offer)
        return heard is None or not isinstance(heard.shape, Fund) or heard.shape.managed

    def reach_since(self, sequence: int) -> Reach:
        """Where, and over which défis, territories have changed in batches after `sequence`."""
        return Reach.union(reach for changed_in, reach in self._reaches.values() if changed_in > sequence)

    def has_coordinator(self, territories: Iterable[str]) -> bool:
        """Whether someone animates one of the territories here."""
        found = (self.heard["territories"].get(territory_id) for territory_id in territories)
        return any(each is not None and isinstance(each.shape, Territory) and each.shape.coordinated for each in found)

    def version_of(self, offer: OfferKey) -> int:
        """The version last heard of an offer, erased or not; 0 when never heard."""
        heard = self.heard_of(offer)
        return heard.version if heard else 0

    def is_judged_at(self, offer: OfferKey, positions: Positions) -> bool:
        """Whether lists that reflect `positions` have seen the offer as it is held here."""
        return self.is_known_at(TOPICS[offer.offer_type], offer.offer_id, positions)

    def is_known_at(self, topic: str, key: str, positions: Positions) -> bool:
        """Whether who has read to `positions` knows what is held here of a key."""
        heard = self.heard[topic].get(key)
        if heard is None:
            return True
        replays = positions.get(REPLAYS, {}).get(0, 0)
        return positions.get(topic, {}).get(heard.topic_partition, 0) > heard.offset and replays >= heard.replay

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
        return self.has_read(positions, CONTEXT)

    def rows(self, keys: Iterable[tuple[str, str]], ends: Positions) -> list[WholeRow]:
        """What storage should hold of these (topic, key) pairs once it holds all that was read below `ends`.

        Left out is what was read beyond: who started from there would take its record for one that changes nothing.
        """
        found = ((topic, key, self.heard[topic][key]) for topic, key in sorted(keys))
        return [
            WholeRow(topic, key, heard.version, heard.topic_partition, heard.offset, _body(heard.shape), heard.replay)
            for topic, key, heard in found
            if heard.offset < ends.get(topic, {}).get(heard.topic_partition, 0)
        ]

    def _of_topic(self, topic: str) -> list[Shape]:
        return [heard.shape for heard in self.heard[topic].values() if heard.shape is not None]

    def _follow(self, topics: set[str], keys: set[tuple[str, str]]) -> frozenset[OfferKey]:
        """Prepare what depends on the changed topics and keys; returns the offers that changed."""
        if "territories" in topics:
            found = [shape for shape in self._of_topic("territories") if isinstance(shape, Territory)]
            index = TerritoryIndex(found, self.preparation.geography)
            self.preparation = replace(self.preparation, territories=index)
        if "days" in topics:
            self.day = max(shape for shape in self._of_topic("days") if isinstance(shape, date))
        changed = {OfferKey(key, OFFER_TYPES[topic]) for topic, key in keys if topic in OFFER_TYPES}
        if "funds" in topics:
            wholes = wholes_of(shape for shape in self._of_topic("funds") if isinstance(shape, Fund))
            changed |= {OfferKey(fund_id, "fund") for fund_id in wholes ^ self._wholes}
            self._wholes = wholes
        for offer in changed:
            self._prepare(offer)
        return frozenset(changed)

    def _prepare(self, offer: OfferKey) -> None:
        heard = self.heard_of(offer)
        shape = heard.shape if heard else None
        if isinstance(shape, Commitment) or (isinstance(shape, Fund) and not is_context(shape, self._wholes)):
            self.offers[offer] = self.preparation.offer(shape)
            self.index.upsert(self.offers[offer])
        elif self.offers.pop(offer, None):
            self.index.remove(*offer)


def row_of(record: Received, replay: int) -> WholeRow:
    """What storage should hold of a record that replay number `replay` brings."""
    body = _body(_said(record.event))
    return WholeRow(record.topic, record.key, record.version, record.partition, record.offset, body, replay)


def heard_in(row: WholeRow) -> Heard:
    """What a stored row says."""
    shape = None if row.body is None else _shape(row.topic, row.body)
    return Heard(row.version, row.topic_partition, row.topic_offset, shape, row.replay)


def _units(perimeter: Perimeter) -> list[Unit]:
    return [Unit(unit.level, unit.code) for unit in perimeter]


def _said(event: Event | None) -> Shape | None:
    if isinstance(event, CommitmentPublished | FundPublished | TerritoryPublished):
        return event.entity
    return event.day if isinstance(event, DayStarted) else None


def _shape(topic: str, body: bytes) -> Shape:
    match topic:
        case "commitments":
            return Commitment.model_validate_json(body)
        case "funds":
            return Fund.model_validate_json(body)
        case "territories":
            return Territory.model_validate_json(body)
    return date.fromisoformat(body.decode())


def _body(shape: Shape | None) -> bytes | None:
    if shape is None:
        return None
    return (shape.isoformat() if isinstance(shape, date) else shape.model_dump_json(exclude_none=True)).encode()
