"""How far a service's stored offsets are behind the log, as seen from outside; marks of transactions do not count."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import TopicPartition

from shared.fetching import reading_once
from shared.log_identity import ForeignLog, Log

COUNTED = 1_000
"""So few offsets are read to see which are records: behind the last record stands the mark of its transaction."""
READ_SECONDS = 10.0

Place = tuple[str, int]
"""Topic without prefix, and partition."""


async def behind(
    servers: str, prefix: str, topics: Collection[str], stored: Mapping[Place, int], clusters: Collection[str] = ()
) -> dict[Place, int]:
    """How many records of each partition of these topics stand at or above the stored offset; negative beyond the end.

    Raises `KafkaError` while Kafka does not answer, `MissingTopic` where one is not there, `ForeignLog` where another
    cluster answers than those that the offsets were stored from.
    """
    log = await Log.of(servers, [prefix + topic for topic in topics])
    if others := set(clusters) - {log.cluster_id}:
        raise ForeignLog(f"offsets come from {', '.join(sorted(others))}, not {log.cluster_id}")
    partitions = [one for several in log.partitions.values() for one in several]
    async with reading_once(servers, partitions) as consumer, asyncio.timeout(READ_SECONDS):
        firsts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        places = {one: (one.topic.removeprefix(prefix), one.partition) for one in partitions}
        starts = {one: stored.get(place, firsts[one]) for one, place in places.items()}
        found = {one: ends[one] - starts[one] for one in partitions}
        few = [one for one in partitions if 0 < found[one] <= COUNTED]
        for one in partitions:
            consumer.seek(one, max(starts[one], firsts[one]) if one in few else ends[one])
        found |= await _counted(consumer, few, ends)
    return {places[one]: count for one, count in found.items()}


async def _counted(
    consumer: Any, partitions: Collection[TopicPartition], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """How many records there are from where `consumer` is to the end of these partitions."""
    counts = dict.fromkeys(partitions, 0)
    while any([await consumer.position(one) < ends[one] for one in partitions]):
        for one, records in (await consumer.getmany(*partitions, timeout_ms=100)).items():
            counts[one] += sum(record.offset < ends[one] for record in records)
    return counts
