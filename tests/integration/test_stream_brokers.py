"""Three brokers: the stream goes on while one of them, which leads some partitions, is gone."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.create_topics import ensure_topics
from deploy.local.ports import any_free_port
from deploy.local.servers import LocalServers
from shared.broker import Stream
from shared.database import Pool
from tests.conftest import ServiceDsn
from tests.streams import GaveUp, note, opened, prepare_effects, say_preference, started, wait_for_effects

PREFIX = "three."


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalServers]:
    """Brokers of this module's own; each is also told as being behind a port where nobody listens."""
    state = Path(tempfile.mkdtemp(prefix="essaim-cluster-"))
    state.chmod(0o755)
    try:
        with LocalServers(state, forwarders=[any_free_port() for _ in range(3)]) as servers:
            yield servers
    finally:
        shutil.rmtree(state)


async def test_the_stream_goes_on_while_one_of_three_brokers_is_gone(
    service_dsn: ServiceDsn, cluster: LocalServers
) -> None:
    servers = cluster.bootstrap_servers
    await ensure_topics(servers, prefix=PREFIX, partitions=3, replication=3)
    async with (
        opened(service_dsn("console"), "console") as console,
        opened(service_dsn("notifier"), "notifier") as pool,
    ):
        await prepare_effects(pool)
        speaker = Stream(service="console", bootstrap_servers=servers, topic_prefix=PREFIX, pool=console)
        reader = Stream(
            service="notifier",
            bootstrap_servers=servers,
            topic_prefix=PREFIX,
            pool=pool,
            relay=False,
            give_up=GaveUp(),
        )
        reader.hears(["preferences"], {"preferences": note})
        async with started(speaker), started(reader):
            await say_to_each_partition(console, 0)
            await wait_for_effects(pool, 40, seconds=60)
            cluster.brokers[2].kill()
            await say_to_each_partition(console, 1)
            found = await wait_for_effects(pool, 80, seconds=120)
        assert sorted(row["key"] for row in found) == sorted(
            f"per-{turn}-{number}" for turn in (0, 1) for number in range(40)
        )


async def say_to_each_partition(console: Pool, turn: int) -> None:
    """Forty events, which land on every partition."""
    for number in range(40):
        await say_preference(console, f"per-{turn}-{number}")
