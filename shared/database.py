"""A transaction's work is done once or not at all, whatever deadlocks and lost connections come between."""

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolAcquireContext

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

Result = TypeVar("Result")
logger = logging.getLogger(__name__)

ACQUIRE_SECONDS = 10.0
"""Who waits for a connection waits no longer than this, and so does who gives one back."""

IDLE_IN_TRANSACTION_MS = 10_000
"""A stopped process keeps a row lock no longer than this."""

CONNECTION_LOST: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.InterfaceError,
    # What asyncpg says when the server ends a connection that is being given back to the pool.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""PostgreSQL is away, or this connection to it is."""

REFUSED_VALUES = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)
"""What PostgreSQL says of a value that it will never take."""
RETRIED: tuple[type[BaseException], ...] = (
    *CONNECTION_LOST,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
"""What another attempt may cure."""


def backoff(attempt: int, *, first: float = 0.05, highest: float = 5.0) -> float:
    """Seconds to wait before attempt number `attempt` + 1 (the first is 1): doubled each time, bounded, spread."""
    return min(highest, first * 2.0 ** min(attempt - 1, 20)) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


class EndingPool(asyncpg.Pool):
    """A task that is told to end does, also where the server has ended the connection that it gives back.

    Rolling back and giving back raise then, and what is raised last would be taken for a lost connection alone. While
    PostgreSQL says nothing, nobody waits for ever for a connection either: `TimeoutError` after `ACQUIRE_SECONDS`.
    """

    def acquire(self, *, timeout: float | None = None) -> Any:
        return _Acquired(self, ACQUIRE_SECONDS if timeout is None else timeout)


class _Acquired(PoolAcquireContext):
    async def __aenter__(self) -> Any:
        self._told_before = _times_told_to_end()
        return await super().__aenter__()

    async def __aexit__(self, *raised: Any) -> None:
        try:
            await super().__aexit__(*raised)
        except CONNECTION_LOST as lost:
            self._end(lost)
            raise
        self._end(raised[1])

    def _end(self, error: BaseException | None) -> None:
        if isinstance(error, CONNECTION_LOST) and _times_told_to_end() > self._told_before:
            raise asyncio.CancelledError from error


def _times_told_to_end() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0


async def open_pool(dsn: str, *, service: str, min_size: int = 1, max_size: int = 8, attempts: int = 30) -> Pool:
    """A pool whose connections see the schema `service` alone and read `jsonb` as Python values.

    A statement may take 30 s, waiting for a connection `ACQUIRE_SECONDS`, unless the call says otherwise.

    Waits for PostgreSQL to answer, about two minutes with the default `attempts`; then raises what the last one met.
    """
    for attempt in range(1, attempts + 1):
        try:
            return await EndingPool(
                dsn,
                min_size=min_size,
                max_size=max_size,
                max_queries=50_000,
                max_inactive_connection_lifetime=300.0,
                loop=None,
                connection_class=asyncpg.Connection,
                record_class=asyncpg.Record,
                init=_prepare,
                timeout=10,
                command_timeout=30,
                server_settings={
                    "application_name": f"essaim-{service}",
                    "search_path": service,
                    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
                },
            )
        except CONNECTION_LOST as error:
            if attempt == attempts:
                raise
            logger.warning("PostgreSQL does not answer (%s): trying again", type(error).__name__)
            await asyncio.sleep(backoff(attempt))
    raise AssertionError("attempts is at least 1")


async def in_transaction(pool: Pool, work: Callable[[Connection], Awaitable[Result]], attempts: int = 5) -> Result:
    """What `work` returns, once its READ COMMITTED transaction has committed.

    `work` runs again after a deadlock or a lost connection, `attempts` times at most; the last error is raised, and any
    other error at once, `TimeoutError` among them: PostgreSQL says nothing, or lets wait for too long. A connection
    lost during the commit leaves its outcome unknown: `work` must find out by itself, under a row lock, what it has
    already done.
    """
    for attempt in range(1, attempts + 1):
        try:
            async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
                return await work(connection)
        except RETRIED as error:
            # A value that asyncpg itself refuses is no lost connection; who has waited as long as may be waits no more.
            if attempt == attempts or isinstance(error, ValueError | TimeoutError):
                raise
            logger.debug("a transaction is tried again (%s)", type(error).__name__)
            await asyncio.sleep(backoff(attempt))
    raise AssertionError("attempts is at least 1")
