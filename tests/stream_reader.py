"""A reader as a process of its own, to be killed and stopped: `python -m tests.stream_reader DSN SERVERS PREFIX`.

Each effect bears its place in its partition, counted in memory: stale memory would show as a place taken twice.
"""

import asyncio
import signal
import sys
from collections import Counter
from functools import partial

from shared.broker import Stream
from shared.database import Connection, Pool, open_pool
from shared.dead_letter import AfterCommit
from shared.received import Batch

TABLE = "CREATE TABLE places (partition integer, place bigint, key text, version bigint)"


class Places:
    """How many records of each partition had their effect, in memory."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.counts: Counter[int] = Counter()

    async def taken(self, partition: int) -> None:
        self.counts[partition] = await self._pool.fetchval(
            "SELECT count(*) FROM places WHERE partition = $1", partition
        )

    async def lost(self, partition: int, *, taken_away: bool) -> None:
        del self.counts[partition]

    async def on_preferences(self, connection: Connection, batch: Batch) -> AfterCommit:
        first = self.counts[batch.partition] + 1
        for place, record in enumerate(batch.records, first):
            await connection.execute(
                "INSERT INTO places VALUES ($1, $2, $3, $4)", batch.partition, place, record.key, record.version
            )
        await connection.execute("SELECT pg_sleep(0.02)")  # so that kills come in the middle
        return partial(self.counts.update, {batch.partition: len(batch.records)})


async def main(dsn: str, servers: str, prefix: str) -> None:
    """Read until told to end."""
    pool = await open_pool(dsn, service="notifier", max_size=3)
    places = Places(pool)
    stream = Stream(
        service="notifier", bootstrap_servers=servers, topic_prefix=prefix, pool=pool, relay=False,
        session_timeout_ms=6_000,
    )  # fmt: skip
    stream.hears(["preferences"], {"preferences": places.on_preferences}, owner=places)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await stream.start()
    await ended.wait()
    await stream.stop()
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
