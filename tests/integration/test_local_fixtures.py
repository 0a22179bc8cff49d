"""The fixtures of the suite keep tests apart and give them what services will find."""

from collections.abc import Callable

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.create_topics import TOPICS


async def partition_counts(bootstrap_servers: str, prefix: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        rows = await admin.describe_topics()
    finally:
        await admin.close()
    return {
        row["topic"].removeprefix(prefix): len(row["partitions"]) for row in rows if row["topic"].startswith(prefix)
    }


async def test_each_test_has_all_topics_under_its_own_prefix(bootstrap_servers: str, topic_prefix: str) -> None:
    counts = await partition_counts(bootstrap_servers, topic_prefix)
    assert set(counts) == {topic.name for topic in TOPICS}
    assert counts["projects"] == counts["answers"] == counts["matches"] == 4
    assert counts["erasures"] == counts["days"] == counts["projects.dlq"] == 1


@pytest.mark.partitions(2)
async def test_a_test_chooses_its_number_of_partitions(bootstrap_servers: str, topic_prefix: str) -> None:
    assert (await partition_counts(bootstrap_servers, topic_prefix))["projects"] == 2


async def test_a_transaction_is_read_once_committed(bootstrap_servers: str, topics: Callable[[str], str]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, transactional_id=topics("relay"))
    consumer = AIOKafkaConsumer(
        topics("days"),
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        group_id=topics("group"),
    )
    async with producer, producer.transaction():
        await producer.send_and_wait(topics("days"), b"1", key=b"day")
    async with consumer:
        record = await consumer.getone()
    assert (record.key, record.value) == (b"day", b"1")


async def test_a_service_sees_its_own_schema_alone(database: Callable[[str], str]) -> None:
    connection = await asyncpg.connect(database("ingest"))
    try:
        assert await connection.fetchval("SELECT current_schema()") == "ingest"
        for statement in ("CREATE TABLE public.intruder (a int)", "CREATE TABLE matcher.intruder (a int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
