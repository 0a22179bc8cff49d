"""What aiokafka's consumer does otherwise than it should: records that it cannot parse, a stop while it tries again."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException

Unparsable = Callable[[TopicPartition, Exception], Awaitable[None]]
Fetched = dict[TopicPartition, list[Any]]
PassedOver = Callable[[TopicPartition, int], None]

WAIT_MS = 500

logger = logging.getLogger(__name__)


def guard(consumer: Any, handled: Callable[[], Mapping[TopicPartition, int]], unparsable: Unparsable) -> None:
    """Have `consumer` (of aiokafka) call `unparsable`, which must pause the partition, where its `getmany` would raise.

    aiokafka decodes the names of headers while it unpacks, and forgets then what it had unpacked before; FastStream
    would begin again without a pause, for ever. `handled` gives the next offset of each open partition.
    """
    getmany = consumer.getmany

    async def guarded(*partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> Fetched:
        try:
            fetched: Fetched = await getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
            return fetched
        except (ValueError, CorruptRecordException):
            return await one_by_one()

    async def one_by_one() -> Fetched:
        """One record of each partition, so that the one that begins with what cannot be parsed is found."""
        fetched: Fetched = {}
        places = dict(handled())
        for partition, offset in places.items():
            consumer.seek(partition, offset)
        for partition in places:
            try:
                fetched.update(await getmany(partition, timeout_ms=WAIT_MS, max_records=1))
            except (ValueError, CorruptRecordException) as error:
                await unparsable(partition, error)
        return fetched

    consumer.getmany = guarded


def pass_over(consumer: Any, passed: PassedOver) -> None:
    """Have `consumer` (of aiokafka) go on beyond an offset that it cannot parse, after `passed`, where it would raise.

    What follows such a record in its batch cannot be reached either, and is passed over too, offset by offset.
    """
    getmany = consumer.getmany

    async def passing(*partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> Fetched:
        places = {each: await consumer.position(each) for each in partitions or consumer.assignment()}
        try:
            fetched: Fetched = await getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
            return fetched
        except (ValueError, CorruptRecordException):
            for partition, offset in places.items():
                consumer.seek(partition, offset)
            return {partition: [one] for partition in places if (one := await next_of(partition))}

    async def next_of(partition: TopicPartition) -> Any | None:
        while True:
            try:
                fetched = await getmany(partition, timeout_ms=WAIT_MS, max_records=1)
                return fetched[partition][0] if fetched else None
            except (ValueError, CorruptRecordException) as error:
                offset = await consumer.position(partition)
                logger.warning(
                    "a record that cannot be parsed is passed over",
                    extra={"partition": str(partition), "offset": offset, "error": type(error).__name__},
                )
                passed(partition, offset)
                consumer.seek(partition, offset + 1)

    consumer.getmany = passing


@contextlib.asynccontextmanager
async def reading_once(
    bootstrap_servers: str, partitions: Sequence[TopicPartition], passed: PassedOver = lambda *_: None
) -> AsyncIterator[Any]:
    """A consumer (of aiokafka) of committed records, of no group; each partition is read from where it is sought to.

    Offsets that cannot be parsed are told to `passed`, and the reading goes on beyond them.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        request_timeout_ms=10_000,
        fetch_max_wait_ms=100,
    )
    pass_over(consumer, passed)
    try:
        await consumer.start()
        consumer.assign(partitions)
        yield consumer
    finally:
        await let_go(consumer)


async def let_go(consumer: Any) -> None:
    """Stop `consumer` (of aiokafka), whatever it waits for.

    Its own `stop` cancels a fetch that waits to be tried again, and then raises that cancellation as if it were the
    caller's: its connections would stay, and the caller's task would end without a word.
    """
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait([stopping])
    if not stopping.cancelled():
        stopping.result()
        return
    for fetch in consumer._fetcher._pending_tasks:
        fetch.cancel()
    await consumer._client.close()
