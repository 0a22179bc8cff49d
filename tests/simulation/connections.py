"""Connections to the real PostgreSQL on which every statement is a step of a process."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from typing import Any

import asyncpg

from shared.database import IDLE_IN_TRANSACTION_MS, EndingPool, _prepare
from tests.simulation.actors import Actor

IDLE_IN_TRANSACTION_SECONDS = IDLE_IN_TRANSACTION_MS / 1_000
_UNGATED: ContextVar[bool] = ContextVar("ungated", default=False)


class Gated(asyncpg.Connection):  # type: ignore[type-arg]
    """A connection of one process."""

    actor: Actor
    idle_since: float = 0.0
    idle_limit: float | None = None
    asked_last: int = 0
    """The step that it was asked by; of those that wait for one another the last to ask gives way."""
    gives_way: bool = False

    def deadline(self) -> float | None:
        """When the server ends it, if nothing more is said on it."""
        if self.is_closed() or self in self.actor.in_flight:
            return None
        if self.is_in_transaction():
            return self.idle_since + IDLE_IN_TRANSACTION_SECONDS
        return None if self.idle_limit is None else self.idle_since + self.idle_limit

    async def execute(self, query: str, *args: Any, **given: Any) -> str:
        if args or _UNGATED.get():
            return await super().execute(query, *args, **given)
        if query == self.get_reset_query():
            with self.actor.asking(self):
                self.idle_limit = None
                return await super().execute(query, **given)
        if query.startswith("SET idle_session_timeout"):
            self.idle_limit = float(query.split("'")[1].rstrip("s"))
        return await self._step(query, lambda: super(Gated, self).execute(query, **given))

    async def _execute(self, query: str, *args: Any, **given: Any) -> Any:
        if _UNGATED.get():
            return await super()._execute(query, *args, **given)
        return await self._step(query, lambda: super(Gated, self)._execute(query, *args, **given))

    async def _executemany(self, query: str, *args: Any, **given: Any) -> Any:
        return await self._step(query, lambda: super(Gated, self)._executemany(query, *args, **given))

    async def _copy_out(self, copy_stmt: str, *given: Any) -> Any:
        return await self._step(copy_stmt, lambda: super(Gated, self)._copy_out(copy_stmt, *given))

    def cursor(self, query: str, *args: Any, **given: Any) -> Any:
        return _Cursor(self, query, super().cursor(query, *args, **given))

    async def _step(self, query: str, work: Callable[[], Awaitable[Any]]) -> Any:
        befalls = await self.actor.gate(" ".join(query.split())[:90], self)
        # Between asyncpg's own look and its use of the connection nothing could happen before.
        self._check_open()
        try:
            with self.actor.asking(self):
                self.asked_last = self.actor.world.steps
                token = _UNGATED.set(True)
                try:
                    result = await work()
                finally:
                    _UNGATED.reset(token)
        except asyncpg.QueryCanceledError as error:
            if not self.gives_way:
                raise
            self.gives_way = False
            raise asyncpg.DeadlockDetectedError("deadlock detected") from error
        finally:
            self.idle_since = asyncio.get_running_loop().time()
        if befalls == "after":
            with self.actor.asking(None):
                await self.actor.world.end_backends([self])
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return result


class _Cursor:
    """A cursor of which each piece is a step, too."""

    def __init__(self, connection: Gated, query: str, made: Any) -> None:
        self._connection, self._made = connection, made
        self._what = f"FETCH {' '.join(query.split())[-60:]}"

    def __await__(self) -> Generator[Any, None, "_Cursor"]:
        return self._open().__await__()

    async def _open(self) -> "_Cursor":
        self._made = await self._connection._step(self._what, lambda: self._made)
        return self

    async def fetch(self, count: int, **given: Any) -> Any:
        return await self._connection._step(self._what, lambda: self._made.fetch(count, **given))


class GatedPool(EndingPool):
    """The pool of one process; a connection that is being made or given back counts as something asked."""

    actor: Actor

    async def _get_new_connection(self) -> Any:
        with self.actor.asking(None):
            return await super()._get_new_connection()

    async def release(self, connection: Any, **given: Any) -> None:
        token = _UNGATED.set(True)
        try:
            with self.actor.asking(None):
                await super().release(connection, **given)
        finally:
            _UNGATED.reset(token)


async def open_gated_pool(dsn: str, actor: Actor) -> GatedPool:
    """A pool as `shared.database.open_pool` makes it, whose connections name their process."""

    async def prepare(connection: Any) -> None:
        token = _UNGATED.set(True)
        try:
            await _prepare(connection)
            actor.connections[connection] = None
        finally:
            _UNGATED.reset(token)

    pool = GatedPool(
        dsn,
        min_size=0,
        max_size=8,
        max_queries=50_000,
        max_inactive_connection_lifetime=0,
        connection_class=type("GatedOf", (Gated,), {"actor": actor}),
        record_class=asyncpg.Record,
        setup=None,
        init=prepare,
        loop=asyncio.get_running_loop(),
        timeout=10,
        command_timeout=30,
        server_settings={"application_name": actor.name, "search_path": "matcher"},
    )
    pool.actor = actor
    await pool
    return pool
