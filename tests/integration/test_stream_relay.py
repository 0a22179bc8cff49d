"""What was announced leaves in order and at least once, by one relay at a time; what was sent is deleted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced

from shared.database import Connection, Pool, in_transaction
from shared.events.event import GENERATION_SPAN, VERSION_HEADER
from shared.log_versions import LogIsAhead
from shared.outbox import (
    UntakenVersion,
    announce,
    announce_all_erased,
    announce_erased,
    next_version,
    next_versions,
    purge_waiting,
)
from shared.relay import Relay
from shared.sending import partition_of, producing, send
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import match_changed, preference_set
from tests.streams import opened, put, put_unparsable, raw, records_of, say_preference


@asynccontextmanager
async def relaying(pool: Pool, servers: str, prefix: str, service: str = "console") -> AsyncIterator[Relay]:
    """A relay that runs."""
    relay = Relay(pool, service=service, bootstrap_servers=servers, topic_prefix=prefix)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.stop()
        await task


async def emptied(pool: Pool) -> bool:
    """Whether all has left."""
    return not await pool.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE refused_because IS NULL)")


async def wait_until_emptied(pool: Pool) -> None:
    """Until all has left."""

    async def done() -> bool:
        return await emptied(pool)

    await eventually(done, seconds=30)


def version_of(record: Any) -> int:
    """The version in a record's header."""
    return int(dict(record.headers)[VERSION_HEADER])


async def test_events_of_a_key_leave_in_the_order_of_their_versions(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("console"), "console") as pool, relaying(pool, bootstrap_servers, topic_prefix):
        await asyncio.gather(*(say_preference(pool, f"per-{n % 5}") for n in range(100)))
        await wait_until_emptied(pool)
        records = await records_of(bootstrap_servers, f"{topic_prefix}preferences")
    by_key: dict[bytes, list[int]] = {}
    for record in records:
        heard = by_key.setdefault(record.key, [0])
        # A commit whose answer was lost is sent again, whole: whoever holds the version ignores it.
        if version_of(record) > heard[-1]:
            heard.append(version_of(record))
        assert record.partition == partition_of(record.key.decode(), 4)
    assert by_key == {f"per-{n}".encode(): list(range(21)) for n in range(5)}


