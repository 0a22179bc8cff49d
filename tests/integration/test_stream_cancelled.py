"""A process that is told to stop while its connections break stops: a lost connection never hides a cancellation."""

import asyncio
from typing import Any

import pytest

from shared.database import CONNECTION_LOST, Connection, Pool, in_transaction
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.streams import opened


async def _lost(connection: Connection, *, by: Pool) -> None:
    """The server ends a connection, and its process knows."""
    held: Any = connection
    behind = held._con  # the pool takes it away from who holds it once it is closed
    await by.execute("SELECT pg_terminate_backend($1)", behind.get_server_pid())

    async def known() -> bool:
        return bool(behind.is_closed())

    await eventually(known)


async def _ended_by_cancelling(task: asyncio.Task[None]) -> bool:
    task.cancel()
    done, waiting = await asyncio.wait([task], timeout=5)
    for each in waiting:
        each.cancel()
    return bool(done) and task.cancelled()


async def test_a_transaction_that_lost_its_connection_is_not_tried_again_by_a_task_that_is_to_end(
    database: ServiceDsn,
) -> None:
    """DESIGN §3: deadlocks and lost connections are retried, bounded; and a process may be stopped at any moment."""
    reached: asyncio.Queue[Connection] = asyncio.Queue()

    async def work(connection: Connection) -> None:
        await reached.put(connection)
        await asyncio.Event().wait()

    async with opened(database("matcher"), "matcher") as pool:
        task = asyncio.create_task(in_transaction(pool, work))
        await _lost(await reached.get(), by=pool)
        assert await _ended_by_cancelling(task)
        assert reached.empty()


async def test_a_chore_that_outlives_lost_connections_ends_when_told_to(database: ServiceDsn) -> None:
    """As every chore of a service: what PostgreSQL's absence costs is one turn, and its cancellation ends it."""
    reached: asyncio.Queue[Connection] = asyncio.Queue()

    async def chore() -> None:
        while True:
            try:
                async with pool.acquire() as connection, connection.transaction():
                    await reached.put(connection)
                    await asyncio.Event().wait()
            except CONNECTION_LOST:
                continue

    async with opened(database("matcher"), "matcher") as pool:
        task = asyncio.create_task(chore())
        await _lost(await reached.get(), by=pool)
        assert await _ended_by_cancelling(task)
        assert reached.empty()


async def test_a_time_limit_around_a_transaction_that_lost_its_connection_is_still_one(database: ServiceDsn) -> None:
    """A limit cancels as well: it must be met as one, and what comes later must be as before."""
    reached: asyncio.Queue[Connection] = asyncio.Queue()

    async def work(connection: Connection) -> None:
        await reached.put(connection)
        await asyncio.Event().wait()

    async def limited() -> None:
        async with asyncio.timeout(None) as limit:
            limits.append(limit)
            await in_transaction(pool, work)

    limits: list[asyncio.Timeout] = []
    async with opened(database("matcher"), "matcher") as pool:
        task = asyncio.create_task(limited())
        await _lost(await reached.get(), by=pool)
        limits[0].reschedule(0)
        assert not (await asyncio.wait([task], timeout=5))[1]
        with pytest.raises(TimeoutError):
            task.result()
        assert reached.empty()
