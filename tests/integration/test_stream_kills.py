"""Readers killed in the middle of a batch, or stopped for longer than their session, lose and double nothing."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.broker import Stream
from shared.database import Connection, Pool, in_transaction
from shared.outbox import announce, next_version
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import preference_set
from tests.stream_reader import TABLE
from tests.streams import opened, started

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 3_000


class Readers:
    """Reader processes; every one still there is killed at the end."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self.running: list[subprocess.Popen[bytes]] = []

    def add(self) -> subprocess.Popen[bytes]:
        """One more."""
        command = [sys.executable, "-m", "tests.stream_reader", *self._arguments]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "default"})
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As the kernel would when memory runs out."""
        process.kill()
        process.wait()
        self.running.remove(process)


@contextmanager
def readers(*arguments: str) -> Iterator[Readers]:
    """Readers of one service."""
    found = Readers(*arguments)
    try:
        yield found
    finally:
        for process in list(found.running):
            process.send_signal(signal.SIGCONT)
            found.kill(process)


async def say(console: Pool, count: int) -> None:
    """Announce `count` events, ten a transaction, steadily."""
    for start in range(0, count, 10):

        async def work(connection: Connection, start: int = start) -> None:
            for n in range(start, start + 10):
                version = await next_version(connection, "preferences", f"per-{n % 200}")
                await announce(connection, preference_set(f"per-{n % 200}", version=version))

        await in_transaction(console, work)
        await asyncio.sleep(0)


async def test_kills_and_stops_lose_and_double_nothing(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    dsn = service_dsn("notifier")
    async with opened(service_dsn("console"), "console") as console, opened(dsn, "notifier") as pool:
        await pool.execute(TABLE)
        speaker = Stream(
            service="console", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, pool=console
        )
        with readers(dsn, bootstrap_servers, topic_prefix) as processes:
            async with started(speaker):
                one, two = processes.add(), processes.add()
                saying = asyncio.create_task(say(console, EVENTS))
                await reach(pool, 200)
                processes.kill(one)
                three = processes.add()
                await reach(pool, 700)
                two.send_signal(signal.SIGSTOP)
                await reach(pool, 1_200)
                processes.kill(three)
                processes.add()
                await reach(pool, 1_700)
                two.send_signal(signal.SIGCONT)
                await saying
                await reach(pool, EVENTS)
        doubled = await pool.fetch("SELECT key, version FROM places GROUP BY key, version HAVING count(*) > 1")
        reordered = await pool.fetch(
            "SELECT key FROM (SELECT key, version, lag(version) OVER (PARTITION BY key ORDER BY place) AS before"
            " FROM places) AS steps WHERE before > version"
        )
        stale = await pool.fetch("SELECT place FROM places GROUP BY partition, place HAVING count(*) > 1")
        assert await pool.fetchval("SELECT count(*) FROM places") == EVENTS
    assert (doubled, reordered, stale) == ([], [], [])


async def reach(pool: Pool, count: int) -> None:
    """Until so many effects are there."""

    async def there() -> bool:
        return bool(await pool.fetchval("SELECT count(*) >= $1 FROM places", count))

    await eventually(there, seconds=60)
