"""The catalogue: what this process has heard of whole topics, territories, offers and the day, ready to be judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.matcher.lists import OfferKey
from services.matcher.matching.index.offers import OfferIndex
from services.matcher.matching.model import PreparedOffer
from services.matcher.matching.prepare import Preparation, is_context, wholes_of
from services.matcher.store.entities import WholeRow
from services.matcher.store.leases import Positions
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

WHOLE_TOPICS = ("territories", "commitments", "funds", "days")
OFFER_TYPES: dict[str, OfferType] = {"commitments": "commitment", "funds": "fund"}
TOPICS: dict[OfferType, str] = {"commitment": "commitments", "fund": "funds"}

Shape = Commitment | Fund | Territory | date


@dataclass(frozen=True, slots=True)
class Heard:
    """One key of a whole topic: its version, where it was read, and what it says; nothing once erased."""

    version: int
    topic_partition: int
    offset: int
    shape: Shape | None


@dataclass(frozen=True, slots=True)
class News:
    """The offers that a batch changed; `sequence` numbers the batches of this process."""

    sequence: int
    offers: frozenset[OfferKey]


def preparation() -> Preparation:
    """What projects and offers are prepared with before any territory is heard."""
    geography = load_geography()
    nowhere: TerritoryIndex[Territory] = TerritoryIndex([], geography)
    return Preparation(geography, load_taxonomy(), nowhere, load_text_model())


class Catalogue:
    """All offers, territories and the day as this process has heard them; changed by one thread alone."""

    def __init__(self, preparation: Preparation) -> None:
        self.preparation = preparation
        self.day: date | None = None
        self.sequence = 0
        self.territories_sequence = 0
        self.positions: Positions = {topic: {} for topic in WHOLE_TOPICS}
        self.heard: dict[tuple[str, str], Heard] = {}
        self.offers: dict[OfferKey, PreparedOffer] = {}
        self.index = OfferIndex(preparation.geography)
        self._wholes: frozenset[str] = frozenset()

    @property
    def model(self) -> str:
        """Epoch of the text model that scores."""
        return self.preparation.model.epoch

    def restore(self, rows: Iterable[WholeRow], positions: Positions) -> None:
        """Start from what was stored."""
        for row in rows:
            shape = None if row.body is None else _shape(row.topic, row.body)
            self.heard[row.topic, row.key] = Heard(row.version, row.topic_partition, row.topic_offset, shape)
        for topic, by_partition in positions.items():
            self.positions[topic].update(by_partition)
        self._follow({topic for topic, _ in self.heard}, set(self.heard))
        self.sequence += 1

    def apply(self, records: Sequence[Received], place: tuple[str, int, int]) -> News:
        """Take in a batch of one partition; what is not newer than what is held changes nothing.

        `place` is the topic, the partition and the next offset to read in it. `objection` has refused no record.
        """
        newer = [record for record in records if self._is_newer_and_holds(record)]
        topic, partition, next_offset = place
        self.positions[topic][partition] = max(next_offset, self.positions[topic].get(partition, 0))
        self.sequence += 1
        topics = {record.topic for record in newer}
        changed = self._follow(topics, {(record.topic, record.key) for record in newer})
        if "territories" in topics:
            self.territories_sequence = self.sequence
        return News(self.sequence, changed)

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
        return self.heard.get((TOPICS[offer.offer_type], offer.offer_id))

    def shown(self, offer: OfferKey) -> PreparedOffer:
        """An offer that is not erased, also one that is never matched; raises `KeyError` for any other."""
        heard = self.heard[TOPICS[offer.offer_type], offer.offer_id]
        if not isinstance(heard.shape, Commitment | Fund):
            raise KeyError(offer)
        return self.offers.get(offer) or self.preparation.offer(heard.shape)

    def is_managed(self, offer: OfferKey) -> bool:
        """Whether someone here answers for the offer: not for a fund that nobody manages."""
        heard = self.heard_of(offer)
        return heard is None or not isinstance(heard.shape, Fund) or heard.shape.managed

    def has_coordinator(self, territories: Iterable[str]) -> bool:
        """Whether someone animates one of the territories here."""
        found = (self.heard.get(("territories", territory_id)) for territory_id in territories)
        return any(each is not None and isinstance(each.shape, Territory) and each.shape.coordinated for each in found)

    def version_of(self, offer: OfferKey) -> int:
        """The version last heard of an offer, erased or not; 0 when never heard."""
        heard = self.heard_of(offer)
        return heard.version if heard else 0

    def is_judged_at(self, offer: OfferKey, positions: Positions) -> bool:
        """Whether lists that reflect `positions` have seen the offer as it is held here."""
        heard = self.heard_of(offer)
        read = positions.get(TOPICS[offer.offer_type], {})
        return heard is None or read.get(heard.topic_partition, 0) > heard.offset

    def has_read(self, positions: Positions, topics: Iterable[str] = WHOLE_TOPICS) -> bool:
        """Whether this process has read `topics` at least to `positions`."""
        return all(
            self.positions[topic].get(number, 0) >= offset
            for topic in topics
            for number, offset in positions.get(topic, {}).items()
        )

    def has_context(self, positions: Positions) -> bool:
        """Whether what all pairs are judged by, territories and the day, was read at least to `positions`."""
        return self.has_read(positions, ("territories", "days"))

    def rows(self, keys: Iterable[tuple[str, str]]) -> list[WholeRow]:
        """What storage should hold of these (topic, key) pairs, which were heard."""
        found = ((topic, key, self.heard[topic, key]) for topic, key in sorted(keys))
        return [
            WholeRow(topic, key, heard.version, heard.topic_partition, heard.offset, _body(heard.shape))
            for topic, key, heard in found
        ]

    def _is_newer_and_holds(self, record: Received) -> bool:
        held = self.heard.get((record.topic, record.key))
        if held is not None and held.version >= record.version:
            return False
        self.heard[record.topic, record.key] = Heard(
            record.version, record.partition, record.offset, _said(record.event)
        )
        return True

    def _of_topic(self, topic: str) -> list[Shape]:
        return [heard.shape for (each, _), heard in self.heard.items() if each == topic and heard.shape is not None]

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


def _units(perimeter: Perimeter) -> list[Unit]:
    return [Unit(unit.level, unit.code) for unit in perimeter]


def _said(event: Event | None) -> Shape | None:
    match event:
        case CommitmentPublished():
            return event.commitment
        case FundPublished():
            return event.fund
        case TerritoryPublished():
            return event.territory
        case DayStarted():
            return event.day
    return None


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
