"""What is said on whole topics, as it is heard, told on and stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.matcher.matching.prepare import Preparation
from services.matcher.matching.rows import Positions, WholeRow
from services.matcher.matching.shelf import OFFER_TYPES, HeardOffer, Said, shape_of
from services.matcher.matching.shortlists import OfferKey
from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished, TerritoryPublished
from shared.events.event import Event
from shared.events.people import DayStarted
from shared.events.shapes import Commitment, Fund, Perimeter, Territory
from shared.received import Received
from shared.reference.geography import Geography, Unit

WHOLE_TOPICS = ("territories", "commitments", "funds", "days")

Shape = Commitment | Fund | Territory | date


@dataclass(frozen=True, slots=True)
class Heard:
    """One key of a whole topic: its version, where it was read, and what it says; nothing once erased.

    `replay` numbers the replay that stored it, where it was a dead letter. What bytes say is not read yet.
    """

    version: int
    topic_partition: int
    offset: int
    said: Shape | bytes | None
    replay: int = 0

    def is_known_at(self, ends: Mapping[int, int], replays: int) -> bool:
        """Whether who has read its topic to `ends`, and so many replays, knows it."""
        return ends.get(self.topic_partition, 0) > self.offset and replays >= self.replay


@dataclass(frozen=True, slots=True)
class News:
    """The offers that a batch changed; `sequence` numbers the batches of this process."""

    sequence: int
    offers: frozenset[OfferKey]


@dataclass(frozen=True, slots=True)
class Told:
    """What a catalogue has heard, and how far: what another needs to follow it."""

    heard: tuple[tuple[str, str, Heard], ...]
    positions: Positions


def row_of(record: Received, replay: int) -> WholeRow:
    """What storage should hold of a record that replay number `replay` brings."""
    shape = said_by(record.event)
    body = None if shape is None else body_of(shape)
    return WholeRow(record.topic, record.key, record.version, record.partition, record.offset, body, replay)


def heard_in(row: WholeRow) -> Heard:
    """What a stored row says."""
    return Heard(row.version, row.topic_partition, row.topic_offset, row.body, row.replay)


def said_by(event: Event | None) -> Shape | None:
    """What an event says; nothing where it is a tombstone."""
    if isinstance(event, CommitmentPublished | FundPublished | TerritoryPublished):
        return event.entity
    return event.day if isinstance(event, DayStarted) else None


def objection(event: Event | None, geography: Geography) -> str | None:
    """Why nobody can use what an event says, or nothing: it names a unit that geography does not know."""
    if isinstance(event, ProjectPublished):
        units = [Unit("commune", event.project.commune), *_units(event.project.perimeter)]
    else:
        shape = said_by(event)
        units = _units(shape.perimeter) if isinstance(shape, Commitment | Fund) else []
    unknown = [unit for unit in units if not geography.exists(unit)]
    return f"unknown unit: {unknown[0].level} {unknown[0].code}" if unknown else None


def _units(perimeter: Perimeter) -> list[Unit]:
    return [Unit(unit.level, unit.code) for unit in perimeter]


def read(topic: str, said: Shape | bytes | None) -> Shape | None:
    """What is said, read where it is not yet."""
    if not isinstance(said, bytes):
        return said
    if topic in OFFER_TYPES:
        return shape_of(OFFER_TYPES[topic], said)
    return Territory.model_validate_json(said) if topic == "territories" else date.fromisoformat(said.decode())


def said_of(topic: str, key: str, heard: Heard, preparation: Preparation) -> Said:
    """What is to be kept of an offer that was heard."""
    shape = read(topic, heard.said)
    prepared = preparation.offer(shape) if isinstance(shape, Commitment | Fund) else None
    held = HeardOffer(heard.version, heard.topic_partition, heard.offset, heard.replay, is_erased=prepared is None)
    return Said(OfferKey(key, OFFER_TYPES[topic]), held, prepared, b"" if heard.said is None else body_of(heard.said))


def body_of(said: Shape | bytes) -> bytes:
    """What is said, as it is stored."""
    if isinstance(said, bytes):
        return said
    return (said.isoformat() if isinstance(said, date) else said.model_dump_json(exclude_none=True)).encode()
