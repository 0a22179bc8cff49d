"""Each record has its effect once, whoever reads, however often readers come, fail and go."""

from collections import Counter

import pytest

from shared.broker import Stream
from shared.database import Connection, Pool, in_transaction
from shared.dead_letter import AfterCommit, Limit
from shared.offsets import Handling, Refused
from shared.outbox import announce, next_version
from shared.received import Arrived, Batch, Position
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import answer_given, preference_set
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


def reader(pool: Pool, servers: str, prefix: str, handler: object = note, **options: object) -> Stream:
    """A notifier that hears preferences."""
    stream = Stream(
        service="notifier", bootstrap_servers=servers, topic_prefix=prefix, pool=pool, relay=False, give_up=GaveUp()
    )
    stream.hears(["preferences"], {"preferences": handler}, **options)  # type: ignore[arg-type, dict-item]
    return stream


async def test_each_record_has_one_effect(service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(
            bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set(f"per-{n}")) for n in range(300)]
        )
        async with started(reader(pool, bootstrap_servers, topic_prefix)):
            found = await wait_for_effects(pool, 300)
        assert [row["key"] for row in found] == [f"per-{n}" for n in range(300)]
        assert (
            await pool.fetchval("SELECT next_offset FROM offsets WHERE topic = 'preferences' AND partition = 0") == 300
        )


async def test_readers_that_come_and_go_double_nothing(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """A partition is closed from revocation until its offset has been read and sought to."""
    async with (
        opened(service_dsn("console"), "console") as console,
        opened(service_dsn("notifier"), "notifier") as pool,
    ):
        await prepare_effects(pool)
        speaker = Stream(
            service="console", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, pool=console
        )
        async with started(speaker), started(reader(pool, bootstrap_servers, topic_prefix)):
            await say_many(console, 0, 150)
            async with started(reader(pool, bootstrap_servers, topic_prefix)):
                await say_many(console, 150, 300)
                await wait_for_effects(pool, 200)
            await say_many(console, 300, 450)
            found = await wait_for_effects(pool, 450)
        assert set(Counter(row["key"] for row in found).values()) == {1}
        assert len(found) == 450


async def say_many(console: Pool, first: int, end: int) -> None:
    """Announce in transactions of ten."""

    for start in range(first, end, 10):

        async def work(connection: Connection, start: int = start) -> None:
            for n in range(start, start + 10):
                version = await next_version(connection, "preferences", f"per-{n}")
                await announce(connection, preference_set(f"per-{n}", version=version))

        await in_transaction(console, work)


async def test_a_failed_transaction_leaves_nothing_and_resumes_by_itself(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    attempts = 0
    done: list[str] = []

    async def fails_twice(connection: Connection, batch: Batch) -> AfterCommit | None:
        nonlocal attempts
        attempts += 1
        await note(connection, batch)
        if attempts <= 2:
            raise RuntimeError("not yet")
        return lambda: done.extend(record.key for record in batch.records)

    owner = Recorder()
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set(f"per-{n}")) for n in range(5)])
        stream = reader(pool, bootstrap_servers, topic_prefix, fails_twice, owner=owner)
        async with started(stream, ready=False):
            found = await wait_for_effects(pool, 5)

            async def well() -> bool:
                return not stream.problems()

            await eventually(well)
        assert [row["key"] for row in found] == [f"per-{n}" for n in range(5)]
        assert done == [f"per-{n}" for n in range(5)]
        of_partition = [call for call, partition in owner.calls if partition == 0]
        assert of_partition == ["taken", "lost", "taken", "lost", "taken", "lost"]


async def test_topics_of_one_owner_open_and_close_together(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    failed = False

    async def fails_once(connection: Connection, batch: Batch) -> AfterCommit | None:
        nonlocal failed
        if not failed:
            failed = True
            raise RuntimeError("once")
        return await note(connection, batch)

    owner = Recorder()
    async with opened(service_dsn("matcher"), "matcher") as pool:
        await prepare_effects(pool)
        stream = Stream(
            service="matcher", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, pool=pool, relay=False
        )
        stream.hears(["projects", "answers"], {"projects": note, "answers": fails_once}, owner=owner)
        async with started(stream):
            await put(bootstrap_servers, f"{topic_prefix}answers", [raw(answer_given())])
            await wait_for_effects(pool, 1)
        assert sorted({partition for _, partition in owner.calls}) == [0, 1, 2, 3]
        assert [call for call, partition in owner.calls if partition == 0] == ["taken", "lost", "taken", "lost"]
        assert [call for call, partition in owner.calls if partition == 1] == ["taken", "lost"]


@pytest.mark.parametrize("alone", [False, True])
async def test_what_another_process_handled_is_not_handled_again(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str, alone: bool
) -> None:
    """Records below the stored offset are skipped; where memory would be stale, the whole batch is refused."""

    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set(f"per-{n}")) for n in range(4)])
        arrived = Arrived.of("preferences", 0, await records_of(bootstrap_servers, f"{topic_prefix}preferences"))
        await pool.execute(
            "INSERT INTO offsets (topic, partition, next_offset, cluster_id) VALUES ('preferences', 0, 3, 'c')"
        )
        handling = Handling(pool, note, Limit("preferences"), Position(0, -1, "c"), alone=alone)
        if alone:
            with pytest.raises(Refused):
                await handling.handle(arrived, is_open)
            assert await effects(pool) == []
        else:
            await handling.handle(arrived, is_open)
            assert [row["key"] for row in await effects(pool)] == ["per-3"]
            assert handling.position.next_offset == 4


async def test_a_batch_from_before_a_seek_is_refused(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async def sought() -> bool:
        return False

    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set())])
        arrived = Arrived.of("preferences", 0, await records_of(bootstrap_servers, f"{topic_prefix}preferences"))
        await pool.execute(
            "INSERT INTO offsets (topic, partition, next_offset, cluster_id) VALUES ('preferences', 0, 0, 'c')"
        )
        handling = Handling(pool, note, Limit("preferences"), Position(0, -1, "c"), alone=False)
        with pytest.raises(Refused):
            await handling.handle(arrived, sought)
        assert await effects(pool) == []


async def stand_at(pool: Pool, offset: int) -> None:
    """Somebody has handled partition 0 so far."""
    await pool.execute(
        "INSERT INTO offsets (topic, partition, next_offset, cluster_id) VALUES ('preferences', 0, $1, 'c')", offset
    )


async def is_open() -> bool:
    """Nothing came between."""
    return True
