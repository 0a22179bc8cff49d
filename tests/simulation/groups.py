"""A consumer group: who is in it gets the same number of each topic, after all have let go of what they had."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from tests.simulation.scripted_log import ScriptedLog

if TYPE_CHECKING:
    from tests.simulation.clients import Member

SESSION_SECONDS = 10.0
REBALANCE_SECONDS = 30.0


class Assigned(set[TopicPartition]):
    """A set as aiokafka gives it, but for its order, which is the same in every run."""

    def __iter__(self) -> Iterator[TopicPartition]:
        return iter(sorted(super().__iter__()))


class Group:
    """The members of one group; a silent one is expelled, and learns of it when it next asks."""

    def __init__(self, log: ScriptedLog, topics: list[str], clock: Callable[[], float]) -> None:
        self._log, self._topics, self._clock = log, topics, clock
        self.members: list[Member] = []
        self._joining: dict[Member, asyncio.Future[set[TopicPartition]]] = {}
        self._since: float | None = None

    def enter(self, member: "Member") -> None:
        if member not in self.members:
            self.members.append(member)
            self.rebalance()

    def leave(self, member: "Member") -> None:
        """Take a member out, by its own wish or not; who is expelled is told by its next heartbeat."""
        if member in self.members:
            self.members.remove(member)
            self._joining.pop(member, None)
            member.must_rejoin.set()
            self.rebalance()

    def rebalance(self) -> None:
        """Have every member join again."""
        if self._since is None:
            self._since = self._clock()
        for member in self.members:
            if member not in self._joining:
                member.must_rejoin.set()
        self._complete()

    def join(self, member: "Member") -> asyncio.Future[set[TopicPartition]]:
        """What the member is assigned, once all have joined."""
        self._joining[member] = asyncio.get_running_loop().create_future()
        found = self._joining[member]
        self._complete()
        return found

    def tick(self) -> None:
        """Expel who has been silent for a session, and who has not joined within the time for it."""
        for member in list(self.members):
            silent = member.actor.silent_since
            if silent is not None and self._clock() - silent >= SESSION_SECONDS:
                self.leave(member)
        if self._since is not None and self._clock() - self._since >= REBALANCE_SECONDS:
            for member in [member for member in self.members if member not in self._joining]:
                self.leave(member)

    def _complete(self) -> None:
        if self._since is None or not self.members or set(self._joining) != set(self.members):
            return
        self._since = None
        joining, self._joining = self._joining, {}
        ordered = sorted(self.members, key=lambda member: member.actor.name)
        for place, member in enumerate(ordered):
            if not joining[member].done():  # else it is being stopped
                parts = [self._share(self._log.partitions_of(topic), place, len(ordered)) for topic in self._topics]
                joining[member].set_result(Assigned(one for part in parts for one in part))

    @staticmethod
    def _share(partitions: list[TopicPartition], place: int, members: int) -> list[TopicPartition]:
        """As the range assignor does: the first members get one more."""
        each, more = divmod(len(partitions), members)
        start = place * each + min(place, more)
        return partitions[start : start + each + (place < more)]
