"""What every event has: the topic it is said on, the key it is about, the version of that key."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Version = Annotated[
    int, Field(ge=1, description="Version of the key; a reader ignores one not above the one it holds.")
]

GENERATION_SPAN = 2**40
"""Versions are `generation * GENERATION_SPAN + n`: a restored service starts a generation above its log's."""

VERSION_HEADER = "essaim-version"
TRACE_HEADER = "traceparent"
"""The trace that a record belongs to, as W3C writes it; there only where tracing is on."""


class Event(BaseModel):
    """A fact, in the past tense, about one key of one topic."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]
    """Name of the topic without its prefix, such as `projects`."""

    version: Version
    event_id: UUID = Field(description="Unique to this event; the same in each delivery of it.")
    occurred_at: AwareDatetime = Field(description="When the fact was committed, UTC.")

    @property
    def key(self) -> str:
        """The entity's id: what the topic is compacted by."""
        raise NotImplementedError

    @property
    def partition_key(self) -> str:
        """What chooses the partition: the key, unless the event must stay in order with another's."""
        return self.key

    def to_bytes(self) -> bytes:
        """The JSON body; what is unknown or as by default is left out."""
        return self.model_dump_json(exclude_none=True, exclude_defaults=True).encode()


class InvalidEvent(ValueError):
    """Bytes that no version of this contract can read: never retried."""
