"""A bad record is a value, not an exception: whatever its bytes, a record becomes an event or the reason it is none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from shared.events.event import TRACE_HEADER, VERSION_HEADER, Event, InvalidEvent
from shared.events.registry import decode

MOST_KEY_BYTES = 1_024
"""More than any id takes; far longer ones no index of PostgreSQL holds."""

TopicPartitionNumber = tuple[str, int]
Place = tuple[int, int, int]
"""Partition, offset and timestamp (ms) of a record: a topic that was made anew has others at the same offsets."""


class RawRecord(Protocol):
    """What Kafka delivered, as `aiokafka.ConsumerRecord` has it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Iterable[tuple[str, bytes]]: ...


class Received(NamedTuple):
    """One readable record; `event` is None for a tombstone. `topic` is without prefix, `timestamp` in milliseconds."""

    topic: str
    partition: int
    offset: int
    key: str
    version: int
    event: Event | None
    timestamp: int

    @property
    def place(self) -> Place:
        """Where it stands in its topic."""
        return self.partition, self.offset, self.timestamp


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One record that no handler will see, with its bytes and the reason; the reason quotes no value."""

    raw: RawRecord
    reason: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a partition is handled: next offset, highest record timestamp (ms, -1 for none), in which cluster."""

    next_offset: int
    highest_timestamp: int
    cluster_id: str


@dataclass(slots=True)
class Batch:
    """Records of one partition, by rising offset. `reject` sets one aside instead of handling it."""

    topic: str
    partition: int
    records: tuple[Received, ...]
    rejected: dict[int, str] = field(default_factory=dict)

    def reject(self, record: Received, reason: str) -> None:
        """Make `record` a dead letter when this batch's transaction commits; `reason` must quote no personal data."""
        self.rejected[record.offset] = reason


@dataclass(frozen=True, slots=True)
class Arrived:
    """Records of one partition as they came, read once however many attempts their transaction takes."""

    topic: str
    partition: int
    raw: tuple[RawRecord, ...]
    read: tuple[Received | Unreadable, ...]

    @classmethod
    def of(cls, topic: str, partition: int, raw: Sequence[RawRecord]) -> "Arrived":
        return cls(topic, partition, tuple(raw), tuple(read(topic, record) for record in raw))

    def from_offset(self, offset: int) -> "Arrived":
        """What is left when the records below `offset` are skipped."""
        kept = [place for place, raw in enumerate(self.raw) if raw.offset >= offset]
        raw = tuple(self.raw[place] for place in kept)
        return Arrived(self.topic, self.partition, raw, tuple(self.read[place] for place in kept))

    def batch(self) -> Batch:
        """What a handler gets of them."""
        return Batch(self.topic, self.partition, tuple(one for one in self.read if isinstance(one, Received)))

    def position_after(self, position: Position) -> Position:
        """Where the partition stands once these records are handled."""
        if not self.raw:
            return position
        highest = max(position.highest_timestamp, *(raw.timestamp for raw in self.raw))
        return Position(self.raw[-1].offset + 1, highest, position.cluster_id)

    def bad(self, rejected: Mapping[int, str]) -> dict[int, Unreadable]:
        """The unreadable records and those a handler rejected, by offset."""
        found = {one.raw.offset: one for one in self.read if isinstance(one, Unreadable)}
        found.update({raw.offset: Unreadable(raw, rejected[raw.offset]) for raw in self.raw if raw.offset in rejected})
        return found

    def traces(self) -> list[str]:
        """The traces that these records belong to, where they name any."""
        named = (value for raw in self.raw for name, value in raw.headers if name == TRACE_HEADER)
        return [value.decode("ascii", errors="replace") for value in named if value]

    def unreadable(self, reason: str) -> "Arrived":
        """The same records, none of them for a handler."""
        return Arrived(self.topic, self.partition, self.raw, tuple(Unreadable(raw, reason) for raw in self.raw))

    def split(self) -> "list[Arrived]":
        """One batch per record, to find the one that cannot be handled."""
        return [
            Arrived(self.topic, self.partition, (raw,), (one,)) for raw, one in zip(self.raw, self.read, strict=True)
        ]


def read(topic: str, raw: RawRecord) -> Received | Unreadable:
    """What `raw`, a record of `topic` (without prefix), says."""
    try:
        return _read(topic, raw)
    except InvalidEvent as error:
        return Unreadable(raw, str(error))


def _read(topic: str, raw: RawRecord) -> Received:
    key = _text(raw.key, "key")
    if not raw.key or "\0" in key:
        raise InvalidEvent("the key is empty or holds a null character")
    if len(raw.key) > MOST_KEY_BYTES:
        raise InvalidEvent(f"the key is longer than {MOST_KEY_BYTES} bytes")
    version = _version(raw.headers)
    event = None
    if raw.value is not None:
        event = _event(topic, raw.value, key, version)
    return Received(topic, raw.partition, raw.offset, key, version, event, raw.timestamp)


def _event(topic: str, body: bytes, key: str, version: int) -> Event:
    try:
        event = decode(topic, body)
    except InvalidEvent:
        _text(body, "body")
        raise
    if event.key != key:
        raise InvalidEvent("the key is not the one in the body")
    if event.version != version:
        raise InvalidEvent(f"the header {VERSION_HEADER} is not the version in the body")
    return event


def _version(headers: Iterable[tuple[str, bytes]]) -> int:
    digits = None
    for name, value in headers:
        text = _text(value, "header", name)
        if name == VERSION_HEADER:
            digits = text
    if digits is None:
        raise InvalidEvent(f"the header {VERSION_HEADER} is missing")
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) < 19):
        raise InvalidEvent(f"the header {VERSION_HEADER} is no version")
    return int(digits)


def _text(value: bytes | None, what: str, name: str = "") -> str:
    try:
        return value.decode() if value else ""
    except UnicodeDecodeError:
        raise InvalidEvent(f"the {what} {name}".rstrip() + " is not UTF-8") from None
