"""A console whose database was restored or emptied, or whose read model is rebuilt, on real servers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.console.handlers import HANDLERS
from services.console.restoring import restore as restore_console
from services.console.store import answers, people, sessions
from services.console.views.alerts import Preference
from services.console.views.answers import GivenAnswer
from services.console.views.rights import Person
from shared.broker import Stream
from shared.database import Connection, Pool, in_transaction
from shared.events.event import GENERATION_SPAN, VERSION_HEADER, Event
from shared.events.matches import HistoryEntry
from shared.events.people import PreferenceSet
from shared.events.registry import decode
from shared.log_versions import LogIsAhead
from shared.outbox import announce, next_version
from shared.restoring import NothingToRestoreFrom, StillRunning, restoring
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import (
    a_project,
    commitment_published,
    erased,
    fund_published,
    mail_delivered,
    match_changed,
    preference_set,
    project_published,
    territory_published,
)
from tests.integration.restored import (
    Backups,
    generation,
    relay,
    remake_topics,
    restore,
    said_last,
    version_of,
    waits_for_a_lock,
)
from tests.streams import opened, put, raw, records_of, started

MATCH = "prj-a~commitment~eng-a"
READ_MODEL = ("territories", "projects", "offers", "matches", "deliveries")


class Place:
    """One console with its log."""

    def __init__(self, pool: Pool, dsn: str, backups: Backups, servers: str, prefix: str) -> None:
        self.pool, self.dsn, self.backups = pool, dsn, backups
        self.servers, self.prefix = servers, prefix

    async def says(self, *events: Event) -> None:
        """Put others' events into the log."""
        for event in events:
            await put(self.servers, self.prefix + event.topic, [raw(event)])

    async def ends(self, topic: str, key: str, version: int) -> None:
        """Put a tombstone into the log."""
        await put(self.servers, self.prefix + topic, [(key.encode(), None, [(VERSION_HEADER, str(version).encode())])])

    async def hears(self) -> None:
        """Hear all that is in the log, and say all that waits."""
        stream = Stream(service="console", bootstrap_servers=self.servers, topic_prefix=self.prefix, pool=self.pool)
        stream.hears(tuple(HANDLERS), HANDLERS, group=f"{self.prefix}console")

        async def all_heard() -> bool:
            waiting = await self.pool.fetchval("SELECT EXISTS (SELECT FROM outbox)")
            ends = {topic: len(await records_of(self.servers, self.prefix + topic)) for topic in HANDLERS}
            held = await self.pool.fetch("SELECT topic, sum(next_offset) AS read FROM offsets GROUP BY topic")
            read = {row["topic"]: row["read"] for row in held}
            return not waiting and all(read.get(topic, 0) >= end for topic, end in ends.items())

        async with started(stream):
            await eventually(all_heard, seconds=60)

    async def hears_matches(self) -> None:
        """Hear all that is in the log of matches; what waits to be said goes on waiting."""
        stream = Stream(
            service="console", bootstrap_servers=self.servers, topic_prefix=self.prefix, pool=self.pool, relay=False
        )
        stream.hears(["matches"], HANDLERS, group=f"{self.prefix}console-matches")

        said = {key: version_of(record) for key, record in (await self.last("matches")).items()}

        async def heard() -> bool:
            held = await self.pool.fetch("SELECT key, version FROM heard_versions WHERE topic = 'matches'")
            return {row["key"]: row["version"] for row in held} == said

        async with started(stream):
            await eventually(heard, seconds=60)

    async def relays(self) -> None:
        """Send all that waits."""
        await relay(self.pool, "console", self.servers, self.prefix)

    async def restores(self, *, anew: bool = False) -> Any:
        """The command."""
        return await restore(self.dsn, "console", self.servers, self.prefix, anew=anew)

    async def chooses(self, person_id: str, frequency: str) -> None:
        """Someone chooses how often to be told."""

        async def work(connection: Connection) -> None:
            version = await next_version(connection, "preferences", person_id)
            await people.upsert_preference(connection, person_id, Preference(frequency, "possible", "fr"))
            await announce(connection, preference_set(person_id, version=version, frequency=frequency))

        await in_transaction(self.pool, work)

    async def answers(self, answer: str, *, held: bool = False) -> UUID:
        """The project's side answers; `held`, it can still be taken back."""
        now = datetime.now(UTC)
        given = GivenAnswer(
            uuid4(), MATCH, "prj-a", "project", answer, None, False, None, None, "per-p", now, now + timedelta(hours=1)
        )

        async def work(connection: Connection) -> None:
            await answers.insert(connection, given)
            if not held:
                await self._say(connection, given)

        await in_transaction(self.pool, work)
        return given.answer_id

    async def says_held(self) -> None:
        """The time of what was held has come."""

        async def work(connection: Connection) -> None:
            for given in await answers.lock_due(connection, datetime.now(UTC) + timedelta(hours=2), 50):
                await self._say(connection, given)

        await in_transaction(self.pool, work)

    async def _say(self, connection: Connection, given: GivenAnswer) -> None:
        version = await next_version(connection, "answers", given.project_id)
        await announce(connection, given.event(version, given.given_at))
        await answers.mark_announced(connection, given.answer_id, given.given_at)

    async def last(self, topic: str) -> dict[str, Any]:
        """The last record of each key of a topic."""
        return said_last(await records_of(self.servers, self.prefix + topic))

    async def model(self) -> dict[str, list[dict[str, Any]]]:
        """The whole read model."""
        rows = {table: await self.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in READ_MODEL}
        return {table: [dict(row) for row in found] for table, found in rows.items()}


