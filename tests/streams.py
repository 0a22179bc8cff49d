"""What tests of the stream build on: a service that notes each effect in a table, and bytes put into Kafka by hand."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import MessageBatch
from aiokafka.record.util import calc_crc32c

from shared.broker import PartitionOwner, Stream
from shared.database import Connection, Pool, in_transaction, open_pool
from shared.dead_letter import AfterCommit
from shared.events.event import VERSION_HEADER, Event
from shared.outbox import announce, next_version
from shared.received import Batch
from tests.deadline import eventually
from tests.factories import preference_set

Header = tuple[str, bytes]


async def prepare_effects(pool: Pool) -> None:
    """A table with one row per effect, so that a doubled one shows."""
    await pool.execute(
        "CREATE TABLE IF NOT EXISTS effects (id bigserial, topic text, key text, version bigint, erased boolean)"
    )


async def note(connection: Connection, batch: Batch) -> AfterCommit | None:
    """A handler: one row per record."""
    await connection.executemany(
        "INSERT INTO effects (topic, key, version, erased) VALUES ($1, $2, $3, $4)",
        [(batch.topic, record.key, record.version, record.event is None) for record in batch.records],
    )
    return None


async def effects(pool: Pool) -> list[asyncpg.Record]:
    """Every effect, oldest first."""
    return await pool.fetch("SELECT topic, key, version, erased FROM effects ORDER BY id")


async def wait_for_effects(pool: Pool, count: int, *, seconds: float = 30) -> list[asyncpg.Record]:
    """The effects once there are `count` of them."""

    async def enough() -> bool:
        return len(await effects(pool)) >= count

    await eventually(enough, seconds=seconds)
    return await effects(pool)


async def say_preference(pool: Pool, person_id: str) -> int:
    """Announce one event of the console's in a transaction of its own; returns its version."""

    async def work(connection: Connection) -> int:
        version = await next_version(connection, "preferences", person_id)
        await announce(connection, preference_set(person_id, version=version))
        return version

    return await in_transaction(pool, work)


@dataclass
class Recorder(PartitionOwner):
    """An owner that notes what it is told."""

    calls: list[tuple[str, int]] = field(default_factory=list)

    async def taken(self, partition: int) -> None:
        self.calls.append(("taken", partition))

    async def lost(self, partition: int, *, taken_away: bool) -> None:
        self.calls.append(("lost", partition))


@dataclass
class GaveUp:
    """Takes the place of ending the process."""

    times: int = 0

    def __call__(self) -> None:
        self.times += 1


@asynccontextmanager
async def opened(dsn: str, service: str) -> AsyncIterator[Pool]:
    """A pool, closed after use."""
    pool = await open_pool(dsn, service=service)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def started(stream: Stream, *, ready: bool = True) -> AsyncIterator[Stream]:
    """A stream that runs, and by default waits until it has no problem."""

    async def well() -> bool:
        return not stream.problems()

    await stream.start()
    try:
        if ready:
            await eventually(well, seconds=60)
        yield stream
    finally:
        await stream.stop()


async def put(servers: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None, Sequence[Header]]]) -> None:
    """Put raw records (key, value, headers) into partition 0 of a topic, as anybody's program might."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for key, value, headers in records:
            await producer.send_and_wait(topic, value, key, partition=0, headers=list(headers))
    finally:
        await producer.stop()


async def put_and_take_back(servers: str, topic: str, event: Event) -> None:
    """Put an event in a transaction that is aborted."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}-aborts")
    await producer.start()
    try:
        await producer.begin_transaction()
        key, body, headers = raw(event)
        await producer.send_and_wait(topic, body, key, partition=0, headers=list(headers))
        await producer.abort_transaction()
    finally:
        await producer.stop()


async def put_unparsable(servers: str, topic: str, record: tuple[bytes, bytes, Sequence[Header]]) -> None:
    """Put a record with a header whose name is not UTF-8, which aiokafka itself cannot parse."""
    good = MessageBatch.get_data_buffer

    def spoiled(batch: MessageBatch) -> bytes:
        buffer = bytearray(good(batch)).replace(b"spoil-it", b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe")
        struct.pack_into(">I", buffer, 17, calc_crc32c(bytes(buffer[21:])))
        return bytes(buffer)

    key, value, headers = record
    with patch.object(MessageBatch, "get_data_buffer", spoiled):
        await put(servers, topic, [(key, value, [*headers, ("spoil-it", b"")])])


def raw(event: Event) -> tuple[bytes, bytes, Sequence[Header]]:
    """An event as a relay sends it."""
    return event.key.encode(), event.to_bytes(), [(VERSION_HEADER, str(event.version).encode())]


async def records_of(servers: str, topic: str, *, committed: bool = True) -> list[Any]:
    """All records of a topic, partition by partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level="read_committed" if committed else "read_uncommitted",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, n) for n in sorted(await consumer._client._wait_on_metadata(topic))]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found = []
        async with asyncio.timeout(30):
            for partition in partitions:
                consumer.seek(partition, 0)
            while any([await consumer.position(partition) < end for partition, end in ends.items()]):
                for several in (await consumer.getmany(timeout_ms=100)).values():
                    found.extend(several)
        return sorted(found, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()
