"""How one service stands, as plain values: what `essaim status` shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """A matcher at work."""

    address: str
    model: str
    silent_seconds: float


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a partition; since when, and since when it has said nothing (infinite: it has left)."""

    partition: int
    address: str
    held_seconds: float
    silent_seconds: float


@dataclass(slots=True)
class Standing:
    """What is known of a service; `lag`, by `topic/partition`, is None while Kafka does not answer.

    `readiness` is what each of its addresses says is in the way, None where it does not answer, `up_seconds` for how
    long those that answer have run; `is_foreign`: the log is of another cluster than the one that was read; `still` are
    the partitions that are behind and do not move.
    """

    service: str
    kafka: str
    relays: bool
    outbox_events: int = 0
    outbox_refused: int = 0
    outbox_oldest_seconds: float = 0.0
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    audited_at: datetime | None = None
    audit_differences: int | None = None
    offsets: Mapping[str, int] = field(default_factory=dict)
    lag: Mapping[str, int] | None = None
    is_foreign: bool = False
    still: list[str] = field(default_factory=list)
    readiness: Mapping[str, list[str] | None] = field(default_factory=dict)
    up_seconds: Mapping[str, float] = field(default_factory=dict)
    address_named: bool = False
    workers: list[Worker] = field(default_factory=list)
    owners: list[Owner] = field(default_factory=list)
    mails: Mapping[str, float] = field(default_factory=dict)
