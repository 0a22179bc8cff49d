"""A matcher whose database was restored, emptied or is rebuilt: matches keep state and history, lists are exact."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from services.matcher.app import running
from services.matcher.audit import audit
from services.matcher.matching.reading_back import head_of
from services.matcher.restoring import restore as restore_matcher
from services.matcher.settings import Settings
from services.matcher.store.heads import all_heads
from services.matcher.store.restoring import Found, put_heads
from shared.database import Connection, in_transaction
from shared.events.event import GENERATION_SPAN
from shared.events.matches import HistoryEntry, MatchChanged
from shared.outbox import announce, next_version
from shared.restoring import NothingToRestoreFrom, StillRunning, restoring
from tests.compiled import KEPT
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import (
    a_commitment,
    a_project,
    answer_given,
    commitment_published,
    day_started,
    erased,
    fund_published,
    project_published,
)
from tests.faults.checks import head_faults
from tests.faults.log import read_log
from tests.integration.matcher_kafka import Kafka, kafka_of, ready
from tests.integration.restored import Backups, generation, is_said, remake_topics, restore, waits_for_a_lock
from tests.streams import GaveUp, opened, put, raw

pytestmark = pytest.mark.partitions(2)
ANSWERED, OTHER = "prj-a~commitment~eng-a", "prj-b~commitment~eng-a"
LATER = datetime(2026, 12, 1, 10, tzinfo=UTC)


@pytest.fixture
async def kafka(bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Kafka]:
    """This test's topics."""
    async with kafka_of(bootstrap_servers, topic_prefix) as made:
        yield made


@pytest.fixture
def settings(database: ServiceDsn, bootstrap_servers: str, topic_prefix: str) -> Settings:
    """A matcher of this test's own."""
    return Settings(
        database_url=database("matcher"),
        kafka_bootstrap_servers=bootstrap_servers,
        topic_prefix=topic_prefix,
        service_token=SecretStr("between-services"),
        compiled_dir=KEPT,
    )


@pytest.fixture
def backups(settings: Settings, postgres_dsn: str) -> Backups:
    """Backups of its database."""
    return Backups(postgres_dsn, settings.database_url, "matcher")


async def run(settings: Settings, *, anew: bool = False) -> object:
    """The command."""
    return await restore(
        settings.database_url, "matcher", settings.kafka_bootstrap_servers, settings.topic_prefix, anew=anew
    )


async def say_the_base(kafka: Kafka) -> None:
    """Three projects on both partitions, two commitments and a fund: nine matches."""
    await kafka.say(day_started(), commitment_published(), commitment_published(a_commitment("eng-b")))
    await kafka.say(fund_published(), *(project_published(a_project(f"prj-{name}")) for name in "abd"))


async def say_the_base_again(kafka: Kafka) -> None:
    """As an ingest that was restored says it again: above all it ever said."""
    again = GENERATION_SPAN + 1
    await kafka.say(
        day_started(version=again),
        fund_published(version=again),
        commitment_published(version=again),
        commitment_published(a_commitment("eng-b"), version=again),
        *(project_published(a_project(f"prj-{name}"), version=again) for name in "abd"),
    )


async def hear_the_base(kafka: Kafka) -> None:
    """Hear that the nine matches are in the lists of both sides."""
    await until(kafka, lambda said: sum(each.listed_by == ("project", "offer") for each in said.values()) == 9)


def last(kafka: Kafka) -> dict[str, MatchChanged]:
    """The last event heard of each match."""
    return {each.match_id: each for each in kafka.heard}


async def until(kafka: Kafka, holds: Callable[[dict[str, MatchChanged]], bool]) -> None:
    """Hear until it holds of the last events."""

    async def heard() -> bool:
        await kafka.matches(0)
        return holds(last(kafka))

    await eventually(heard, seconds=60)


async def answer(
    kafka: Kafka, said: str, at: datetime, side: str = "project", *, version: int = 1, match_id: str = ANSWERED
) -> None:
    """Answer a match, and hear that it was."""
    project_id = match_id.partition("~")[0]
    await kafka.say(answer_given(said, side, match_id=match_id, project_id=project_id, occurred_at=at, version=version))
    await until(kafka, lambda heard: heard[match_id].state == said)


async def starts_well(settings: Settings, kafka: Kafka) -> dict[str, MatchChanged]:
    """What was said of each match once the matcher runs, its relay has said all, and its lists are exact.

    The heads that it keeps are what it said.
    """
    async with ready(settings) as work:
        pool = work.owners.pool

        async def well() -> bool:
            return await is_said(pool) and not await audit(pool)

        await eventually(well, seconds=40)
        said = dict(await pool.fetch("SELECT key, version FROM key_versions WHERE topic = 'matches' AND NOT erased"))
        assert all(version > GENERATION_SPAN for version in said.values())
        await until(kafka, lambda heard: {each.match_id: each.version for each in heard.values()} == said)
        async with pool.acquire() as connection, connection.transaction():
            kept = [row.head async for rows in all_heads(connection) for row in rows if row.head]
    log = await read_log(settings.kafka_bootstrap_servers, settings.topic_prefix, ["matches"])
    assert list(head_faults(kept, log)) == []
    return last(kafka)


