"""A bad record becomes a dead letter and its batch goes on; replay recovers it; too many of them stop the reading."""

import json
from typing import Any

import pytest

from shared.broker import Stream
from shared.database import Connection, Pool
from shared.dead_letter import AfterCommit, Unprocessable, ask_replay, forget
from shared.events.event import VERSION_HEADER
from shared.received import Batch
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import preference_set
from tests.streams import (
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

VERSION_1 = (VERSION_HEADER, b"1")
BODY = preference_set("per-bad").to_bytes()

POISON: dict[str, tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]] = {
    "bad JSON": (b"per-bad", b"{not json", [VERSION_1]),
    "wrong shape": (b"per-bad", b'{"person_id": 3}', [VERSION_1]),
    "empty key": (b"", BODY, [VERSION_1]),
    "header not UTF-8": (b"per-bad", BODY, [VERSION_1, ("trace", b"\xff\xfe")]),
    "body not UTF-8": (b"per-bad", b"\xff\xfe\x00", [VERSION_1]),
    "no version": (b"per-bad", BODY, []),
    "another version": (b"per-bad", BODY, [(VERSION_HEADER, b"7")]),
    "another key": (b"per-else", BODY, [VERSION_1]),
    "null character": (b"per\x00bad", BODY, [VERSION_1]),
}


def reader(pool: Pool, servers: str, prefix: str, handler: Any = note) -> Stream:
    """A notifier that hears preferences and tells its dead letters."""
    stream = Stream(service="notifier", bootstrap_servers=servers, topic_prefix=prefix, pool=pool)
    stream.hears(["preferences"], {"preferences": handler})
    return stream


async def test_each_kind_of_poison_is_set_aside_and_its_batch_goes_on(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, topic, [raw(preference_set("per-first"))])
        await put(bootstrap_servers, topic, POISON.values())
        await put(bootstrap_servers, topic, [raw(preference_set("per-last"))])
        async with started(reader(pool, bootstrap_servers, topic_prefix)):
            found = await wait_for_effects(pool, 2)

            async def told() -> bool:
                return len(await records_of(bootstrap_servers, f"{topic}.dlq")) == len(POISON)

            await eventually(told)
        assert [row["key"] for row in found] == ["per-first", "per-last"]
        letters = await pool.fetch("SELECT * FROM dead_letters ORDER BY record_offset")
        assert [(letter["key"], letter["value"]) for letter in letters] == [(k, v) for k, v, _ in POISON.values()]
        assert all(letter["reason"] for letter in letters)


