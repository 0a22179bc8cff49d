"""Keeps the load to what the machine carries: nobody submits more while too much is still on its way."""

import asyncio
import time

import asyncpg

from deploy.create_roles import SERVICES
from shared.database import CONNECTION_LOST

PATIENCE_S = 15.0
"""How long a step waits at most: a service that is away for as long must not end the load, nor what waits for it."""
_AWAY: tuple[type[BaseException], ...] = (OSError, *CONNECTION_LOST)
_WAITING = " + ".join(f"(SELECT count(*) FROM {service}.outbox)" for service in SERVICES)
_ON_ITS_WAY = f"""
SELECT {_WAITING} + (SELECT count(*) FROM notifier.pending)
    + (SELECT count(*) FROM notifier.mails WHERE state = 'frozen')
    + (SELECT count(*) FROM ingest.key_versions AS said LEFT JOIN (
        SELECT 'projects' AS topic, project_id AS key, version FROM matcher.projects
        UNION ALL SELECT topic, key, version FROM matcher.whole_entities) AS heard USING (topic, key)
       WHERE topic IN ('projects', 'commitments') AND coalesce(heard.version, 0) < said.version)
    + (SELECT count(*) FROM matcher.key_versions AS said
       LEFT JOIN notifier.matches AS heard ON heard.match_id = said.key
       WHERE said.topic = 'matches' AND coalesce(heard.version, 0) < said.version)
"""
"""Events that have not left, entities not judged, matches not heard, things not told and mails not sent."""


class Pace:
    """Use `watch` in a task beside the load, and `allowed` before each step."""

    def __init__(self, dsn: str, *, most: int) -> None:
        """`dsn` leads straight to the database, as its administrator; `most` things may be on their way at once."""
        self._dsn = dsn
        self._most = most
        self._free = asyncio.Event()
        self._free.set()
        self.on_the_way = 0
        self.held_s = 0.0
        """How long steps had to wait in all."""

    async def watch(self, over: asyncio.Event) -> None:
        """Count what is on its way, twice a second, until `over`."""
        while not over.is_set():
            try:
                self.on_the_way = await self._count()
            except _AWAY:
                self.on_the_way = 0  # Nobody can submit meanwhile.
            if self.on_the_way > self._most:
                self._free.clear()
            else:
                self._free.set()
            await asyncio.sleep(0.5)
        self._free.set()

    async def allowed(self) -> None:
        """Return once another step may be taken."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._free.wait()
        except TimeoutError:
            return
        finally:
            self.held_s += time.monotonic() - began

    async def _count(self) -> int:
        connection = await asyncpg.connect(self._dsn, timeout=5)
        try:
            return int(await connection.fetchval(_ON_ITS_WAY, timeout=5))
        finally:
            await connection.close(timeout=5)
