"""Records that the client itself cannot parse stop the reading of their partition alone, which says so."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

Unparsable = Callable[[TopicPartition, Exception], Awaitable[None]]
Fetched = dict[TopicPartition, list[Any]]


def guard(consumer: Any, unparsable: Unparsable) -> None:
    """Have `consumer` (of aiokafka) call `unparsable`, which must pause the partition, where its `getmany` would raise.

    aiokafka decodes the names of headers while it unpacks; FastStream would then start its loop again without a pause,
    for all partitions, for ever.
    """
    getmany = consumer.getmany

    async def guarded(*partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> Fetched:
        try:
            fetched: Fetched = await getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
            return fetched
        except (ValueError, CorruptRecordException):
            for partition in consumer.assignment() - consumer.paused():
                await _try(consumer, getmany, partition, unparsable)
            return {}

    consumer.getmany = guarded


async def _try(
    consumer: Any, getmany: Callable[..., Awaitable[Fetched]], one: TopicPartition, unparsable: Unparsable
) -> None:
    """Find out whether `one` is the partition that cannot be parsed; where it is not, nothing of it is consumed."""
    try:
        fetched = await getmany(one, timeout_ms=0, max_records=1)
    except (ValueError, CorruptRecordException) as error:
        await unparsable(one, error)
    else:
        for records in fetched.values():
            consumer.seek(one, records[0].offset)
