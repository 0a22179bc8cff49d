"""PostgreSQL's offset is the authority: not Kafka's, not memory's; and only what was committed to Kafka is heard."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.broker import Stream
from shared.database import Connection, Pool
from shared.dead_letter import AfterCommit, Limit
from shared.offsets import Handling
from shared.received import Arrived, Batch, Position
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import preference_set
from tests.streams import (
    GaveUp,
    Recorder,
    effects,
    note,
    opened,
    prepare_effects,
    put,
    put_and_take_back,
    raw,
    records_of,
    started,
    wait_for_effects,
)


def reader(pool: Pool, servers: str, prefix: str, owner: Recorder | None = None) -> Stream:
    """A notifier that hears preferences."""
    stream = Stream(
        service="notifier", bootstrap_servers=servers, topic_prefix=prefix, pool=pool, relay=False, give_up=GaveUp()
    )
    stream.hears(["preferences"], {"preferences": note}, owner=owner)
    return stream


async def commit_in_kafka(servers: str, group: str, partition: TopicPartition, offset: int) -> None:
    """Commit an offset as a reader that trusts Kafka's would."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.commit({partition: offset})
    finally:
        await consumer.stop()


async def test_an_offset_that_kafka_knows_alone_counts_for_nothing(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}preferences"
    group = f"{topic_prefix.rstrip('.')}-notifier-preferences"
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, topic, [raw(preference_set(f"per-{n}")) for n in range(5)])
        await commit_in_kafka(bootstrap_servers, group, TopicPartition(topic, 0), 4)
        async with started(reader(pool, bootstrap_servers, topic_prefix)):
            found = await wait_for_effects(pool, 5)
        assert [row["key"] for row in found] == [f"per-{n}" for n in range(5)]


async def test_kafka_is_shown_how_far_the_service_went(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    topic = TopicPartition(f"{topic_prefix}preferences", 0)
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, topic.topic, [raw(preference_set(f"per-{n}")) for n in range(5)])
        stream = reader(pool, bootstrap_servers, topic_prefix)
        async with started(stream):
            await wait_for_effects(pool, 5)

            async def all_handled() -> bool:
                return stream.lag().get("preferences/0") == 0

            await eventually(all_handled)
        group = f"{topic_prefix.rstrip('.')}-notifier-preferences"
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            assert await consumer.committed(topic) == 5
        finally:
            await consumer.stop()


async def test_what_a_transaction_took_back_is_never_heard(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put_and_take_back(bootstrap_servers, topic, preference_set("per-taken-back"))
        await put(bootstrap_servers, topic, [raw(preference_set("per-said"))])
        async with started(reader(pool, bootstrap_servers, topic_prefix)):
            await wait_for_effects(pool, 1)
        assert [row["key"] for row in await effects(pool)] == ["per-said"]
        assert len(await records_of(bootstrap_servers, topic, committed=False)) == 2


async def test_memory_is_made_anew_when_another_process_has_handled_the_partition(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    owner = Recorder()
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, topic, [raw(preference_set("per-0"))])
        async with started(reader(pool, bootstrap_servers, topic_prefix, owner)):
            await wait_for_effects(pool, 1)
            await pool.execute(
                "UPDATE offsets SET next_offset = 2, highest_timestamp = extract(epoch FROM now() + '1 min') * 1000"
                " WHERE partition = 0"
            )
            await put(bootstrap_servers, topic, [raw(preference_set("per-1")), raw(preference_set("per-2"))])
            await wait_for_effects(pool, 2)
            calls = [call for call, partition in owner.calls if partition == 0]
        assert [row["key"] for row in await effects(pool)] == ["per-0", "per-2"]
        assert calls == ["taken", "lost", "taken"]


async def test_an_offset_that_went_back_under_a_running_process_leaves_no_gap(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """As after a restore to an earlier moment, or a lagging replica's promotion, while the service runs."""
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, topic, [raw(preference_set(f"per-{n}")) for n in range(4)])
        async with started(reader(pool, bootstrap_servers, topic_prefix)):
            await wait_for_effects(pool, 4)
            await pool.execute("UPDATE offsets SET next_offset = 2 WHERE partition = 0")
            await pool.execute("DELETE FROM effects WHERE key IN ('per-2', 'per-3')")
            await put(bootstrap_servers, topic, [raw(preference_set(f"per-{n}")) for n in (4, 5)])
            found = await wait_for_effects(pool, 6)
        assert [row["key"] for row in found] == [f"per-{n}" for n in range(6)]


async def test_two_processes_with_the_same_batch_handle_it_once(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """Each transaction locks the offset row first."""

    async def slowly(connection: Connection, batch: Batch) -> AfterCommit | None:
        await note(connection, batch)
        await connection.execute("SELECT pg_sleep(0.3)")
        return None

    async def is_open() -> bool:
        return True

    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set(f"per-{n}")) for n in range(3)])
        arrived = Arrived.of("preferences", 0, await records_of(bootstrap_servers, f"{topic_prefix}preferences"))
        await pool.execute(
            "INSERT INTO offsets (topic, partition, next_offset, cluster_id) VALUES ('preferences', 0, 0, 'c')"
        )
        both = [Handling(pool, slowly, Limit("preferences"), Position(0, -1, "c"), alone=False) for _ in range(2)]
        await asyncio.gather(*(one.handle(arrived, is_open) for one in both))
        assert [row["key"] for row in await effects(pool)] == ["per-0", "per-1", "per-2"]
        assert [one.position.next_offset for one in both] == [3, 3]


async def test_after_a_rebalance_what_stays_is_opened_again_and_what_went_is_lost(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """A partition is closed from revocation until its offset was read; one got back may keep its memory."""
    first, second = Recorder(), Recorder()
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        async with started(reader(pool, bootstrap_servers, topic_prefix, first)):

            async def all_taken() -> bool:
                return {partition for call, partition in first.calls if call == "taken"} == {0, 1, 2, 3}

            await eventually(all_taken, seconds=30)
            async with started(reader(pool, bootstrap_servers, topic_prefix, second)):

                async def shared_out() -> bool:
                    return len(first.calls) >= 8 and len(second.calls) >= 2

                await eventually(shared_out, seconds=30)
                went = {partition for call, partition in second.calls if call == "taken"}
                for partition in range(4):
                    calls = [call for call, which in first.calls if which == partition]
                    assert calls[-2:] == (["taken", "lost"] if partition in went else ["taken", "taken"])
