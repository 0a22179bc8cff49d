"""No offset is trusted in a log it does not come from: another cluster, topic or range of offsets stops the service."""

from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.offsets import Position


class ForeignLog(Exception):
    """What is stored does not fit the log that answers: the service stops, and the message names the remedy."""


async def cluster_id_of(bootstrap_servers: str) -> str:
    """The id of the cluster that answers; raises `KafkaError` when none does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=10_000)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def check_positions(
    consumer: Any, service: str, cluster_id: str, stored: Mapping[TopicPartition, Position]
) -> None:
    """Raise `ForeignLog` unless each stored position lies in its partition's log as `consumer` (of aiokafka) sees it.

    Records are stamped by the broker as they are appended: one younger than all those handled stands at or above the
    next offset, or the topic is not the one they were handled from.
    """
    if not stored:
        return
    for partition, position in stored.items():
        if position.cluster_id != cluster_id:
            raise ForeignLog(
                _message(service, partition, f"comes from cluster {position.cluster_id}, not {cluster_id}")
            )
    firsts = await consumer.beginning_offsets(list(stored))
    ends = await consumer.end_offsets(list(stored))
    younger = await consumer.offsets_for_times(
        {partition: position.highest_timestamp + 1 for partition, position in stored.items()}
    )
    for partition, position in stored.items():
        offset = position.next_offset
        if not firsts[partition] <= offset <= ends[partition]:
            range_ = f"{firsts[partition]}..{ends[partition]}"
            raise ForeignLog(_message(service, partition, f"{offset} is outside the log ({range_})"))
        if position.highest_timestamp >= 0 and younger[partition] and younger[partition].offset < offset:
            raise ForeignLog(_message(service, partition, f"{offset} is above records never handled: re-created topic"))


def _message(service: str, partition: TopicPartition, what: str) -> str:
    return (
        f"the offset stored for {partition.topic}/{partition.partition} {what}."
        f" The log or the database was replaced or restored: run `essaim restored {service}`"
    )
