"""What is kept of entities, lists and matches, as values: the store reads and writes them, decisions use them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from services.matcher.matching.head import Head
from services.matcher.matching.model import Pair
from services.matcher.matching.shortlists import OfferKey, OfferList
from shared.events.shapes import Project

Positions = dict[str, dict[int, int]]
"""Topic without prefix -> its partition -> the next offset to read."""
REPLAYS = "replays"
"""Beside the topics, in positions: up to which replay of a dead letter of theirs something is known."""


def replays_in(positions: Positions) -> int:
    """The last replay that is known at these positions."""
    return positions.get(REPLAYS, {}).get(0, 0)


@dataclass(frozen=True, slots=True)
class StoredProject:
    """A project as last heard; None once erased, its version is remembered."""

    project_id: str
    partition: int
    version: int
    project: Project | None


class ProjectRow(NamedTuple):
    """A project as it is stored; no body once erased. `packed` and `packed_as` as in `WholeRow`."""

    project_id: str
    partition: int
    version: int
    body: bytes | None
    packed: bytes | None = None
    packed_as: str | None = None


class WholeRow(NamedTuple):
    """One key of a whole topic as last heard, and where; no body once erased.

    `replay` numbers the last replay that stored it; 0 where it never was a dead letter. `packed` are its bytes as it is
    judged, `packed_as` the name of how it was packed.
    """

    topic: str
    key: str
    version: int
    topic_partition: int
    topic_offset: int
    body: bytes | None
    replay: int = 0
    packed: bytes | None = None
    packed_as: str | None = None


@dataclass(frozen=True, slots=True)
class PartitionList:
    """The best projects of an offer within one partition, as judged with one version of the offer."""

    offer: OfferKey
    partition: int
    offer_version: int
    entries: OfferList


@dataclass(frozen=True, slots=True)
class MergedList:
    """The best projects of an offer, over all partitions; what waits to be merged, and since when."""

    offer: OfferKey
    offer_version: int
    entries: OfferList
    pending_version: int | None
    pending_since: datetime | None

    def waiting(self, version: int, now: datetime) -> "MergedList":
        """The same, to be merged again with the offer at `version`, unless something waits already."""
        return self if self.pending_since else replace(self, pending_version=version, pending_since=now)


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A pair, which lists hold it, and its head; no head while it has never been proposed."""

    pair: Pair
    partition: int
    in_project_list: bool = False
    in_offer_list: bool = False
    head: Head | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing needs this row."""
        return self.head is None and not self.in_project_list and not self.in_offer_list


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A row as it is stored, its head unread: reading thousands takes seconds, which an event loop does not have."""

    pair: Pair
    partition: int
    in_project_list: bool
    in_offer_list: bool
    body: str | None

    def read(self) -> HeadRow:
        """The row with its head."""
        head = None if self.body is None else Head.model_validate_json(self.body)
        return HeadRow(self.pair, self.partition, self.in_project_list, self.in_offer_list, head)
