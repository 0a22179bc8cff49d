"""No offset is trusted in a log it does not come from: another cluster, topic or range of offsets stops the service."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from shared.fetching import reading_once
from shared.received import Position


class ForeignLog(Exception):
    """What is stored does not fit the log that answers: the service stops, and the message names the remedy."""


class MissingTopic(KafkaError):  # type: ignore[misc]  # aiokafka is untyped
    """A topic is not there: whoever runs Essaim creates it."""

    def __init__(self, topic: str) -> None:
        super().__init__(topic)
        self.topic = topic

    def __str__(self) -> str:
        return f"the topic {self.topic} does not exist: run `python -m deploy.create_topics`"


@dataclass(frozen=True, slots=True)
class Log:
    """The cluster that answers, and the partitions of its topics."""

    cluster_id: str
    partitions: Mapping[str, tuple[TopicPartition, ...]]

    @classmethod
    async def of(cls, bootstrap_servers: str, topics: Iterable[str] = ()) -> "Log":
        """The log as it now is; raises `MissingTopic`, and other `KafkaError`s while Kafka does not answer."""
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=10_000)
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
            described = await admin.describe_topics(list(topics)) if topics else []
        finally:
            await admin.close()
        return cls(str(cluster["cluster_id"]), {topic["topic"]: _partitions(topic) for topic in described})


def _partitions(topic: Mapping[str, Any]) -> tuple[TopicPartition, ...]:
    if topic["error_code"] == 3:
        raise MissingTopic(topic["topic"])
    if topic["error_code"]:
        raise for_code(topic["error_code"])(topic["topic"])
    numbers = sorted(partition["partition"] for partition in topic["partitions"])
    return tuple(TopicPartition(topic["topic"], number) for number in numbers)


def check_cluster(service: str, cluster_id: str, stored: Mapping[TopicPartition, Position]) -> None:
    """Raise `ForeignLog` where a position was stored from another cluster than the one that answers."""
    for partition, position in stored.items():
        if position.cluster_id != cluster_id:
            what = f"comes from cluster {position.cluster_id}, not {cluster_id}"
            raise ForeignLog(_message(service, partition, what))


async def check_positions(
    consumer: Any, service: str, bootstrap_servers: str, stored: Mapping[TopicPartition, Position]
) -> None:
    """Raise `ForeignLog` unless each stored position lies in its partition's log as `consumer` (of aiokafka) sees it.

    Records are stamped by the broker as they are appended: one younger than all those handled stands at or above the
    next offset, or the topic is not the one they were handled from.
    """
    if not stored:
        return
    firsts = await consumer.beginning_offsets(list(stored))
    ends = await consumer.end_offsets(list(stored))
    younger = await consumer.offsets_for_times(
        {partition: position.highest_timestamp + 1 for partition, position in stored.items()}
    )
    for partition, position in stored.items():
        offset = position.next_offset
        if not firsts[partition] <= offset <= ends[partition]:
            bounds = f"{firsts[partition]} to {ends[partition]}"
            raise ForeignLog(_message(service, partition, f"is {offset}, outside the log ({bounds})"))
        suspect = younger[partition].offset if younger[partition] and position.highest_timestamp >= 0 else offset
        if suspect < offset and await _holds_younger(bootstrap_servers, partition, suspect, position):
            what = f"is {offset}, above records never handled: another topic of this name"
            raise ForeignLog(_message(service, partition, what))


async def _holds_younger(servers: str, partition: TopicPartition, offset: int, position: Position) -> bool:
    """Whether a record from `offset` on, and below the position, is younger than all those handled.

    What stands there may also be the mark of a transaction, by a broker whose clock is ahead of the next leader's.
    """
    async with reading_once(servers, [partition]) as consumer, asyncio.timeout(10):
        consumer.seek(partition, offset)
        while await consumer.position(partition) < position.next_offset:
            for record in (await consumer.getmany(timeout_ms=100)).get(partition, []):
                if record.offset < position.next_offset and record.timestamp > position.highest_timestamp:
                    return True
    return False


def _message(service: str, partition: TopicPartition, what: str) -> str:
    return (
        f"the offset stored for {partition.topic}/{partition.partition} {what}:"
        f" the log or the database was replaced or restored; run `essaim restored {service}`"
    )
