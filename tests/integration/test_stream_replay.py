"""A replay is one more reader of its partition: it waits for the others, gives way to the newer, and ends with them."""

import asyncio

from shared.database import Connection, Pool
from shared.dead_letter import AfterCommit, ask_replay, replay, set_aside
from shared.offsets import begin
from shared.received import Batch, Position, Received, Unreadable, read
from shared.versions import newer
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import preference_set
from tests.streams import effects, note, opened, prepare_effects, put, raw, records_of


async def letters(pool: Pool, servers: str, topic: str, *persons: str) -> tuple[Received, ...]:
    """Version 1 of each person's preferences as dead letters whose replay is asked for, and what they say."""
    await prepare_effects(pool)
    await put(servers, topic, [raw(preference_set(person)) for person in persons])
    records = await records_of(servers, topic)
    async with pool.acquire() as connection:
        await begin(connection, "preferences", 0, Position(len(records), -1, "c"))
        for record in records:
            await set_aside(connection, "preferences", Unreadable(record, "odd"))
        await ask_replay(connection)
    found = [read("preferences", record) for record in records]
    return tuple(one for one in found if isinstance(one, Received))


async def waits_for_a_lock(pool: Pool) -> None:
    """Until some transaction of this database waits for another's lock."""

    async def waits() -> bool:
        return bool(
            await pool.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )

    await eventually(waits)


async def test_a_replay_waits_for_who_is_at_work_on_its_partition(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    at_work = False

    async def handler(connection: Connection, batch: Batch) -> AfterCommit | None:
        assert not at_work
        return await note(connection, batch)

    async with opened(service_dsn("notifier"), "notifier") as pool:
        await letters(pool, bootstrap_servers, f"{topic_prefix}preferences", "per-a")
        async with pool.acquire() as connection, connection.transaction():
            at_work = True
            await begin(connection, "preferences", 0, Position(0, -1, "c"))
            replaying = asyncio.create_task(replay(pool, {"preferences": handler}, topic="preferences", partition=0))
            await waits_for_a_lock(pool)
            at_work = False
        assert (await replaying).recovered == 1


async def test_a_version_held_meanwhile_makes_an_older_one_old(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """A page must not show old content under a new version, whoever holds the partition's offset."""
    async with opened(service_dsn("notifier"), "notifier") as pool:
        (old,) = await letters(pool, bootstrap_servers, f"{topic_prefix}preferences", "per-a")
        await put(bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set("per-a", version=2))])
        new = read("preferences", (await records_of(bootstrap_servers, f"{topic_prefix}preferences"))[-1])
        assert isinstance(new, Received)

        async def hear_old() -> tuple[Received, ...]:
            async with pool.acquire() as connection, connection.transaction():
                return await newer(connection, Batch("preferences", 0, (old,)))

        async with pool.acquire() as connection, connection.transaction():
            assert await newer(connection, Batch("preferences", 0, (new,))) == (new,)
            hearing = asyncio.create_task(hear_old())
            await waits_for_a_lock(pool)
        assert await hearing == ()
        assert await pool.fetchval("SELECT version FROM heard_versions WHERE key = 'per-a'") == 2


async def test_a_replay_ends_with_the_opening_of_its_partition(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """What a revocation leaves of it is the next owner's to replay."""
    is_open = True

    async def revoked_after_one(connection: Connection, batch: Batch) -> AfterCommit | None:
        nonlocal is_open
        is_open = False
        return await note(connection, batch)

    async with opened(service_dsn("notifier"), "notifier") as pool:
        await letters(pool, bootstrap_servers, f"{topic_prefix}preferences", "per-a", "per-b")
        handlers = {"preferences": revoked_after_one}
        done = await replay(pool, handlers, topic="preferences", partition=0, is_open=lambda: is_open)
        assert (done.recovered, done.staying) == (1, 1)
        assert [row["key"] for row in await effects(pool)] == ["per-a"]
        assert await pool.fetchval("SELECT count(*) FROM dead_letters WHERE replay_asked_at IS NOT NULL") == 1
