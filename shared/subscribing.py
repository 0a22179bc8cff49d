"""Records are taken by hand, raw, one batch at a time, and only those committed: set here, and nowhere else."""

from collections.abc import Sequence
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.middlewares import AckPolicy

from shared.reading import Reading

MOST_RECORDS = 500
MOST_BYTES = 8 * 1024 * 1024
REBALANCE_MS = 30_000


def subscribe(
    broker: KafkaBroker, topics: Sequence[str], group: str, reading: Reading, *, session_timeout_ms: int
) -> Any:
    """The subscriber by which `reading` gets the records of `topics` (full names), in one group."""
    subscriber = broker.subscriber(
        *topics,
        batch=True,
        group_id=group,
        listener=reading,
        # Positions come from PostgreSQL: one outside the log must be met, not mended.
        auto_offset_reset="none",
        isolation_level="read_committed",
        # The same number of each topic goes to the same process.
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=session_timeout_ms,
        heartbeat_interval_ms=session_timeout_ms // 5,
        rebalance_timeout_ms=REBALANCE_MS,
        fetch_max_wait_ms=100,
        # FastStream sleeps as long again when nothing came.
        batch_timeout_ms=20,
        max_records=MOST_RECORDS,
        fetch_max_bytes=MOST_BYTES,
        no_reply=True,
    )

    async def take(records: Any) -> None:
        await reading.take(records)

    subscriber(take)
    return subscriber


def build_broker(bootstrap_servers: str, client_id: str) -> KafkaBroker:
    """The one place that sets how records are taken: by hand, raw, and acknowledged by nobody but PostgreSQL."""
    return KafkaBroker(
        # FastStream takes one name for one server.
        bootstrap_servers.split(","),
        client_id=client_id,
        consumer_only=True,
        ack_policy=AckPolicy.MANUAL,
        parser=_as_it_came,
        decoder=_undecoded,
        apply_types=False,
        serializer=None,
        graceful_timeout=10.0,
        logger=None,
    )


async def _as_it_came(records: tuple[ConsumerRecord, ...]) -> KafkaMessage:
    """The records without a look at their bytes: a header that is not UTF-8 would end the whole batch."""
    return KafkaMessage(body=b"", raw_message=records, headers={}, consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> tuple[ConsumerRecord, ...]:
    return message.raw_message
