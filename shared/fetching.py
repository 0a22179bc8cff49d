"""Records that the client itself cannot parse stop the reading of their partition alone, which says so."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

Unparsable = Callable[[TopicPartition, Exception], Awaitable[None]]
Fetched = dict[TopicPartition, list[Any]]

WAIT_MS = 500


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
