"""No offset is trusted in a log it does not come from: the service stops, and says what to run."""

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from deploy.create_topics import delete_topics, ensure_topics
from shared.broker import Stream
from shared.database import Pool
from shared.log_identity import Log
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import mail_delivered, preference_set
from tests.streams import (
    GaveUp,
    Recorder,
    effects,
    note,
    opened,
    prepare_effects,
    put,
    raw,
    records_of,
    started,
    wait_for_effects,
)


def reader(pool: Pool, servers: str, prefix: str, give_up: GaveUp, topic: str = "preferences") -> Stream:
    """A service that hears one topic."""
    stream = Stream(
        service="notifier", bootstrap_servers=servers, topic_prefix=prefix, pool=pool, relay=False, give_up=give_up
    )
    stream.hears([topic], {topic: note})
    return stream


async def hear_five(pool: Pool, servers: str, prefix: str) -> None:
    """Handle five records and stop."""
    await prepare_effects(pool)
    await put(servers, f"{prefix}preferences", [raw(preference_set(f"per-{n}")) for n in range(5)])
    async with started(reader(pool, servers, prefix, GaveUp())):
        await wait_for_effects(pool, 5)


async def stops(pool: Pool, servers: str, prefix: str) -> str:
    """What a reader says when it stops; it has handled nothing."""
    gave_up = GaveUp()
    before = len(await effects(pool))
    stream = reader(pool, servers, prefix, gave_up)
    async with started(stream, ready=False):

        async def stopped() -> bool:
            return gave_up.times > 0

        await eventually(stopped, seconds=120)
        (problem,) = [problem for problem in stream.problems() if "stops" in problem]
    assert len(await effects(pool)) == before
    return problem


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE offsets SET cluster_id = 'another'", "comes from cluster another"),
        ("UPDATE offsets SET next_offset = 50 WHERE partition = 0", "outside the log"),
    ],
)
async def test_a_position_of_another_log_stops_the_service(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str, statement: str, said: str
) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await hear_five(pool, bootstrap_servers, topic_prefix)
        await pool.execute(statement)
        problem = await stops(pool, bootstrap_servers, topic_prefix)
    assert said in problem
    assert "essaim restored notifier" in problem


async def test_a_topic_created_again_stops_the_service_even_with_more_records_than_before(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await hear_five(pool, bootstrap_servers, topic_prefix)
        await delete_topics(bootstrap_servers, prefix=topic_prefix)
        await ensure_topics(bootstrap_servers, prefix=topic_prefix, partitions=4)
        again = [raw(preference_set(f"per-{n}", version=2)) for n in range(9)]
        await put(bootstrap_servers, f"{topic_prefix}preferences", again)
        problem = await stops(pool, bootstrap_servers, topic_prefix)
    assert "never handled" in problem
    assert "essaim restored notifier" in problem


async def test_a_log_truncated_above_what_was_handled_stops_the_service(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """`deliveries` are kept for 30 days: a console away for longer has missed some, and must not go on as if not."""
    topic = TopicPartition(f"{topic_prefix}deliveries", 0)
    async with opened(service_dsn("console"), "console") as pool:
        await put(bootstrap_servers, topic.topic, [raw(mail_delivered(f"mail-{n}")) for n in range(3)])
        await delete_records(bootstrap_servers, topic, below=2)
        log = await Log.of(bootstrap_servers, [topic.topic])
        await pool.execute(
            "INSERT INTO offsets (topic, partition, next_offset, cluster_id) VALUES ('deliveries', 0, 1, $1)",
            log.cluster_id,
        )
        gave_up = GaveUp()
        stream = reader(pool, bootstrap_servers, topic_prefix, gave_up, topic="deliveries")
        async with started(stream, ready=False):

            async def stopped() -> bool:
                return gave_up.times > 0

            await eventually(stopped, seconds=120)
            assert any("is 1, outside the log (2 to 3)" in problem for problem in stream.problems())


async def delete_records(servers: str, topic: TopicPartition, *, below: int) -> None:
    """Truncate a partition as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.delete_records({topic: RecordsToDelete(before_offset=below)})
    finally:
        await admin.close()


async def test_topics_of_one_owner_with_unequal_partitions_stop_the_service(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    gave_up = GaveUp()
    async with opened(service_dsn("notifier"), "notifier") as pool:
        stream = Stream(
            service="notifier",
            bootstrap_servers=bootstrap_servers,
            topic_prefix=topic_prefix,
            pool=pool,
            relay=False,
            give_up=gave_up,
        )
        stream.hears(["preferences", "erasures"], {"preferences": note, "erasures": note}, owner=Recorder())
        async with started(stream, ready=False):

            async def stopped() -> bool:
                return gave_up.times == 1

            await eventually(stopped)
            assert "the same number of partitions" in stream.problems()[0]


async def test_a_missing_topic_is_named_while_it_is_waited_for(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool:
        stream = reader(pool, bootstrap_servers, f"{topic_prefix}else.", GaveUp())
        async with started(stream, ready=False):

            async def named() -> bool:
                return any("preferences does not exist" in problem for problem in stream.problems())

            await eventually(named, seconds=30)


@pytest.mark.parametrize(("said", "stopped"), [(3, True), (0, False)])
async def test_a_reader_away_for_longer_than_tombstones_are_kept_stops_when_it_missed_something(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str, said: int, stopped: bool
) -> None:
    gave_up = GaveUp()
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await hear_five(pool, bootstrap_servers, topic_prefix)
        await pool.execute("UPDATE offsets SET handled_at = now() - interval '31 days'")
        missed = [raw(preference_set(f"per-{n}", version=2)) for n in range(said)]
        await put(bootstrap_servers, f"{topic_prefix}preferences", missed)
        stream = reader(pool, bootstrap_servers, topic_prefix, gave_up)
        async with started(stream, ready=False):

            async def settled() -> bool:
                return bool(gave_up.times or stream.lag().keys() >= {"preferences/0"})

            await eventually(settled, seconds=30)
            assert any("essaim restored notifier" in problem for problem in stream.problems()) == stopped
        assert len(await effects(pool)) == 5


async def test_a_kafka_that_does_not_answer_is_waited_for(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool:
        stream = Stream(service="notifier", bootstrap_servers="127.0.0.1:1", pool=pool)
        stream.hears(["preferences"], {"preferences": note})
        async with started(stream, ready=False):

            async def said() -> bool:
                return len(stream.problems()) == 2

            await eventually(said)
            assert all("trying again" in problem for problem in stream.problems())


async def test_the_mark_of_a_transaction_by_a_clock_ahead_is_no_other_topic(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, transactional_id=f"{topic_prefix}marks")
        await producer.start()
        try:
            key, body, headers = raw(preference_set("per-a"))
            async with producer.transaction():
                await producer.send_and_wait(topic, body, key, partition=0, headers=list(headers))
        finally:
            await producer.stop()
        # The mark follows the commit's answer.
        (record,) = await eventually(lambda: records_of(bootstrap_servers, topic))
        log = await Log.of(bootstrap_servers)
        await pool.execute(
            "INSERT INTO offsets (topic, partition, next_offset, highest_timestamp, cluster_id)"
            " VALUES ('preferences', 0, 2, $1, $2)",
            record.timestamp,
            log.cluster_id,
        )
        await put(bootstrap_servers, topic, [raw(preference_set("per-b"))])
        async with started(reader(pool, bootstrap_servers, topic_prefix, GaveUp())):
            found = await wait_for_effects(pool, 1)
        assert [row["key"] for row in found] == ["per-b"]