@pytest.fixture
async def place(
    database: ServiceDsn, postgres_dsn: str, bootstrap_servers: str, topic_prefix: str
) -> AsyncIterator[Place]:
    """A console of this test's own, with what others said in its log."""
    dsn = database("console")
    async with opened(dsn, "console") as pool:
        made = Place(pool, dsn, Backups(postgres_dsn, dsn, "console"), bootstrap_servers, topic_prefix)
        await made.says(territory_published(), project_published(), commitment_published(), fund_published())
        await made.says(match_changed(), mail_delivered())
        yield made


async def test_an_older_database_takes_over_choices_and_answers_made_since(place: Place) -> None:
    await place.hears()
    await place.chooses("per-p", "daily")
    await place.answers("declined", held=True)
    await place.relays()
    saved = await place.backups.save()
    await place.chooses("per-p", "weekly")
    await place.says_held()
    said = await place.answers("later")
    await place.relays()
    await place.backups.put_back(saved)
    with pytest.raises(LogIsAhead, match="essaim restored console"):
        await place.relays()
    report = await place.restores()
    assert (report.counts["preferences"], report.counts["answers"]) == (1, 2)
    before = await records_of(place.servers, f"{place.prefix}answers")
    await place.says_held()
    await place.hears()
    assert len(await records_of(place.servers, f"{place.prefix}answers")) == len(before) == 2
    assert await place.pool.fetchval("SELECT count(*) FROM answers WHERE answer_id = $1", said) == 1
    record = (await place.last("preferences"))["per-p"]
    chosen = decode("preferences", record.value)
    assert isinstance(chosen, PreferenceSet)
    assert (chosen.frequency, version_of(record)) == ("weekly", GENERATION_SPAN + 1)
    await place.answers("interested")
    await place.relays()
    assert version_of((await place.last("answers"))["prj-a"]) == GENERATION_SPAN + 1


async def test_an_emptied_database_is_filled_from_the_log_without_old_news_or_the_erased(place: Place) -> None:
    empty = await place.backups.save()
    await place.hears()
    before = await place.model()
    await place.chooses("per-x", "daily")
    await place.chooses("per-p", "daily")
    await place.relays()
    await place.says(erased("person", "per-x"))
    await place.backups.put_back(empty)
    for _ in range(2):
        await place.restores()
    assert await generation(place.dsn, "console") == 2
    await place.hears()
    assert await place.model() == before
    assert await place.pool.fetchval("SELECT count(*) FROM feed") == 0
    last = await place.last("preferences")
    assert last["per-x"].value is None
    assert last["per-p"].value is not None
    assert await place.pool.fetchval("SELECT count(*) FROM preferences") == 1
    await place.says(match_changed(version=2, change="withdrawn", state="withdrawn"))
    await place.hears()
    assert await place.pool.fetchval("SELECT count(*) FROM feed") == 1


async def test_a_log_that_is_older_for_some_and_newer_for_others_takes_nothing_back(place: Place) -> None:
    await place.hears()
    for person_id in ("per-a", "per-b"):
        await place.chooses(person_id, "daily")
    await place.relays()
    copied = {name: await records_of(place.servers, place.prefix + name) for name in (*HANDLERS, "preferences")}
    await place.chooses("per-a", "weekly")
    await place.says(match_changed(version=2, change="withdrawn", state="withdrawn"))
    await place.hears()
    before = await place.model()
    saved = await place.backups.save()
    await place.chooses("per-b", "none")
    await place.relays()
    copied["preferences"].append((await place.last("preferences"))["per-b"])
    await place.backups.put_back(saved)
    await remake_topics(place.servers, place.prefix, partitions=4)
    for topic, records in copied.items():
        await put(place.servers, place.prefix + topic, [(each.key, each.value, each.headers) for each in records])
    await place.restores()
    await place.hears()
    assert await place.model() == before
    kept = dict(await place.pool.fetch("SELECT person_id, frequency FROM preferences"))
    said = {key: decode("preferences", each.value) for key, each in (await place.last("preferences")).items()}
    assert kept == {"per-a": "weekly", "per-b": "none"}
    assert {key: isinstance(each, PreferenceSet) and each.frequency for key, each in said.items()} == kept