async def test_what_a_batch_sets_aside_before_a_tombstone_that_erases(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """« Erasure in every table, dead letters too »: unreadable, or rejected by the handler; what follows it stands."""

    async def rejects(connection: Connection, batch: Batch) -> AfterCommit | None:
        for record in batch.records:
            if record.event is not None:
                batch.reject(record, "odd")
        await forget(connection, *(record.key for record in batch.records if record.event is None))
        last = tuple(record for record in batch.records if record.key == "per-last")
        return await note(connection, Batch(batch.topic, batch.partition, last))

    odd, bad = raw(preference_set("per-gone")), (b"per-gone", b"{not json", [VERSION_1])
    gone, last = ((key, None, [(VERSION_HEADER, b"2")]) for key in (b"per-gone", b"per-last"))
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", [bad, odd, gone, bad, POISON["bad JSON"], last])
        async with started(reader(pool, bootstrap_servers, topic_prefix, rejects)):
            await wait_for_effects(pool, 1)
        letters = await pool.fetch("SELECT key, record_offset FROM dead_letters ORDER BY record_offset")
        assert [(row["key"], row["record_offset"]) for row in letters] == [(b"per-gone", 3), (b"per-bad", 4)]


async def test_the_dead_letter_topic_holds_key_origin_and_error_only(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await put(bootstrap_servers, topic, [(b"per-a", b'{"frequency": "marker-of-a-person"}', [VERSION_1])])
        async with started(reader(pool, bootstrap_servers, topic_prefix)):

            async def told() -> list[Any]:
                return await records_of(bootstrap_servers, f"{topic}.dlq")

            (record,) = await eventually(told)
        said = json.loads(record.value)
        assert said.pop("error").startswith("preferences: ")
        assert said == {"topic": "preferences", "partition": 0, "offset": 0, "key": "per-a"}
        assert b"marker" not in record.value


async def test_replay_recovers_what_can_now_be_handled(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    mended = False

    async def rejects(connection: Connection, batch: Batch) -> AfterCommit | None:
        for record in batch.records:
            if record.key == "per-odd" and not mended:
                batch.reject(record, "odd")
        kept = [record for record in batch.records if record.offset not in batch.rejected]
        return await note(connection, Batch(batch.topic, batch.partition, tuple(kept)))

    records = [raw(preference_set("per-odd")), raw(preference_set("per-even")), POISON["bad JSON"]]
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", records)
        async with started(reader(pool, bootstrap_servers, topic_prefix, rejects)):
            await wait_for_effects(pool, 1)
            mended = True
            async with pool.acquire() as connection:
                assert await ask_replay(connection, topic="preferences") == 2
            found = await wait_for_effects(pool, 2)

            async def answered() -> bool:
                return not await pool.fetchval("SELECT count(*) FROM dead_letters WHERE replay_asked_at IS NOT NULL")

            await eventually(answered)
        assert [row["key"] for row in found] == ["per-even", "per-odd"]
        letters = await pool.fetch("SELECT value FROM dead_letters")
        assert [letter["value"] for letter in letters] == [b"{not json"]


REFUSED = {
    "refused value": "SELECT 'x'::text::integer",
    "beyond a limit": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'program_limit_exceeded'; END $$",
}


@pytest.mark.parametrize("kind", ["unprocessable", "refused value", "beyond a limit"])
async def test_a_record_that_fails_its_batch_is_found_and_set_aside_alone(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str, kind: str
) -> None:
    async def fails(connection: Connection, batch: Batch) -> AfterCommit | None:
        for record in batch.records:
            if record.key == "per-3" and kind == "unprocessable":
                raise Unprocessable("never")
            if record.key == "per-3":
                await connection.execute(REFUSED[kind])
        return await note(connection, batch)

    records = [raw(preference_set(f"per-{n}")) for n in range(6)]
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", records)
        async with started(reader(pool, bootstrap_servers, topic_prefix, fails)):
            found = await wait_for_effects(pool, 5)
        assert [row["key"] for row in found] == ["per-0", "per-1", "per-2", "per-4", "per-5"]
        letters = await pool.fetch("SELECT key, value FROM dead_letters")
        assert [(letter["key"], letter["value"]) for letter in letters] == [records[3][:2]]


async def test_mass_dead_lettering_stops_the_reading_and_says_so(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    records = [raw(preference_set(f"per-{n}")) if n < 40 else POISON["wrong shape"] for n in range(300)]
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        topic = f"{topic_prefix}preferences"
        await put(bootstrap_servers, topic, records)
        stream = reader(pool, bootstrap_servers, topic_prefix)
        async with started(stream, ready=False):

            async def says_so() -> bool:
                return any(
                    "has stopped" in problem and "SET_ASIDE_ALL=preferences" in problem for problem in stream.problems()
                )

            await eventually(says_so, seconds=30)
        assert await pool.fetchval("SELECT count(*) FROM dead_letters") <= 100
        assert len(await effects(pool)) <= 40
        # The remedy that the message and the operator's page name: they are set aside, and the reading goes on.
        await put(bootstrap_servers, topic, [raw(preference_set("per-last"))])
        kwargs = {"bootstrap_servers": bootstrap_servers, "topic_prefix": topic_prefix, "pool": pool}
        lifted = Stream(service="notifier", **kwargs, set_aside_all=("preferences",))
        lifted.hears(["preferences"], {"preferences": note})
        async with started(lifted):
            found = await wait_for_effects(pool, 41)
        assert found[-1]["key"] == "per-last"
        assert await pool.fetchval("SELECT count(*) FROM dead_letters") == 260


async def test_erasure_reaches_the_bytes_of_dead_letters(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await put(bootstrap_servers, f"{topic_prefix}preferences", [POISON["another key"], POISON["bad JSON"]])
        async with started(reader(pool, bootstrap_servers, topic_prefix)):

            async def set_aside() -> bool:
                return bool(await pool.fetchval("SELECT count(*) = 2 FROM dead_letters"))

            await eventually(set_aside)
        async with pool.acquire() as connection:
            assert await forget(connection, "per-else") == 1
            assert await forget(connection, "per-nobody") == 0
        assert await pool.fetchval("SELECT count(*) FROM dead_letters") == 1


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        (b"projet-1", None, True),
        (b"project:projet-1", b"{", True),
        (b"projet-1~fund~aide-3", b"{", True),
        (None, b'{"project_id":"projet-1"', True),
        (None, b"\x00\xffprojet-1\xff", True),
        (b"projet-1", b"2", True),
        (b"projet-12", b"{", False),
        (None, b'{"project_id":"un-projet-1"', False),
        (None, b'{"project_id":"projet-1.2"', False),
    ],
)
async def test_an_erased_id_is_told_from_one_that_holds_it(
    service_dsn: ServiceDsn, key: bytes | None, value: bytes | None, named: bool
) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await pool.execute(
            """
            INSERT INTO dead_letters (topic, partition, record_offset, record_timestamp, key, value, header_names,
                                      header_values, reason)
            VALUES ('projects', 0, 0, 0, $1, $2, '{}', '{}', 'bad')
            """,
            key,
            value,
        )
        async with pool.acquire() as connection:
            assert await forget(connection, "projet-1") == named
        assert await pool.fetchval("SELECT count(*) FROM dead_letters") == (not named)
