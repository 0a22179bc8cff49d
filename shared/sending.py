"""Events enter Kafka in one transaction, in the order given, each at the partition of its partition key."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from itertools import chain
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.partitioner import murmur2

from shared.events.event import TRACE_HEADER, VERSION_HEADER
from shared.log_identity import MissingTopic

logger = logging.getLogger(__name__)

MOST_BYTES = 4 * 1024 * 1024
LARGEST_BATCH = 1024 * 1024
STOP_SECONDS = 3.0


def partition_of(partition_key: str, partitions: int) -> int:
    """The partition that Kafka's usual murmur2 partitioner gives a key, so that any client agrees."""
    return int((murmur2(partition_key.encode()) & 0x7FFFFFFF) % partitions)


@contextlib.asynccontextmanager
async def producing(bootstrap_servers: str, topic_prefix: str, service: str) -> AsyncIterator[Any]:
    """A producer not yet started: its start fences the service's earlier one and ends what that one left open."""
    name = f"{topic_prefix.rstrip('.')}-relay-{service}"
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        client_id=name,
        transactional_id=name,
        enable_idempotence=True,
        max_batch_size=LARGEST_BATCH,
        max_request_size=LARGEST_BATCH,
        request_timeout_ms=10_000,
        transaction_timeout_ms=30_000,
    )
    try:
        yield producer
    finally:
        await _end(producer)


async def partitions_of(producer: Any, topic: str) -> list[TopicPartition]:
    """The partitions of a topic (its full name); raises `MissingTopic`, after 10 s, when it is not there."""
    try:
        return [TopicPartition(topic, number) for number in sorted(await producer.partitions_for(topic))]
    except UnknownTopicOrPartitionError:
        raise MissingTopic(topic) from None


async def send(producer: Any, topic_prefix: str, rows: Sequence[asyncpg.Record]) -> None:
    """Send outbox rows in one transaction; raises what any of them met: the producer must not be used again then."""
    await producer.begin_transaction()
    sent = []
    for row in rows:
        topic = topic_prefix + row["topic"]
        future = await producer.send(
            topic,
            value=row["body"],
            key=row["key"].encode(),
            partition=partition_of(row["partition_key"], len(await partitions_of(producer, topic))),
            headers=_headers(row),
        )
        future.add_done_callback(_seen)
        sent.append(future)
    await asyncio.gather(*sent)
    await producer.commit_transaction()


def _headers(row: asyncpg.Record) -> list[tuple[str, bytes]]:
    version = (VERSION_HEADER, str(row["version"]).encode())
    return [version, (TRACE_HEADER, row["trace"].encode())] if row["trace"] else [version]


def _seen(future: asyncio.Future[Any]) -> None:
    """Take note of a failure that nobody awaits once another was met first."""
    if not future.cancelled():
        future.exception()


async def _end(producer: Any) -> None:
    """Stop `producer` without waiting for what it could not send: an idempotent one would wait for ever."""
    with contextlib.suppress(TimeoutError, KafkaError):
        await asyncio.wait_for(producer.stop(), STOP_SECONDS)
        return
    logger.debug("the producer does not stop: it is cut off")
    await producer.client.close()
    accumulator = producer._message_accumulator
    left = _tasks_of(producer._sender, accumulator)
    for task in left:
        task.cancel()
    for batch in [*chain.from_iterable(accumulator._batches.values()), *accumulator._pending_batches]:
        batch.failure(KafkaError("cut off"))
        _seen(batch._drain_waiter)
    if left:
        await asyncio.wait(left, timeout=STOP_SECONDS)


def _tasks_of(*owners: object) -> list[asyncio.Task[Any]]:
    """The tasks that run a method of one of `owners`; the producer names only some of those that it starts."""
    frames = {task: getattr(task.get_coro(), "cr_frame", None) for task in asyncio.all_tasks()}
    return [task for task, frame in frames.items() if frame is not None and frame.f_locals.get("self") in owners]
