"""A service never speaks below its log: one whose log holds versions above its database's was restored, and stops."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.database import Connection
from shared.events.event import VERSION_HEADER
from shared.fetching import reading_once
from shared.received import Received, read

ANSWER_SECONDS = 10.0


class LogIsAhead(Exception):
    """The log holds a version that this database never gave: the service stops, and the message names the remedy."""


async def check_log_versions(
    connection: Connection, service: str, bootstrap_servers: str, partitions: Mapping[str, Sequence[TopicPartition]]
) -> None:
    """Raise `LogIsAhead` unless the last event of each partition has a version that the database gave.

    `partitions` are those of topics that the service alone writes, by short name; nobody may write to them meanwhile.
    A record that no reader takes for an event, or that cannot be parsed at all, is a stray one: it says nothing of the
    database.
    """
    topics = {one: topic for topic, several in partitions.items() for one in several}
    found = await last_events(bootstrap_servers, topics)
    for topic, several in partitions.items():
        for record in [found[partition] for partition in several if partition in found]:
            key, version = (record.key or b"").decode(errors="replace"), version_of(record)
            given = await connection.fetchval(
                "SELECT version FROM key_versions WHERE topic = $1 AND key = $2", topic, key.replace("\0", "")
            )
            if version > (given or 0):
                raise LogIsAhead(
                    f"{record.topic}/{record.partition} holds version {version} of {key}, above {given or 0}, the"
                    f" database's own: the database was restored or emptied, or somebody else writes to the topic;"
                    f" run `essaim restored {service}`"
                )


def version_of(record: Any) -> int:
    """The version in a record's header, 0 where there is none that can be read."""
    digits = dict(record.headers).get(VERSION_HEADER, b"")
    return int(digits) if digits.isdigit() and len(digits) < 19 else 0


async def last_events(bootstrap_servers: str, topics: Mapping[TopicPartition, str]) -> dict[TopicPartition, Any]:
    """The last committed record of each partition that is an event of its topic (short name), where there is one.

    `KafkaError` or `TimeoutError` when Kafka is away.
    """
    partitions = list(topics)
    if not partitions:
        return {}
    async with reading_once(bootstrap_servers, partitions) as consumer:
        firsts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        return await _search(consumer, topics, firsts, ends)


async def _search(
    consumer: AIOKafkaConsumer,
    topics: Mapping[TopicPartition, str],
    firsts: dict[TopicPartition, int],
    ends: dict[TopicPartition, int],
) -> dict[TopicPartition, Any]:
    """Look further and further back from each end: its last offsets may hold marks of transactions, or strays."""
    found: dict[TopicPartition, Any] = {}
    back = 4
    missing = [partition for partition, end in ends.items() if end > firsts[partition]]
    while missing:
        for partition in missing:
            consumer.seek(partition, max(firsts[partition], ends[partition] - back))
        consumer.pause(*(set(ends) - set(missing)))
        async with asyncio.timeout(ANSWER_SECONDS):
            found.update(await _read_to(consumer, topics, {partition: ends[partition] for partition in missing}))
        missing = [one for one in missing if one not in found and ends[one] - back > firsts[one]]
        back *= 8
    return found


async def _read_to(
    consumer: AIOKafkaConsumer, topics: Mapping[TopicPartition, str], ends: dict[TopicPartition, int]
) -> dict[TopicPartition, Any]:
    last: dict[TopicPartition, Any] = {}
    while any([await consumer.position(partition) < end for partition, end in ends.items()]):
        for partition, records in (await consumer.getmany(*ends, timeout_ms=100)).items():
            for record in records:
                if isinstance(read(topics[partition], record), Received):
                    last[partition] = record
    return last
