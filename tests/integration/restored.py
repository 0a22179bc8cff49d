"""What tests of restorations do to a service: backups, older states, topics made anew, the command itself."""

import asyncio
from collections.abc import Iterable
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.create_topics import delete_topics, ensure_topics
from shared.database import Pool, open_pool
from shared.events.event import VERSION_HEADER
from shared.relay import Relay
from shared.restoring import Report, restoring
from tests.deadline import eventually
from tests.streams import opened

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename <> 'applied_migrations'"


class Backups:
    """Saves and puts back one service's tables, as the administrator."""

    def __init__(self, admin_dsn: str, dsn: str, service: str) -> None:
        self._dsn = urlunsplit(urlsplit(admin_dsn)._replace(path=urlsplit(dsn).path))
        self._service = service

    async def save(self) -> dict[str, bytes]:
        """Every row, by table, of one moment."""
        connection = await asyncpg.connect(self._dsn)
        try:
            saved = {}
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                for row in await connection.fetch(TABLES, self._service):
                    buffer = BytesIO()
                    await connection.copy_from_table(row["tablename"], schema_name=self._service, output=buffer)
                    saved[row["tablename"]] = buffer.getvalue()
            return saved
        finally:
            await connection.close()

    async def put_back(self, saved: dict[str, bytes]) -> None:
        """Have every table hold what was saved, and nothing else."""
        connection = await asyncpg.connect(self._dsn)
        try:
            await connection.execute("SET session_replication_role = replica")
            for row in await connection.fetch(TABLES, self._service):
                await connection.execute(f"TRUNCATE {self._service}.{row['tablename']} CASCADE")
            for table, rows in saved.items():
                await connection.copy_to_table(table, schema_name=self._service, source=BytesIO(rows))
        finally:
            await connection.close()


async def restore(dsn: str, service: str, servers: str, prefix: str, *, anew: bool = False) -> Report:
    """What the command does."""
    pool = await open_pool(dsn, service=service, max_size=1)
    try:
        async with restoring(
            pool, service=service, bootstrap_servers=servers, topic_prefix=prefix, progress=lambda *_: None
        ) as work:
            await import_module(f"services.{service}.restoring").restore(work, anew=anew)
        return work.report
    finally:
        await pool.close()


async def remake_topics(servers: str, prefix: str, *, partitions: int) -> None:
    """Delete all topics and create them again."""
    await delete_topics(servers, prefix=prefix)

    async def made() -> bool:
        return not await ensure_topics(servers, prefix=prefix, partitions=partitions)

    await eventually(made, seconds=30)


async def relay(pool: Pool, service: str, servers: str, prefix: str) -> None:
    """Send all that waits, as the service's relay does; raises what stops it."""
    relay = Relay(pool, service=service, bootstrap_servers=servers, topic_prefix=prefix)
    task = asyncio.create_task(relay.run())
    try:

        async def done() -> bool:
            return task.done() or (relay.active and await is_said(pool))

        await eventually(done, seconds=40)
    finally:
        relay.stop()
        await task


def said_last(records: Iterable[Any]) -> dict[str, Any]:
    """The last record of each key."""
    return {record.key.decode(): record for record in records}


def version_of(record: Any) -> int:
    """The version in a record's header."""
    return int(dict(record.headers)[VERSION_HEADER])


async def waits_for_a_lock(pool: Pool) -> None:
    """Until somebody waits for a table of this database."""

    async def waits() -> bool:
        return bool(
            await pool.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'relation' AND NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
            )
        )

    await eventually(waits, seconds=40)


async def is_said(pool: Pool) -> bool:
    """Whether all that was announced has left."""
    return not await pool.fetchval("SELECT EXISTS (SELECT FROM outbox)")


async def generation(dsn: str, service: str) -> int:
    """The generation that the next version is of."""
    async with opened(dsn, service) as pool:
        found: int = await pool.fetchval("SELECT generation FROM generation")
        return found