async def test_a_fact_that_is_rolled_back_says_nothing(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async def fails(connection: Connection) -> None:
        version = await next_version(connection, "preferences", "per-a")
        await announce(connection, preference_set("per-a", version=version))
        raise RuntimeError

    async with opened(service_dsn("console"), "console") as pool, relaying(pool, bootstrap_servers, topic_prefix):
        with pytest.raises(RuntimeError):
            await in_transaction(pool, fails)
        assert await say_preference(pool, "per-b") == 1
        await wait_until_emptied(pool)
        records = await records_of(bootstrap_servers, f"{topic_prefix}preferences")
    assert [record.key for record in records] == [b"per-b"]


async def test_a_tombstone_has_the_next_version_and_the_key_goes_on_above_it(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("console"), "console") as pool, relaying(pool, bootstrap_servers, topic_prefix):
        await say_preference(pool, "per-a")
        assert await in_transaction(pool, lambda c: announce_erased(c, "preferences", "per-a")) == 2
        assert await pool.fetchval("SELECT erased FROM key_versions WHERE key = 'per-a'")
        assert await say_preference(pool, "per-a") == 3
        await wait_until_emptied(pool)
        records = await records_of(bootstrap_servers, f"{topic_prefix}preferences")
    assert [(version_of(record), record.value is None) for record in records] == [(1, False), (2, True), (3, False)]


async def test_many_tombstones_leave_in_order_each_above_what_its_key_had(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        await say_preference(pool, "per-b")
        keys = {"per-c": "p", "per-b": "p", "per-a": "p"}
        given = await in_transaction(pool, lambda c: announce_all_erased(c, "preferences", keys))
        rows = await pool.fetch("SELECT key, version, partition_key FROM outbox WHERE body IS NULL ORDER BY id")
        assert given == [1, 2, 1]
        assert [tuple(row) for row in rows] == [("per-c", 1, "p"), ("per-b", 2, "p"), ("per-a", 1, "p")]
        assert await pool.fetchval("SELECT count(*) FROM key_versions WHERE erased") == 3
        await in_transaction(pool, lambda c: purge_waiting(c, "preferences", *keys))
        assert await pool.fetchval("SELECT count(*) FROM outbox") == 3


async def test_matches_go_to_the_partition_of_their_project(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async def propose(connection: Connection) -> None:
        for offer in ("eng-a", "eng-b", "eng-c"):
            key = match_changed("prj-a", offer).key
            version = await next_version(connection, "matches", key)
            await announce(connection, match_changed("prj-a", offer, version=version))
        await announce_erased(connection, "matches", key, partition_key="prj-a")

    async with opened(service_dsn("matcher"), "matcher") as pool:
        async with relaying(pool, bootstrap_servers, topic_prefix, "matcher"):
            await in_transaction(pool, propose)
            await wait_until_emptied(pool)
        records = await records_of(bootstrap_servers, f"{topic_prefix}matches")
    assert {record.partition for record in records} == {partition_of("prj-a", 4)}
    assert len(records) == 4


async def test_a_version_that_was_not_given_is_refused(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        with pytest.raises(UntakenVersion):
            await in_transaction(pool, lambda c: announce(c, preference_set(version=4)))


async def test_a_raised_generation_is_above_all_versions_given(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        await say_preference(pool, "per-a")
        await pool.execute("UPDATE generation SET generation = 3")
        assert await say_preference(pool, "per-a") == 3 * GENERATION_SPAN + 1
        assert await say_preference(pool, "per-a") == 3 * GENERATION_SPAN + 2
        assert await say_preference(pool, "per-new") == 3 * GENERATION_SPAN + 1


async def test_versions_of_many_keys_are_taken_at_once(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        await say_preference(pool, "per-a")
        taken = await in_transaction(pool, lambda c: next_versions(c, "preferences", ["per-b", "per-a", "per-b"]))
        assert taken == [1, 2, 2]
        assert await say_preference(pool, "per-b") == 3


async def test_a_relay_killed_between_sending_and_deleting_sends_the_same_versions_again(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        for n in range(3):
            await say_preference(pool, f"per-{n}")
        async with producing(bootstrap_servers, topic_prefix, "console") as killed:
            await killed.start()
            await send(killed, topic_prefix, await pool.fetch("SELECT * FROM outbox ORDER BY id"))
        async with relaying(pool, bootstrap_servers, topic_prefix):
            await wait_until_emptied(pool)
        records = await records_of(bootstrap_servers, f"{topic_prefix}preferences")
    said = sorted((record.key, version_of(record), record.value) for record in records)
    assert len(said) == 6
    assert said[::2] == said[1::2]


async def test_what_a_relay_left_open_is_never_read(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """Readers take committed records only; the next relay ends what its predecessor left open."""
    async with opened(service_dsn("console"), "console") as pool:
        await say_preference(pool, "per-a")
        async with producing(bootstrap_servers, topic_prefix, "console") as killed:
            await killed.start()
            await killed.begin_transaction()
            await (await killed.send(f"{topic_prefix}preferences", b"half", key=b"per-a", partition=0))
            async with relaying(pool, bootstrap_servers, topic_prefix):
                await wait_until_emptied(pool)
        committed = await records_of(bootstrap_servers, f"{topic_prefix}preferences")
        everything = await records_of(bootstrap_servers, f"{topic_prefix}preferences", committed=False)
    assert b"half" in [record.value for record in everything]
    assert [record.key for record in committed] == [b"per-a"]
    assert b"half" not in [record.value for record in committed]


async def test_a_relay_fences_its_predecessor(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        await say_preference(pool, "per-a")
        rows = await pool.fetch("SELECT * FROM outbox")
        async with producing(bootstrap_servers, topic_prefix, "console") as zombie:
            await zombie.start()
            async with relaying(pool, bootstrap_servers, topic_prefix):
                await wait_until_emptied(pool)
            with pytest.raises(ProducerFenced):
                await send(zombie, topic_prefix, rows)
        assert len(await records_of(bootstrap_servers, f"{topic_prefix}preferences")) == 1


async def test_a_fenced_relay_stands_back_and_takes_over_when_the_other_ends(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with (
        opened(service_dsn("console"), "console") as pool,
        relaying(pool, bootstrap_servers, topic_prefix) as one,
    ):

        async def leads() -> bool:
            return one.active

        await eventually(leads, seconds=30)
        async with producing(bootstrap_servers, topic_prefix, "console") as other:
            await other.start()
        await say_preference(pool, "per-a")
        await wait_until_emptied(pool)
        assert one.problem() is None
        assert len(await records_of(bootstrap_servers, f"{topic_prefix}preferences")) == 1


async def test_of_two_relays_one_is_active_and_the_other_takes_over(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        async with relaying(pool, bootstrap_servers, topic_prefix) as second:
            async with relaying(pool, bootstrap_servers, topic_prefix) as first:

                async def one_leads() -> bool:
                    return first.active or second.active

                await eventually(one_leads, seconds=30)
                await say_preference(pool, "per-a")
                await wait_until_emptied(pool)
                assert first.active != second.active
            await say_preference(pool, "per-b")
            await wait_until_emptied(pool)
            assert second.active
        assert len(await records_of(bootstrap_servers, f"{topic_prefix}preferences")) == 2


async def test_an_event_too_large_is_set_apart_and_said_and_the_others_leave(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        for n in range(5):
            await say_preference(pool, f"per-{n}")
        await pool.execute("UPDATE outbox SET body = convert_to(repeat('x', 2000000), 'UTF8') WHERE key = 'per-2'")
        async with relaying(pool, bootstrap_servers, topic_prefix) as relay:
            await wait_until_emptied(pool)
            assert "too large" in (relay.problem() or "")
        records = await records_of(bootstrap_servers, f"{topic_prefix}preferences")
        refused = await pool.fetch("SELECT key FROM outbox WHERE refused_because IS NOT NULL")
    assert sorted(record.key for record in records) == [b"per-0", b"per-1", b"per-3", b"per-4"]
    assert [row["key"] for row in refused] == ["per-2"]


async def test_a_database_older_than_its_log_says_nothing_and_names_the_remedy(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("console"), "console") as pool:
        await put(bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set("per-a", version=9))])
        await say_preference(pool, "per-a")
        relay = Relay(pool, service="console", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
        with pytest.raises(LogIsAhead, match="essaim restored console"):
            await relay.run()
        assert len(await records_of(bootstrap_servers, f"{topic_prefix}preferences")) == 1


async def test_a_stray_record_that_no_reader_takes_keeps_no_relay_from_starting(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    _, body, headers = raw(preference_set("per-a", version=9))
    stray = (b"another-key", body, headers)
    async with opened(service_dsn("console"), "console") as pool:
        await put(bootstrap_servers, f"{topic_prefix}preferences", [stray])
        await say_preference(pool, "per-a")
        async with relaying(pool, bootstrap_servers, topic_prefix) as relay:
            await wait_until_emptied(pool)
            assert relay.problem() is None
        assert len(await records_of(bootstrap_servers, f"{topic_prefix}preferences")) == 2


async def test_a_record_that_cannot_be_parsed_keeps_no_relay_from_starting_nor_hides_what_its_log_holds(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """One record of anybody's must not stop a service for good, at each of its starts."""
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("console"), "console") as pool:
        await put_unparsable(bootstrap_servers, topic, raw(preference_set("per-a", version=9)))
        await say_preference(pool, "per-a")
        async with relaying(pool, bootstrap_servers, topic_prefix) as relay:
            await wait_until_emptied(pool)
            assert relay.problem() is None
        await put(bootstrap_servers, topic, [raw(preference_set("per-a", version=2))])
        await put_unparsable(bootstrap_servers, topic, raw(preference_set("per-a", version=9)))
        with pytest.raises(LogIsAhead, match="version 2 of per-a"):
            await Relay(pool, service="console", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix).check()


async def test_a_relay_whose_session_ends_takes_its_lock_again(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """A stopped process says nothing to PostgreSQL: its idle session, and with it the lock, ends."""
    servers = bootstrap_servers
    async with opened(service_dsn("console"), "console") as pool, relaying(pool, servers, topic_prefix) as relay:

        async def leads() -> bool:
            return relay.active

        await eventually(leads, seconds=30)
        held = await pool.fetchval(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        await pool.execute("SELECT pg_terminate_backend($1)", held)
        await say_preference(pool, "per-a")
        await wait_until_emptied(pool)
        assert relay.problem() is None
