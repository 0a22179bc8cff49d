"""PostgreSQL goes away and comes back, records cannot be parsed, processes meet old bytes: all goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from shared.broker import Stream
from shared.database import CONNECTION_LOST, Connection, Pool, in_transaction, open_pool
from shared.dead_letter import AfterCommit
from shared.events.event import VERSION_HEADER
from shared.received import Batch
from shared.versions import newer
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import erased, preference_set
from tests.streams import effects, note, opened, prepare_effects, put, put_unparsable, raw, started, wait_for_effects


class Forwarder:
    """A wire to PostgreSQL that can be cut."""

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def dsn(self) -> str:
        """The database by this wire."""
        account = self._parts.netloc.rpartition("@")[0]
        return urlunsplit(self._parts._replace(netloc=f"{account}@127.0.0.1:{self._port}"))

    async def connect(self) -> None:
        """Let connections through, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break off every connection and take no other."""
        if self._server:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        self._open |= {writer, back}
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            for one in (writer, back):
                self._open.discard(one)
                one.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def forwarded(dsn: str) -> AsyncIterator[Forwarder]:
    """A wire, cut at the end."""
    wire = Forwarder(dsn)
    await wire.connect()
    try:
        yield wire
    finally:
        await wire.cut()


async def test_reading_resumes_by_itself_when_postgresql_comes_back(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}preferences"
    async with opened(service_dsn("notifier"), "notifier") as direct, forwarded(service_dsn("notifier")) as wire:
        await prepare_effects(direct)
        async with opened(wire.dsn, "notifier") as pool:
            stream = Stream(
                service="notifier", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, pool=pool
            )
            stream.hears(["preferences"], {"preferences": note})
            async with started(stream):
                await put(bootstrap_servers, topic, [raw(preference_set(f"per-{n}")) for n in range(10)])
                await wait_for_effects(direct, 10)
                await wire.cut()
                await put(bootstrap_servers, topic, [raw(preference_set(f"per-{n}")) for n in range(10, 20)])

                async def says_so() -> bool:
                    return any("preferences/0" in problem for problem in stream.problems())

                await eventually(says_so, seconds=30)
                await wire.connect()
                found = await wait_for_effects(direct, 20)

                async def well() -> bool:
                    return not stream.problems()

                await eventually(well, seconds=30)
        assert [row["key"] for row in found] == [f"per-{n}" for n in range(20)]


async def test_a_batch_that_failed_is_no_problem_once_another_process_has_handled_it(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async def fail(connection: Connection, batch: Batch) -> AfterCommit | None:
        raise RuntimeError("this process cannot")

    async with opened(service_dsn("notifier"), "notifier") as pool:
        stream = Stream(service="notifier", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, pool=pool)
        stream.hears(["preferences"], {"preferences": fail})
        async with started(stream):
            await put(bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set("per-a"))])

            async def says_so() -> bool:
                return any("preferences/0" in problem for problem in stream.problems())

            await eventually(says_so, seconds=30)
            # What the other process does besides its work.
            await pool.execute("UPDATE offsets SET next_offset = 1 WHERE topic = 'preferences' AND partition = 0")

            async def well() -> bool:
                return not stream.problems()

            await eventually(well, seconds=30)
            assert stream.lag() == {f"preferences/{number}": 0 for number in range(4)}


async def test_a_transaction_is_tried_again_after_a_lost_connection_and_no_more_than_asked(
    service_dsn: ServiceDsn,
) -> None:
    attempts = 0

    async def breaks(connection: Connection) -> int:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return attempts

    async with opened(service_dsn("notifier"), "notifier") as pool:
        assert await in_transaction(pool, breaks) == 3
        attempts = -10
        with pytest.raises(CONNECTION_LOST):
            await in_transaction(pool, breaks, attempts=2)
        assert attempts == -8


async def test_deadlocked_transactions_both_end(service_dsn: ServiceDsn) -> None:
    first_steps = 0

    async def both(connection: Connection, first: int, second: int) -> None:
        nonlocal first_steps
        await connection.execute("UPDATE counted SET n = n + 1 WHERE id = $1", first)
        first_steps += 1
        with suppress(TimeoutError):
            await eventually(both_began, seconds=2)
        await connection.execute("UPDATE counted SET n = n + 1 WHERE id = $1", second)

    async def both_began() -> bool:
        return first_steps >= 2

    async with opened(service_dsn("notifier"), "notifier") as pool:
        await pool.execute("CREATE TABLE counted (id integer PRIMARY KEY, n integer NOT NULL)")
        await pool.execute("INSERT INTO counted VALUES (1, 0), (2, 0)")
        await asyncio.gather(
            in_transaction(pool, lambda c: both(c, 1, 2)), in_transaction(pool, lambda c: both(c, 2, 1))
        )
        assert [row["n"] for row in await pool.fetch("SELECT n FROM counted")] == [2, 2]


async def test_a_database_that_does_not_answer_is_given_up_after_the_attempts_asked_for() -> None:
    with pytest.raises(OSError, match=r".*"):
        await open_pool("postgresql://nobody@127.0.0.1:1/none", service="notifier", attempts=2)


async def test_old_versions_and_second_deliveries_are_dropped_also_after_an_erasure(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async def only_newer(connection: Connection, batch: Batch) -> AfterCommit | None:
        return await note(connection, Batch(batch.topic, batch.partition, await newer(connection, batch)))

    tombstone = (b"per-a", None, [(VERSION_HEADER, b"3")])
    first, second = (raw(preference_set("per-a", version=version)) for version in (1, 2))
    said = [first, second, second, first, tombstone, tombstone, second, raw(preference_set("per-b"))]
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", said)
        stream = hearing(pool, bootstrap_servers, topic_prefix, only_newer)
        async with started(stream):
            await wait_for_effects(pool, 4)
        found = [(row["key"], row["version"], row["erased"]) for row in await effects(pool)]
        assert found == [("per-a", 1, False), ("per-a", 2, False), ("per-a", 3, True), ("per-b", 1, False)]
        assert await pool.fetchval("SELECT version FROM heard_versions WHERE key = 'per-a' AND erased") == 3


async def test_records_that_cannot_be_parsed_stop_their_partition_alone_and_say_so(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """aiokafka itself raises for the name of a header that is not UTF-8."""
    async with opened(service_dsn("notifier"), "notifier") as pool:
        await prepare_effects(pool)
        await put(bootstrap_servers, f"{topic_prefix}preferences", [raw(preference_set("per-first"))])
        await put_unparsable(bootstrap_servers, f"{topic_prefix}preferences", raw(preference_set("per-a")))
        stream = hearing(pool, bootstrap_servers, topic_prefix, note)
        async with started(stream, ready=False):

            async def says_so() -> bool:
                return any("cannot be parsed" in problem for problem in stream.problems())

            await eventually(says_so, seconds=30)
            await put(bootstrap_servers, f"{topic_prefix}erasures", [raw(erased())])
            found = await wait_for_effects(pool, 2)
        assert sorted(row["key"] for row in found) == ["per-first", "project:prj-a"]


def hearing(pool: Pool, servers: str, prefix: str, handler: Any) -> Stream:
    """A notifier that hears preferences and erasures."""
    stream = Stream(service="notifier", bootstrap_servers=servers, topic_prefix=prefix, pool=pool, relay=False)
    stream.hears(["preferences", "erasures"], {"preferences": handler, "erasures": handler})
    return stream
