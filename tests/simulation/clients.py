"""What the product uses of aiokafka, before the scripted log: consumers, a producer, an admin client."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from shared.reading import Reading
from tests.simulation.actors import CURRENT, Actor, at_log
from tests.simulation.groups import Assigned, Group
from tests.simulation.scripted_log import Entry

POLL_SECONDS = 1.0


class Consumer:
    """Reads committed records of what is assigned."""

    def __init__(self, **_: Any) -> None:
        self._log = CURRENT.get().world.log
        self._positions: dict[TopicPartition, int | None] = {}
        self._paused: set[TopicPartition] = set()

    async def start(self) -> None:
        await at_log("connect", lambda: None)

    async def stop(self) -> None:
        self._positions = {}

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._positions = dict.fromkeys(partitions)
        self._paused = set()

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._check(partition)
        self._positions[partition] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        for partition in partitions:
            self._check(partition)
            self._paused.add(partition)

    def resume(self, *partitions: TopicPartition) -> None:
        for partition in partitions:
            self._check(partition)
            self._paused.discard(partition)
        self._log.wake()

    async def position(self, partition: TopicPartition) -> int:
        self._check(partition)
        found = self._positions[partition]
        assert found is not None, "a position is asked for before it is set"
        return found

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return self._log.partitions[partition].stable_end

    def last_poll_timestamp(self, partition: TopicPartition) -> int:
        return int(asyncio.get_running_loop().time() * 1_000)

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return await at_log("first offsets", lambda: dict.fromkeys(partitions, 0))

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return await at_log("end offsets", lambda: {one: self._log.partitions[one].stable_end for one in partitions})

    async def offsets_for_times(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, Any]:
        return await at_log("offsets for times", lambda: {one: self._younger(one, at) for one, at in times.items()})

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await at_log("commit", lambda: None)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Entry]]:
        if self._has_more(partitions):
            what = ", ".join(f"{one.topic}/{one.partition}" for one in self._has_more(partitions))
            befalls = await CURRENT.get().gate(f"log: fetch {what}")
            # aiokafka asks again by itself.
            return {} if befalls else self._take(partitions, max_records or 500)
        await self._log.change(max(POLL_SECONDS, timeout_ms / 1_000))
        return {}

    def _has_more(self, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        return [
            one
            for one, position in self._positions.items()
            if one not in self._paused
            and (not partitions or one in partitions)
            and position is not None
            and position < self._log.partitions[one].stable_end
        ]

    def _take(self, partitions: Sequence[TopicPartition], limit: int) -> dict[TopicPartition, list[Entry]]:
        found: dict[TopicPartition, list[Entry]] = {}
        for one in self._has_more(partitions):
            position = self._positions[one]
            assert position is not None
            entries, self._positions[one] = self._log.partitions[one].from_offset(position, limit)
            if entries:
                found[one] = entries
        return found

    def _younger(self, partition: TopicPartition, timestamp: int) -> Entry | None:
        entries = self._log.partitions[partition].entries
        return next((each for each in entries if each.timestamp >= timestamp and not each.is_mark), None)

    def _check(self, partition: TopicPartition) -> None:
        if partition not in self._positions:
            raise IllegalStateError(f"{partition} is not assigned")


class Member(Consumer):
    """A consumer in a group: a task of its own lets go of partitions and gets others."""

    def __init__(self, group: Group, listener: Reading) -> None:
        super().__init__()
        self.actor: Actor = CURRENT.get()
        self.must_rejoin = asyncio.Event()
        self._group, self._listener = group, listener

    async def coordinate(self) -> None:
        await self.actor.gate("log: enter the group")
        self._group.enter(self)
        while True:
            await self.must_rejoin.wait()
            await self.actor.gate("log: heartbeat")
            self.must_rejoin.clear()
            if self._positions:
                await self._listener.on_partitions_revoked(Assigned(self._positions))
            await self.actor.gate("log: join the group")
            self._group.enter(self)
            self.must_rejoin.clear()
            assigned = await self._group.join(self)
            await self.actor.gate("log: learn what is assigned")
            self.assign(sorted(assigned))
            await self._listener.on_partitions_assigned(assigned)

    async def stop(self) -> None:
        await super().stop()
        self._group.leave(self)


class Broker:
    """Stands for FastStream's: what a subscriber's consumer fetches goes to its reading, batch after batch."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, topics: Sequence[str], reading: Reading) -> "Subscriber":
        self._subscribers.append(Subscriber(topics, reading))
        return self._subscribers[-1]

    async def start(self) -> None:
        for each in self._subscribers:
            each.consumer = Member(CURRENT.get().world.group(each.topics), each.reading)
            await each.consumer.start()
            self._tasks += [asyncio.ensure_future(each.consumer.coordinate()), asyncio.ensure_future(each.poll())]

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for each in self._subscribers:
            if each.consumer is not None:
                await each.consumer.stop()


@dataclass(eq=False)
class Subscriber:
    """One subscriber's topics, its consumer once started, and who takes what it fetches."""

    topics: Sequence[str]
    reading: Reading
    consumer: Member | None = None

    async def poll(self) -> None:
        assert self.consumer is not None
        while True:
            # The reading guards `getmany` of the consumer once something is assigned.
            fetched = await self.consumer.getmany(timeout_ms=20, max_records=500)
            records = [record for records in fetched.values() for record in records]
            if records:
                await self.reading.take(records)


class Producer:
    """A transactional producer."""

    def __init__(self, *, transactional_id: str, **_: Any) -> None:
        self._log = CURRENT.get().world.log
        self._id, self._epoch = transactional_id, 0

    async def start(self) -> None:
        self._epoch = await at_log("fence", lambda: self._log.fence(self._id))

    async def stop(self) -> None:
        """What is open stays so, until another producer of this id or the broker ends it."""

    async def partitions_for(self, topic: str) -> set[int]:
        return {one.partition for one in self._log.partitions_of(topic)}

    async def begin_transaction(self) -> None:
        """The first record begins it."""

    async def send(
        self, topic: str, *, value: bytes | None, key: bytes, partition: int, headers: Sequence[tuple[str, bytes]]
    ) -> asyncio.Future[Entry]:
        place = TopicPartition(topic, partition)
        sent = asyncio.get_running_loop().create_future()
        sent.set_result(
            await at_log(
                f"send to {topic}/{partition}",
                lambda: self._log.produce(self._id, self._epoch, place, key, value, tuple(headers)),
            )
        )
        return sent

    async def commit_transaction(self) -> None:
        await at_log("commit the transaction", lambda: self._log.commit(self._id, self._epoch))


class Admin:
    """Says which cluster this is, and which partitions topics have."""

    def __init__(self, **_: Any) -> None:
        self._log = CURRENT.get().world.log

    async def start(self) -> None:
        """Nothing can fail here that could not below."""

    async def close(self) -> None:
        """Nothing is held."""

    async def describe_cluster(self) -> dict[str, Any]:
        return await at_log("describe the cluster", lambda: {"cluster_id": self._log.cluster_id})

    async def describe_topics(self, topics: Sequence[str]) -> list[dict[str, Any]]:
        def described(topic: str) -> dict[str, Any]:
            numbers = [{"partition": one.partition} for one in self._log.partitions_of(topic)]
            return {"topic": topic, "error_code": 0, "partitions": numbers}

        return await at_log("describe topics", lambda: [described(topic) for topic in topics])
