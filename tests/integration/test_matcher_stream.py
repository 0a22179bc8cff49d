"""The matcher on real Kafka: a project in, a match out, whatever stops in between."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr

from services.matcher.app import Work, running
from services.matcher.audit import audit
from services.matcher.settings import Settings
from shared.dead_letter import ask_replay
from shared.events.event import VERSION_HEADER, Event
from shared.events.matches import MatchChanged
from tests.deadline import eventually
from tests.factories import a_commitment, a_project, answer_given, commitment_published, day_started, project_published

pytestmark = pytest.mark.partitions(2)


class Kafka:
    """What a test says on topics, and what it hears on `matches`."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, prefix: str) -> None:
        self._producer, self._consumer, self._prefix = producer, consumer, prefix
        self.heard: list[MatchChanged] = []

    async def say(self, *events: Event) -> None:
        """Publish events, as a relay would."""
        for event in events:
            await self.say_raw(event.topic, event, headers=[(VERSION_HEADER, str(event.version).encode())])

    async def say_raw(self, topic: str, event: Event, headers: list[tuple[str, bytes]]) -> None:
        """Publish an event with other headers than a relay would give it."""
        name = self._prefix + topic
        await self._producer.send_and_wait(name, event.to_bytes(), key=event.key.encode(), headers=headers)

    async def matches(self, count: int) -> Sequence[MatchChanged]:
        """The first `count` events on `matches`."""

        async def enough() -> bool:
            found = await self._consumer.getmany(timeout_ms=200)
            records = [record for each in found.values() for record in each]
            self.heard += [MatchChanged.model_validate_json(record.value) for record in records if record.value]
            return len(self.heard) >= count

        await eventually(enough, seconds=30)
        return self.heard


@pytest.fixture
async def kafka(bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Kafka]:
    """This test's topics."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers)
    consumer = AIOKafkaConsumer(
        f"{topic_prefix}matches",
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    async with producer, consumer:
        yield Kafka(producer, consumer, topic_prefix)


@pytest.fixture
def settings(database: Callable[[str], str], bootstrap_servers: str, topic_prefix: str) -> Settings:
    """A matcher of this test's own."""
    return Settings(
        database_url=database("matcher"),
        kafka_bootstrap_servers=bootstrap_servers,
        topic_prefix=topic_prefix,
        service_token=SecretStr("between-services"),
    )


@asynccontextmanager
async def ready(settings: Settings) -> AsyncIterator[Work]:
    """A matcher that has joined and owns both partitions."""

    async def no_problems() -> bool:
        return not work.problems() and work.owners.owned == [0, 1]

    async with running(settings, give_up=lambda: None) as work:
        await eventually(no_problems, seconds=30)
        yield work


async def test_a_project_in_a_match_out(kafka: Kafka, settings: Settings) -> None:
    await kafka.say(day_started(), commitment_published())
    async with ready(settings):
        await kafka.say(project_published())
        (match,) = await kafka.matches(1)
    assert match.change == "proposed"
    assert match.entered == ("project", "offer")


async def test_a_matcher_that_starts_again_goes_on_where_it_was(kafka: Kafka, settings: Settings) -> None:
    await kafka.say(day_started(), commitment_published())
    async with ready(settings):
        await kafka.say(project_published())
        await kafka.matches(1)
    await kafka.say(project_published(a_project("prj-b")), answer_given("interested"))
    async with ready(settings) as work:
        said = await kafka.matches(3)
        found = await audit(work.owners.pool)
    assert [(each.project_id, each.change) for each in said[:1]] == [("prj-a", "proposed")]
    assert {(each.project_id, each.change) for each in said[1:]} == {("prj-a", "interested"), ("prj-b", "proposed")}
    assert found == []


async def test_a_bad_record_is_set_aside_and_its_batch_goes_on(kafka: Kafka, settings: Settings) -> None:
    nowhere = commitment_published(a_commitment("eng-x", perimeter=[{"level": "commune", "code": "99999"}]))
    await kafka.say(day_started(), nowhere, commitment_published())
    async with ready(settings) as work:
        await kafka.say(project_published(a_project("prj-x", commune="99999")), project_published())
        (match,) = await kafka.matches(1)

        async def both_set_aside() -> bool:
            rows = await work.owners.pool.fetch("SELECT topic, reason FROM dead_letters ORDER BY topic")
            return [tuple(row) for row in rows] == [
                ("commitments", "unknown unit: commune 99999"),
                ("projects", "unknown unit: commune 99999"),
            ]

        assert await eventually(both_set_aside)
    assert match.project_id == "prj-a"


async def test_a_dead_letter_of_a_whole_topic_is_replayed(kafka: Kafka, settings: Settings) -> None:
    await kafka.say(day_started(), project_published())
    await kafka.say_raw("commitments", commitment_published(), headers=[])
    async with ready(settings) as work:
        pool = work.owners.pool

        async def is_set_aside() -> bool:
            return bool(await pool.fetchval("SELECT count(*) FROM dead_letters WHERE topic = 'commitments'"))

        await eventually(is_set_aside)
        await pool.execute("UPDATE dead_letters SET header_names = $1, header_values = $2", [VERSION_HEADER], [b"1"])
        async with pool.acquire() as connection:
            assert await ask_replay(connection, topic="commitments") == 1
        said = await kafka.matches(1)
        assert not await is_set_aside()
    assert said[0].offer_id == "eng-a"
