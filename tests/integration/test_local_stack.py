"""The embedded servers keep what they acknowledged, end with their parent, and say what stands in their way."""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.create_topics import TopicMismatch, ensure_topics
from deploy.local.children import started_at
from deploy.local.machine import MachineError
from deploy.local.servers import LocalServers
from tests.deadline import wait_until

# Starts the servers of one state folder, says their process ids, and stays.
PARENT = """
import signal, sys
from pathlib import Path
from deploy.local.servers import LocalServers
# Whoever started the tests in the background made them, and their children, deaf to it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with LocalServers(Path(sys.argv[1])) as servers:
    print(servers.brokers[0].pid, servers.postgres.pid, servers.bootstrap_servers, servers.dsn(), flush=True)
    signal.pause()
"""


@pytest.fixture
def state() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="essaim-stack-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def parent(state: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", PARENT, state], stdout=subprocess.PIPE, text=True)
    yield process
    process.send_signal(signal.SIGINT)
    process.wait(30)
    assert process.stdout is not None
    process.stdout.close()


def said(parent: subprocess.Popen[str]) -> tuple[int, int, str, str]:
    assert parent.stdout is not None
    kafka, postgres, bootstrap_servers, dsn = parent.stdout.readline().split()
    return int(kafka), int(postgres), bootstrap_servers, dsn


async def send(servers: LocalServers, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers, transactional_id="relay", acks="all")
    async with producer, producer.transaction():
        await producer.send_and_wait("essaim.days", value, key=b"day")


async def sent(servers: LocalServers) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.bootstrap_servers, isolation_level="read_committed")
    async with consumer:
        partition = TopicPartition("essaim.days", 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning()
        end = (await consumer.end_offsets([partition]))[partition]
        values: list[bytes] = []
        while await consumer.position(partition) < end:
            values += [record.value for record in (await consumer.getmany(timeout_ms=200)).get(partition, [])]
    return values


async def note(servers: LocalServers, word: str) -> list[str]:
    connection = await asyncpg.connect(servers.service_dsn("console"))
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS note (word text)")
        await connection.execute("INSERT INTO note VALUES ($1)", word)
        return [row["word"] for row in await connection.fetch("SELECT word FROM note ORDER BY word")]
    finally:
        await connection.close()


async def test_what_was_acknowledged_outlives_a_kill_and_a_new_start(state: Path) -> None:
    with LocalServers(state) as servers:
        await ensure_topics(servers.bootstrap_servers)
        await send(servers, b"1")
        assert await note(servers, "a") == ["a"]
        servers.brokers[0].kill()
        servers.postgres.kill()
    with LocalServers(state) as servers:
        assert await ensure_topics(servers.bootstrap_servers) == []
        await send(servers, b"2")
        assert await sent(servers) == [b"1", b"2"]
        assert await note(servers, "b") == ["a", "b"]
        with pytest.raises(TopicMismatch, match=r"essaim\.projects: 8 partitions, expected 16"):
            await ensure_topics(servers.bootstrap_servers, partitions=16)


def test_nothing_is_left_running_after_the_parents_kill(state: Path, parent: subprocess.Popen[str]) -> None:
    kafka, postgres, _, _ = said(parent)
    assert started_at(kafka)
    assert started_at(postgres)
    parent.kill()
    parent.wait()
    if sys.platform == "linux":
        wait_until(lambda: not started_at(kafka) and not started_at(postgres), seconds=20)
    # Whatever the system, the next start finds the place free.
    with LocalServers(state) as servers:
        assert servers.brokers[0].pid != kafka


def test_a_second_start_with_the_same_data_says_that_one_is_running(state: Path, parent: subprocess.Popen[str]) -> None:
    said(parent)
    with pytest.raises(MachineError, match="tourne déjà"), LocalServers(state):
        pytest.fail("two runs share their data")


def test_an_interruption_stops_the_servers(state: Path, parent: subprocess.Popen[str]) -> None:
    kafka, postgres, _, _ = said(parent)
    parent.send_signal(signal.SIGINT)
    parent.wait(30)
    assert not started_at(kafka)
    assert not started_at(postgres)
    assert not list((state / "run").glob("*.pid"))


async def test_the_database_asks_for_its_password(state: Path) -> None:
    with LocalServers(state) as servers:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(servers.dsn(), password="wrong")
        assert (state / "postgres" / "password").stat().st_mode & 0o077 == 0
