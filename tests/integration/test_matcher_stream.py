"""The matcher on real Kafka: a project in, a match out, whatever stops in between."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from services.matcher import app, compiling
from services.matcher.app import running
from services.matcher.audit import audit
from services.matcher.epochs import ModelEpochs
from services.matcher.matching.criteria import RULES
from services.matcher.owners import Owners
from services.matcher.settings import Settings
from services.matcher.store import models
from services.matcher.whole import Whole
from shared.database import in_transaction, open_pool
from shared.dead_letter import ask_replay
from shared.events.event import VERSION_HEADER, Event
from shared.text.model import load_text_model
from shared.whole_topics import WholeTopics
from tests.compiled import KEPT
from tests.deadline import eventually
from tests.factories import a_commitment, a_project, answer_given, commitment_published, day_started, project_published
from tests.integration.matcher_kafka import Kafka, child, kafka_of, ready
from tests.integration.matcher_stage import other_model

pytestmark = pytest.mark.partitions(2)


@pytest.fixture
async def kafka(bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Kafka]:
    """This test's topics."""
    async with kafka_of(bootstrap_servers, topic_prefix) as made:
        yield made


@pytest.fixture
def settings(database: Callable[[str], str], bootstrap_servers: str, topic_prefix: str) -> Settings:
    """A matcher of this test's own."""
    return Settings(
        database_url=database("matcher"),
        kafka_bootstrap_servers=bootstrap_servers,
        topic_prefix=topic_prefix,
        service_token=SecretStr("between-services"),
        compiled_dir=KEPT,
    )


