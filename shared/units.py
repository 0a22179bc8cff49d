"""Partitions that share memory open and close together, and nothing that came before a closing is handled after it."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from aiokafka import TopicPartition

from shared.offsets import Handling

PATIENCE_SECONDS = 15.0


class PartitionOwner(Protocol):
    """Who keeps partitions' state in memory; a number stands for that partition of every topic of the subscriber."""

    async def taken(self, partition: int) -> None:
        """Make memory of `partition` true: offsets were read, no record flows yet.

        Also called, without `lost` before, for a partition revoked and got back: what is held may be kept only where
        nobody else can have owned it meanwhile. Raising keeps the partition closed; it is called again after a pause.
        """

    async def lost(self, partition: int, *, taken_away: bool) -> None:
        """Forget `partition`: the group took it away, or this process ends; otherwise what was done with it failed.

        After a failure the group still assigns it here, and another process may have taken it over unnoticed.
        """


class Unit:
    """One partition, or the same number of each topic where they have an owner: open, or closed until it is due."""

    def __init__(self, partitions: Iterable[TopicPartition]) -> None:
        self.partitions = tuple(sorted(partitions))
        self.handlings: dict[TopicPartition, Handling] = {}
        self.lock = asyncio.Lock()
        self.held = False
        self.stopped = False
        self.not_opened: str | None = None
        self.not_handled: str | None = None
        self.failures = 0
        self.doubts = 0
        self.due = 0.0
        self._is_open = False
        self._opening = 0
        self._closed_at = asyncio.get_running_loop().time()

    @property
    def number(self) -> int:
        return int(self.partitions[0].partition)

    @property
    def opening(self) -> int | None:
        """Which opening this is, None while closed: what came under another one must be dropped."""
        return self._opening if self._is_open else None

    @property
    def problem(self) -> str | None:
        """What keeps its records from being handled, in words."""
        slow = self.waits and asyncio.get_running_loop().time() - self._closed_at > PATIENCE_SECONDS
        return self.not_opened or self.not_handled or (f"{self} is not open yet" if slow else None)

    @property
    def closings(self) -> int:
        return self._opening

    @property
    def waits(self) -> bool:
        """Whether it is closed and will be opened."""
        return not self._is_open and not self.stopped

    def open(self) -> None:
        self._is_open = True
        self.doubts = 0
        if self.not_opened:
            self.not_opened, self.failures = None, 0

    def handled(self) -> None:
        """A batch was handled: what went wrong before is over."""
        self.not_handled, self.failures = None, 0

    def emptied(self) -> None:
        """Nothing is left to handle: what could not be handled here, another process has handled."""
        self.not_handled = None

    def close(self, *, pause: float = 0.0) -> None:
        """Let nothing that came before now be handled; it is opened again after `pause` seconds."""
        self._is_open = False
        self._opening += 1
        self._closed_at = asyncio.get_running_loop().time()
        self.due = self._closed_at + pause

    def __str__(self) -> str:
        return " and ".join(f"{partition.topic}/{partition.partition}" for partition in self.partitions)