def lives(said: dict[str, MatchChanged]) -> dict[str, object]:
    """State and history of each match."""
    return {match_id: (each.state, each.history) for match_id, each in said.items()}


async def test_an_older_database_takes_over_what_was_answered_since(
    kafka: Kafka, settings: Settings, backups: Backups
) -> None:
    await say_the_base(kafka)
    async with ready(settings):
        await hear_the_base(kafka)
    saved = await backups.save()
    async with ready(settings):
        await kafka.say(project_published(a_project("prj-c")))
        await answer(kafka, "interested", LATER)
        await until(kafka, lambda said: sum(each.listed_by != () for each in said.values()) == 12)
    before = last(kafka)
    await backups.put_back(saved)
    gave_up = GaveUp()
    async with running(settings, give_up=gave_up) as work:

        async def stops() -> bool:
            return gave_up.times > 0

        await eventually(stops, seconds=40)
        assert any("essaim restored matcher" in problem for problem in work.problems())
    await run(settings)
    after = await starts_well(settings, kafka)
    assert after.keys() == before.keys()
    assert after[ANSWERED].state == "interested"
    assert lives(after) == lives(before)
    assert not any(each.entered for each in after.values())
    assert {each.version for each in after.values()} == {GENERATION_SPAN + 1}


@pytest.mark.parametrize("anew", [False, True])
async def test_what_an_older_database_made_of_a_match_before_it_was_noticed_gives_way_to_the_log(
    kafka: Kafka, settings: Settings, backups: Backups, anew: bool
) -> None:
    await say_the_base(kafka)
    async with ready(settings):
        await hear_the_base(kafka)
    saved, copied = await backups.save(), last(kafka)[ANSWERED]
    async with ready(settings):
        await answer(kafka, "interested", LATER)
    before = last(kafka)
    await backups.put_back(saved)
    step = HistoryEntry(at=LATER, change="withdrawn", cause="left-lists")
    ended = {"state": "withdrawn", "change": "withdrawn", "listed_by": (), "history": (*copied.history, step)}
    otherwise = copied.model_copy(update=ended | {"version": before[ANSWERED].version})

    async def withdraw(connection: Connection) -> None:
        assert await next_version(connection, otherwise.topic, ANSWERED) == otherwise.version
        await announce(connection, otherwise)
        await put_heads(connection, [Found(1, head_of(otherwise))], replace=True)

    async with opened(settings.database_url, "matcher") as pool:
        await in_transaction(pool, withdraw)
    await run(settings, anew=anew)
    after = await starts_well(settings, kafka)
    assert lives(after) == lives(before)


async def test_an_emptied_database_is_filled_from_the_log_and_twice_is_as_once(
    kafka: Kafka, settings: Settings, backups: Backups
) -> None:
    empty = await backups.save()
    await say_the_base(kafka)
    async with ready(settings):
        await hear_the_base(kafka)
        await answer(kafka, "interested", LATER)
        await answer(kafka, "declined", LATER.replace(hour=11), "offer", version=2)
    before = last(kafka)
    await backups.put_back(empty)
    await run(settings)
    await run(settings)
    assert await generation(settings.database_url, "matcher") == 2
    after = await starts_well(settings, kafka)
    assert lives(after) == lives(before)


async def test_a_rebuilt_matcher_has_the_lists_of_the_entities_and_the_heads_of_the_log(
    kafka: Kafka, settings: Settings, backups: Backups
) -> None:
    await say_the_base(kafka)
    async with ready(settings) as work:
        await hear_the_base(kafka)
        await answer(kafka, "interested", LATER)
        pool = work.owners.pool
        await pool.execute("UPDATE project_lists SET scores = ARRAY[1, 1, 1], offer_types = offer_types[1:3]")
        await pool.execute("DELETE FROM projects WHERE project_id = 'prj-b'")
    before = last(kafka)
    await run(settings, anew=True)
    after = await starts_well(settings, kafka)
    assert lives(after) == lives(before)
    assert after[ANSWERED].state == "interested"