async def test_a_matcher_compiles_beside_its_loop_before_it_hears_anything(
    kafka: Kafka, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN §6.7: « Compile before readiness »; issue 5.1. Meanwhile it is alive, and says what it waits for."""
    compiles, goes_on = threading.Event(), threading.Event()

    def compile_engine(folder: Path | None) -> None:
        compiles.set()
        assert goes_on.wait(60)
        compiling.compile_engine(folder)

    async def is_compiling() -> bool:
        return compiles.is_set()

    async def is_ready() -> bool:
        return not work.problems()

    monkeypatch.setattr(app, "compile_engine", compile_engine)
    await kafka.say(day_started(), commitment_published(), project_published())
    async with running(settings, give_up=lambda: None) as work:
        await eventually(is_compiling)
        assert "the matching engine is being compiled" in work.problems()
        assert not work.is_stuck()
        assert work.owners.owned == []
        goes_on.set()
        await kafka.matches(1)
        await eventually(is_ready)


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


async def test_who_has_not_read_the_offers_to_their_ends_joins_no_group(
    kafka: Kafka, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill, filling, go_on = WholeTopics.fill, asyncio.Event(), asyncio.Event()

    async def slowly(topics: WholeTopics, *stored: Any) -> None:
        filling.set()
        await go_on.wait()
        await fill(topics, *stored)

    monkeypatch.setattr(WholeTopics, "fill", slowly)
    await kafka.say(day_started(), commitment_published(), project_published())
    async with running(settings, give_up=lambda: None) as work:
        await filling.wait()
        assert "not started" in work.problems()
        go_on.set()
        match, *_ = await kafka.matches(1)
    assert match.change == "proposed"


async def test_who_starts_with_other_rules_waits_and_says_for_whom(kafka: Kafka, settings: Settings) -> None:
    await kafka.say(day_started(), commitment_published(), project_published())
    pool = await open_pool(settings.database_url, service="matcher", max_size=1)
    await pool.execute(
        "INSERT INTO matchers (owner, address, model, seen_at) VALUES ('other', 'http://other', 'model-1', now())"
    )

    async def says_why() -> bool:
        return any("http://other judges by rules of an older version" in problem for problem in work.problems())

    try:
        async with running(settings, give_up=lambda: None) as work:
            await eventually(says_why)
            assert await pool.fetch("SELECT FROM leases") == []
            await pool.execute("DELETE FROM matchers")
            match, *_ = await kafka.matches(1)
            assert not await says_why()
        assert match.change == "proposed"
        assert await pool.fetch("SELECT FROM matchers") == []
    finally:
        await pool.close()


async def test_a_database_away_while_a_matcher_starts_is_waited_for(
    kafka: Kafka, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of the steps before topics are read."""
    away = {"enter": Owners, "bring": ModelEpochs, "restore": Whole}

    def once(name: str, holder: type) -> None:
        real = getattr(holder, name)

        async def tried(self: object) -> object:
            if away.pop(name, None):
                raise ConnectionRefusedError
            return await real(self)

        monkeypatch.setattr(holder, name, tried)

    for name, holder in away.items():
        once(name, holder)
    monkeypatch.setattr(app, "ENTERED_EVERY_SECONDS", 0.01)
    await kafka.say(day_started(), commitment_published(), project_published())
    gave_up: list[bool] = []
    async with running(settings, give_up=lambda: gave_up.append(True)):
        await kafka.matches(1)
    assert (away, gave_up) == ({}, [])


async def test_a_matcher_whose_model_has_the_name_of_another_says_so_and_owns_nothing(settings: Settings) -> None:
    """A model is known by its name: two under one name would mix their scores."""
    name = load_text_model().epoch
    pool = await open_pool(settings.database_url, service="matcher", max_size=1)
    brought = models.Model(name, other_model(name).to_bytes(), RULES)
    await in_transaction(pool, lambda connection: models.bring(connection, brought))

    async def says_why() -> bool:
        return f"another model is already named {name}: name the one of this matcher otherwise" in work.problems()

    async with running(settings, give_up=lambda: None) as work:
        await eventually(says_why)
        assert await pool.fetch("SELECT FROM leases") == []
    await pool.close()


async def test_a_matcher_at_work_turns_to_a_model_that_another_brought(kafka: Kafka, settings: Settings) -> None:
    """Lists are built aside and switched at once, while the stream goes on; the matcher stays ready and says so."""
    await kafka.say(day_started(), commitment_published(), project_published())
    brought = models.Model("model-2", other_model("model-2").to_bytes(), RULES)

    async def has_turned() -> bool:
        return work.owners.catalogue.model == "model-2" and work.owners.owned == [0, 1]

    async with ready(settings) as work:
        before = (await kafka.matches(1))[0]
        await in_transaction(work.owners.pool, lambda connection: models.bring(connection, brought))
        await kafka.say(project_published(a_project("prj-b")))
        await eventually(has_turned, seconds=40)
        assert work.problems() == []
        await kafka.say(project_published(a_project("prj-c")))

        async def is_scored() -> bool:
            told = await kafka.matches(len(kafka.heard))
            return any(each.project_id == "prj-c" for each in told)

        await eventually(is_scored, seconds=40)
        after = next(each for each in kafka.heard if each.project_id == "prj-c")
        assert (before.model == "model-2", after.model) == (False, "model-2")
        assert await audit(work.owners.pool) == []


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


async def test_two_matchers_share_the_partitions_and_one_takes_over(kafka: Kafka, settings: Settings) -> None:
    offers = [commitment_published(a_commitment(f"eng-{number}")) for number in range(4)]
    await kafka.say(day_started(), *offers)

    async def each_owns_one() -> bool:
        return sorted([*first.owners.owned, *second.owners.owned]) == [0, 1] and len(first.owners.owned) == 1

    async with running(settings, give_up=lambda: None) as first:
        async with running(settings, give_up=lambda: None) as second:
            await eventually(each_owns_one, seconds=40)
            await kafka.say(*[project_published(a_project(f"prj-{number}")) for number in range(8)])
            await kafka.matches(32)

        async def owns_all() -> bool:
            return first.owners.owned == [0, 1]

        await eventually(owns_all, seconds=40)
        await kafka.say(
            *[project_published(a_project(f"prj-{number}", status="retire"), version=2) for number in (1, 2)]
        )

        async def all_withdrawn() -> bool:
            said = await kafka.matches(0)
            return len({each.match_id for each in said if each.change == "withdrawn"}) == 8

        await eventually(all_withdrawn, seconds=20)
        assert await audit(first.owners.pool) == []


async def test_a_matcher_killed_again_and_again_loses_and_doubles_nothing(kafka: Kafka, settings: Settings) -> None:
    said: list[Event] = [commitment_published(a_commitment(f"eng-{number}")) for number in range(5)]
    said += [project_published(a_project(f"prj-{number}")) for number in range(24)]
    await kafka.say(day_started())
    for number in range(2):
        with child(settings):
            await kafka.say(*said[number::2])
            await kafka.matches(len(kafka.heard) + 5)
    async with ready(settings) as work:
        pool = work.owners.pool

        async def all_said() -> bool:
            said = await pool.fetchval("SELECT sum(version) FROM key_versions WHERE topic = 'matches'")
            newer = await kafka.matches(0)
            is_complete = len({each.match_id for each in newer}) == 24 * 5 and len(newer) == said
            return is_complete and not await audit(pool)

        await eventually(all_said, seconds=40)
    versions: dict[str, list[int]] = {}
    for each in kafka.heard:
        versions.setdefault(each.match_id, []).append(each.version)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    entered = Counter((each.match_id, side) for each in kafka.heard for side in each.entered)
    assert all(entered[match_id, "project"] == 1 for match_id in versions)
