"""A reader away for longer than tombstones are kept does not go on as if it had heard them: it stops."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.database import Connection, Pool
from shared.received import TopicPartitionNumber

NOTED_EVERY_SECONDS = 600.0
MARGIN = timedelta(days=1)
REBUILT = frozenset({"matcher", "console"})
"""Services whose state the topics hold whole; the others take over from them what they can."""


class AwayTooLong(Exception):
    """Erasures may have been said and forgotten meanwhile: the service stops, and the message names the remedy."""


async def note_presence(pool: Pool, heard: Mapping[TopicPartition, str]) -> None:
    """Note that these partitions (with their topics' short names) are read to their ends now."""
    await pool.executemany(
        "UPDATE offsets SET handled_at = now() WHERE topic = $1 AND partition = $2",
        [(topic, partition.partition) for partition, topic in heard.items()],
    )


async def absences(connection: Connection, topics: Sequence[str]) -> dict[TopicPartitionNumber, timedelta]:
    """For how long each partition of `topics` was not read to its end."""
    rows = await connection.fetch(
        "SELECT topic, partition, now() - handled_at AS away FROM offsets WHERE topic = ANY ($1)", list(topics)
    )
    return {(row["topic"], row["partition"]): row["away"] for row in rows}


async def check_absence(
    service: str, bootstrap_servers: str, consumer: Any, away: Mapping[TopicPartition, tuple[int, timedelta]]
) -> None:
    """Raise `AwayTooLong` for a compacted partition to which something was added since, too long ago.

    `away` gives each partition's next offset, and for how long it was not read to its end.
    """
    long_ago = {partition: since for partition, (_, since) in away.items() if since > MARGIN}
    if not long_ago:
        return
    ends = await consumer.end_offsets(list(long_ago))
    # The mark of the transaction read last stands at the next offset.
    missed = [partition for partition in long_ago if ends[partition] > away[partition][0] + 1]
    for topic, kept in (await _kept(bootstrap_servers, {partition.topic for partition in missed})).items():
        longest = max(long_ago[partition] for partition in missed if partition.topic == topic)
        if longest > kept - MARGIN:
            raise AwayTooLong(
                f"{topic} was not read for {longest.days} days, and what is erased is said for {kept.days} days only:"
                f" run `essaim {'rebuild' if service in REBUILT else 'restored'} {service}`"
            )


async def _kept(bootstrap_servers: str, topics: set[str]) -> dict[str, timedelta]:
    """How long each compacted one of `topics` keeps its tombstones."""
    if not topics:
        return {}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=10_000)
    try:
        await admin.start()
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics])
    finally:
        await admin.close()
    resources = [resource for answer in answers for resource in answer.resources]
    settings = {resource[3]: {entry[0]: entry[1] for entry in resource[4]} for resource in resources}
    return {
        topic: timedelta(milliseconds=int(found["delete.retention.ms"]))
        for topic, found in settings.items()
        if "compact" in found["cleanup.policy"]
    }