async def test_topics_made_anew_hear_every_match_again(
    settings: Settings, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with kafka_of(bootstrap_servers, topic_prefix) as kafka:
        await say_the_base(kafka)
        async with ready(settings):
            await hear_the_base(kafka)
            await answer(kafka, "interested", LATER)
        before = last(kafka)
    await remake_topics(bootstrap_servers, topic_prefix, partitions=2)
    await run(settings)
    async with kafka_of(bootstrap_servers, topic_prefix) as made:
        await say_the_base_again(made)
        after = await starts_well(settings, made)
    assert lives(after) == lives(before)


async def test_a_log_that_is_older_for_some_matches_and_newer_for_others_takes_none_of_them_back(
    settings: Settings, backups: Backups, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with kafka_of(bootstrap_servers, topic_prefix) as kafka:
        await say_the_base(kafka)
        async with ready(settings):
            await hear_the_base(kafka)
            copied = last(kafka)
            await answer(kafka, "interested", LATER)
        saved = await backups.save()
        answered = last(kafka)[ANSWERED]
        async with ready(settings):
            await answer(kafka, "declined", LATER, match_id=OTHER)
        before = last(kafka)
    await backups.put_back(saved)
    await remake_topics(bootstrap_servers, topic_prefix, partitions=2)
    async with kafka_of(bootstrap_servers, topic_prefix) as made:
        await made.say(*{**copied, OTHER: before[OTHER]}.values())
        await say_the_base_again(made)
        assert (copied[ANSWERED].state, answered.state) == ("proposed", "interested")
        await run(settings)
        after = await starts_well(settings, made)
    assert (after[ANSWERED].state, after[OTHER].state) == ("interested", "declined")
    assert lives(after) == lives(before)
    assert {each.version for each in after.values()} == {GENERATION_SPAN + 1}


async def test_a_matcher_rebuilt_from_an_older_log_keeps_what_the_log_lacks(
    settings: Settings, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with kafka_of(bootstrap_servers, topic_prefix) as kafka:
        await say_the_base(kafka)
        async with ready(settings):
            await hear_the_base(kafka)
            copied = last(kafka)
            await answer(kafka, "interested", LATER)
        before = last(kafka)
    await remake_topics(bootstrap_servers, topic_prefix, partitions=2)
    async with kafka_of(bootstrap_servers, topic_prefix) as made:
        await made.say(*copied.values())
        await say_the_base_again(made)
        await run(settings, anew=True)
        after = await starts_well(settings, made)
    assert lives(after) == lives(before)


async def test_what_only_the_erasures_still_tell_of_is_erased(
    kafka: Kafka, settings: Settings, backups: Backups, bootstrap_servers: str, topic_prefix: str
) -> None:
    await say_the_base(kafka)
    async with ready(settings) as work:
        await hear_the_base(kafka)
        # As a backup older than tombstones are kept: the log has nothing of this project any more.
        await work.owners.pool.execute(
            "INSERT INTO projects SELECT 'prj-z', 0, 1,"
            " convert_to(replace(convert_from(body, 'UTF8'), 'prj-b', 'prj-z'), 'UTF8')"
            " FROM projects WHERE project_id = 'prj-b'"
        )
    await put(bootstrap_servers, f"{topic_prefix}erasures", [raw(erased("project", "prj-z"))])
    await run(settings)
    after = await starts_well(settings, kafka)
    assert {each.project_id for each in after.values()} == {"prj-a", "prj-b", "prj-d"}
    async with opened(settings.database_url, "matcher") as pool:
        assert await pool.fetchval("SELECT body IS NULL AND version = 1 FROM projects WHERE project_id = 'prj-z'")


async def test_nothing_is_rebuilt_from_empty_topics(
    settings: Settings, backups: Backups, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with kafka_of(bootstrap_servers, topic_prefix) as kafka:
        await say_the_base(kafka)
        async with ready(settings):
            await hear_the_base(kafka)
    await remake_topics(bootstrap_servers, topic_prefix, partitions=2)
    before = await backups.save()
    with pytest.raises(NothingToRestoreFrom):
        await run(settings, anew=True)
    assert await backups.save() == before


async def test_a_matcher_that_runs_is_left_alone(kafka: Kafka, settings: Settings) -> None:
    await say_the_base(kafka)
    async with ready(settings):
        await hear_the_base(kafka)
        with pytest.raises(StillRunning):
            await run(settings)


async def test_a_matcher_started_meanwhile_waits_and_goes_on_from_what_was_restored(
    kafka: Kafka, settings: Settings, backups: Backups
) -> None:
    empty = await backups.save()
    await say_the_base(kafka)
    async with ready(settings):
        await hear_the_base(kafka)
        await answer(kafka, "interested", LATER)
    before = last(kafka)
    await backups.put_back(empty)
    async with opened(settings.database_url, "matcher") as pool, asyncio.TaskGroup() as group:
        async with restoring(
            pool,
            service="matcher",
            bootstrap_servers=settings.kafka_bootstrap_servers,
            topic_prefix=settings.topic_prefix,
            progress=lambda *_: None,
        ) as work:
            started = group.create_task(starts_well(settings, kafka))
            await waits_for_a_lock(pool)
            await restore_matcher(work, anew=False)
        assert lives(await started) == lives(before)