async def test_a_rebuilt_read_model_is_what_the_topics_say_and_people_stay(place: Place) -> None:
    await place.ends("matches", MATCH, 2)
    await place.says(match_changed(version=3))
    await place.hears()
    held = await place.answers("declined", held=True)
    async with place.pool.acquire() as connection:
        await people.upsert_person(connection, Person("per-p", projects=frozenset({"prj-a"})))
        await sessions.insert_session(connection, "token", "per-p", days=1)
    before = await place.model()
    news = await place.pool.fetchval("SELECT count(*) FROM feed")
    await place.pool.execute("DELETE FROM projects")
    await place.pool.execute("UPDATE matches SET score = 1, state = 'withdrawn'")
    await place.pool.execute("INSERT INTO territories VALUES ('ter-nowhere', '{}')")
    await place.restores(anew=True)
    assert await place.model() == before
    await place.hears()
    assert await place.model() == before
    assert await place.pool.fetchval("SELECT count(*) FROM feed") == news
    assert await place.pool.fetchval("SELECT answer_id FROM answers WHERE announced_at IS NULL") == held
    assert await place.pool.fetchval("SELECT person_id FROM sessions") == "per-p"


async def test_what_is_said_again_by_others_is_no_news(place: Place) -> None:
    await place.hears()
    news = await place.pool.fetchval("SELECT count(*) FROM feed")
    again = GENERATION_SPAN + 1
    await place.says(match_changed(version=again, entered=()), project_published(version=again))
    await place.hears()
    assert await place.pool.fetchval("SELECT count(*) FROM feed") == news


async def test_nothing_is_rebuilt_from_empty_topics_and_all_is_heard_once_said_again(place: Place) -> None:
    await place.hears()
    await place.chooses("per-p", "daily")
    await place.relays()
    await remake_topics(place.servers, place.prefix, partitions=4)
    before = await place.backups.save()
    with pytest.raises(NothingToRestoreFrom):
        await place.restores(anew=True)
    assert await place.backups.save() == before
    await place.restores()
    again = GENERATION_SPAN + 1
    await place.says(project_published(a_project(title="Épicerie du port, agrandie"), version=again))
    await place.hears()
    assert "per-p" in await place.last("preferences")
    assert await place.pool.fetchval("SELECT title FROM projects") == "Épicerie du port, agrandie"


async def test_work_under_way_is_not_overtaken(place: Place) -> None:
    async with place.pool.acquire() as connection, connection.transaction():
        await next_version(connection, "preferences", "per-a")
        with pytest.raises(StillRunning):
            await place.restores()
    await place.restores()


async def test_what_starts_meanwhile_says_nothing_of_the_generation_before(place: Place) -> None:
    kafka = {"bootstrap_servers": place.servers, "topic_prefix": place.prefix}
    async with asyncio.TaskGroup() as group:
        async with restoring(place.pool, service="console", **kafka, progress=lambda *_: None) as work:
            chosen = group.create_task(place.chooses("per-p", "daily"))
            await waits_for_a_lock(place.pool)
            await restore_console(work, anew=False)
        await chosen
    await place.relays()
    assert version_of((await place.last("preferences"))["per-p"]) == GENERATION_SPAN + 1


async def test_answers_on_their_way_are_said_again_to_a_log_that_was_lost(place: Place) -> None:
    """`essaim restored` says every key again; an answer that nobody handled would else be lost."""
    await place.hears()
    handled = await place.answers("interested")
    on_its_way = await place.answers("later")
    await place.relays()
    waiting = await place.answers("interested")
    at = await place.pool.fetchval("SELECT announced_at FROM answers WHERE answer_id = $1", handled)
    step = HistoryEntry.model_validate({"at": at, "change": "interested", "side": "project", "cause": "answer"})
    told = match_changed(version=2, change="interested", state="interested", interested_sides=("project",))
    await place.says(told.model_copy(update={"history": (*told.history, step)}))
    await place.hears_matches()
    await remake_topics(place.servers, place.prefix, partitions=4)
    for _ in range(2):
        await place.restores()
        await place.relays()
    again = [decode("answers", each.value) for each in await records_of(place.servers, f"{place.prefix}answers")]
    assert [each.event_id for each in again] == [on_its_way, waiting]
    assert [each.occurred_at for each in again] == list(
        await place.pool.fetchval(
            "SELECT array_agg(announced_at ORDER BY announced_at) FROM answers WHERE answer_id <> $1", handled
        )
    )
    assert again[0].version > GENERATION_SPAN
