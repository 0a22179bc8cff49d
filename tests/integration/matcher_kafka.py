"""What a test of the matcher says on real topics, and what it hears on `matches`."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.ports import any_free_port
from services.matcher.app import Work, running
from services.matcher.settings import Settings
from shared.events.event import VERSION_HEADER, Event
from shared.events.matches import MatchChanged
from shared.sending import partition_of
from tests.deadline import eventually


class Kafka:
    """One test's topics."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, prefix: str) -> None:
        self._producer, self._consumer, self._prefix = producer, consumer, prefix
        self._versions: dict[str, int] = {}
        self.heard: list[MatchChanged] = []

    async def say(self, *events: Event) -> None:
        """Publish events, as a relay would."""
        for event in events:
            await self.say_raw(event.topic, event, headers=[(VERSION_HEADER, str(event.version).encode())])

    async def say_raw(self, topic: str, event: Event, headers: list[tuple[str, bytes]]) -> None:
        """Publish an event with other headers than a relay would give it."""
        name = self._prefix + topic
        place = partition_of(event.partition_key, len(await self._producer.partitions_for(name)))
        await self._producer.send_and_wait(name, event.to_bytes(), event.key.encode(), place, headers=headers)

    async def matches(self, count: int) -> Sequence[MatchChanged]:
        """All events heard on `matches`, once there are `count`.

        As every reader, it ignores what a relay that ended between sending and deleting has said again.
        """

        async def enough() -> bool:
            found = await self._consumer.getmany(timeout_ms=200)
            records = [record for each in found.values() for record in each]
            for event in [MatchChanged.model_validate_json(record.value) for record in records if record.value]:
                if event.version > self._versions.get(event.match_id, 0):
                    self._versions[event.match_id] = event.version
                    self.heard.append(event)
            return len(self.heard) >= count

        await eventually(enough, seconds=60)
        return self.heard


@asynccontextmanager
async def kafka_of(bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Kafka]:
    """The topics under a prefix."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers)
    consumer = AIOKafkaConsumer(
        f"{topic_prefix}matches",
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    async with producer, consumer:
        yield Kafka(producer, consumer, topic_prefix)


@asynccontextmanager
async def ready(settings: Settings) -> AsyncIterator[Work]:
    """A matcher in this process that has joined and owns both partitions."""

    async def no_problems() -> bool:
        return not work.problems() and work.owners.owned == [0, 1]

    async with running(settings, give_up=lambda: None) as work:
        await eventually(no_problems, seconds=40)
        yield work


@contextmanager
def child(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A matcher in a process of its own, killed at the end."""
    given = {
        f"MATCHER_{name.upper()}": str(value) for name, value in settings.model_dump(exclude={"service_token"}).items()
    }
    token = {"MATCHER_SERVICE_TOKEN": settings.service_token.get_secret_value()}
    command = [sys.executable, "-m", "uvicorn", "services.matcher.app:app", "--port", str(any_free_port())]
    process = subprocess.Popen(command, env={**os.environ, **given, **token}, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
