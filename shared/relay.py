"""What was announced leaves, in order and at least once, by the one relay that is active; what was sent is deleted."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

import asyncpg
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerFenced

from shared.database import CONNECTION_LOST, Connection, Pool, backoff
from shared.events.registry import SAID_BY
from shared.log_identity import Log
from shared.log_versions import check_log_versions
from shared.logs import describe, is_worth_saying
from shared.sending import MOST_BYTES, producing, send

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.02
MOST_ROWS = 500
ANSWER_SECONDS = 30.0
STANDBY_SECONDS = 1.0
SESSION_SECONDS = 15
"""A stopped process keeps the relay's lock no longer than this."""

_WAITING = """
SELECT id, topic, key, partition_key, version, body, trace FROM (
    SELECT *, sum(coalesce(octet_length(body), 0) + 200) OVER (ORDER BY id) AS bytes,
           row_number() OVER (ORDER BY id) AS place
    FROM (SELECT * FROM outbox WHERE refused_because IS NULL ORDER BY id LIMIT $1) AS oldest) AS weighed
WHERE bytes <= $2 OR place = 1
ORDER BY id
"""

_REFUSED = "SELECT count(*) FROM outbox WHERE refused_because IS NOT NULL"


class Relay:
    """Sends a service's outbox to Kafka in transactions; any number may run, one at a time is active."""

    def __init__(
        self,
        pool: Pool,
        *,
        service: str,
        bootstrap_servers: str,
        topic_prefix: str,
        says: Sequence[str] | None = None,
    ) -> None:
        """`says`: topics that this service alone writes, whose log is checked at the start; else the contract's."""
        self._pool = pool
        self._service = service
        self._servers = bootstrap_servers
        self._prefix = topic_prefix
        self._says = tuple(SAID_BY.get(service, ()) if says is None else says)
        self._stopping = asyncio.Event()
        self._trouble: str | None = None
        self._refused = 0
        self._singly = 0
        self._turned_at: float | None = None
        self.active = False

    def silent_for(self) -> float:
        """Seconds since this relay last began a turn: sending, waiting for its turn, or trying again; 0 at rest."""
        return 0.0 if self._turned_at is None else time.monotonic() - self._turned_at

    def problem(self) -> str | None:
        """Why events, or some of them, do not leave; None when all is well, also while another relay is active."""
        if self._trouble:
            return self._trouble
        if self._refused:
            return f"{self._refused} events are too large to be sent: see refused_because in {self._service}.outbox"
        return None

    async def check(self) -> None:
        """Raise `LogIsAhead` when the log holds versions that this database never gave, whoever is active.

        `KafkaError`, `MissingTopic` among them, when Kafka is away; one of `CONNECTION_LOST` when PostgreSQL is.
        """
        async with self._pool.acquire(timeout=10) as connection:
            await self._check(connection)

    async def _check(self, connection: Connection) -> None:
        names = {topic: self._prefix + topic for topic in self._says}
        log = await Log.of(self._servers, list(names.values()))
        said = {topic: log.partitions[name] for topic, name in names.items()}
        await check_log_versions(connection, self._service, self._servers, said)

    async def run(self) -> None:
        """Relay until `stop`; raises `LogIsAhead` when the log holds versions that this database never gave."""
        failures = 0
        while not self._stopping.is_set():
            try:
                async with self._lock() as connection:
                    await self._lead(connection)
                failures = 0
            except ProducerFenced:
                logger.info("another relay has taken over")
            except (KafkaError, *CONNECTION_LOST) as error:
                failures += 1
                self._trouble = f"events do not leave: {describe(error)}; trying again"
                if is_worth_saying(failures):
                    logger.warning("the relay starts again", exc_info=error, extra={"attempts": failures})
            finally:
                self.active = False
                self._turned_at = None
            await self._pause(backoff(failures + 1, first=0.1))
        self._turned_at = None

    def stop(self) -> None:
        """Let `run` end once what it is sending is sent and deleted."""
        self._stopping.set()

    async def _pause(self, seconds: float) -> None:
        self._turned_at = time.monotonic()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    @contextlib.asynccontextmanager
    async def _lock(self) -> AsyncIterator[Connection]:
        """The connection that alone may relay: its advisory lock stands and falls with it, and so with this process."""
        async with self._pool.acquire(timeout=10) as connection:
            await connection.execute(f"SET idle_session_timeout = '{SESSION_SECONDS}s'")
            while not await connection.fetchval(
                "SELECT pg_try_advisory_lock(hashtext('essaim-relay'), hashtext($1))", self._service
            ):
                self._trouble = None
                await self._pause(STANDBY_SECONDS)
                if self._stopping.is_set():
                    break
            yield connection

    async def _lead(self, connection: Connection) -> None:
        """Be the active relay until `stop` or an error, with a new producer after each event that was too large."""
        while not self._stopping.is_set():
            async with producing(self._servers, self._prefix, self._service) as producer:
                await self._held(connection, producer.start())
                await self._check(connection)
                self._refused = await connection.fetchval(_REFUSED)
                self.active, self._trouble = True, None
                with contextlib.suppress(MessageSizeTooLargeError):
                    await self._relay(connection, producer)

    async def _relay(self, connection: Connection, producer: Any) -> None:
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            rows = await connection.fetch(_WAITING, 1 if self._singly else MOST_ROWS, MOST_BYTES)
            if not rows:
                await self._pause(POLL_SECONDS)
                continue
            try:
                await self._held(connection, send(producer, self._prefix, rows))
            except MessageSizeTooLargeError:
                await self._refuse(connection, rows)
                raise
            await connection.execute("DELETE FROM outbox WHERE id = ANY ($1)", [row["id"] for row in rows])
            self._singly = max(0, self._singly - len(rows))

    async def _held(self, connection: Connection, work: Coroutine[Any, Any, None]) -> None:
        """Await `work`, `ANSWER_SECONDS` at most, while the connection is kept awake: it dies if this process stops."""
        task = asyncio.ensure_future(work)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while not task.done():
                    await connection.execute("SELECT 1")
                    await asyncio.wait([task], timeout=SESSION_SECONDS / 3)
            task.result()
        finally:
            task.cancel()

    async def _refuse(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> None:
        """Find the event that no transaction can carry: send its neighbours one by one, and set it alone apart."""
        if len(rows) > 1:
            self._singly = len(rows)
            return
        await connection.execute(
            "UPDATE outbox SET refused_because = 'larger than Kafka accepts' WHERE id = $1", rows[0]["id"]
        )
        self._singly = max(0, self._singly - 1)
        self._refused += 1
        logger.error("an event is too large to be sent", extra={"topic": rows[0]["topic"], "key": rows[0]["key"]})
