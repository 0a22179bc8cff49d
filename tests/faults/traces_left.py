"""Where a word is found: in any column of any table of any service, in any segment of any log, in what services say."""

import re

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.create_roles import SERVICES
from deploy.create_topics import TOPICS
from tests.faults.compaction import AT_ONCE, set_compaction
from tests.faults.installation import PREFIX, Installation

ADDRESS = re.compile(rb"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[a-z]{2,}")


async def tables_with(installation: Installation, word: str) -> set[str]:
    """The tables with a row that holds the word: as text, in bytes, in JSON or as the stem of a search."""
    connection = await asyncpg.connect(installation.servers.dsn())
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY ($1)", list(SERVICES)
        )
        asked = [word.lower(), word.encode().hex(), word.upper().encode().hex()]
        return {
            table
            for (table,) in tables
            if await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table} AS kept, unnest($1::text[]) AS asked (word)"
                " WHERE position(asked.word IN lower(kept::text)) > 0)",
                asked,
            )
        }
    finally:
        await connection.close()


def segments_with(installation: Installation, word: bytes | re.Pattern[bytes]) -> set[str]:
    """The partitions with a segment whose bytes hold the word, or something that matches."""
    found = set()
    for broker in installation.state.glob("kafka*"):
        for segment in broker.rglob("0*.log"):
            try:
                held = segment.read_bytes()
            except FileNotFoundError:
                continue  # compacted at this very moment
            if word in held if isinstance(word, bytes) else word.search(held):
                found.add(segment.parent.name)
    return found


def logs_with(installation: Installation, word: str) -> set[str]:
    """The processes that have said the word."""
    paths = installation.servers.run.glob("*.log*")
    return {path.name for path in paths if word in path.read_text(encoding="utf-8", errors="replace").lower()}


async def compact_at_once(installation: Installation) -> None:
    """Lower what the compaction of every topic waits for, and begin a new segment in each partition."""
    servers, names = installation.servers.bootstrap_servers, [PREFIX + topic.name for topic in TOPICS]
    await set_compaction(servers, PREFIX, AT_ONCE)
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    await consumer.start()
    partitions = [
        TopicPartition(name, number) for name in names for number in await consumer._client._wait_on_metadata(name)
    ]
    await consumer.stop()
    await append_nothing(servers, partitions)


async def append_nothing(servers: str, partitions: list[TopicPartition]) -> None:
    """Append to each partition what is taken back at once, and nobody reads: a new segment begins where one is due."""
    async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id="takes-back") as producer:
        await producer.begin_transaction()
        for one in partitions:
            await producer.send(one.topic, b"", key=b"nothing", partition=one.partition)
        await producer.flush()
        await producer.abort_transaction()
