"""A notifier whose database was restored or emptied tells nobody anything twice, on real servers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.handlers import HANDLERS
from shared.broker import Stream
from shared.events.event import GENERATION_SPAN
from shared.events.matches import HistoryEntry, MatchChanged
from shared.log_versions import LogIsAhead
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import erased, match_changed, preference_set
from tests.integration.notifier_stage import Stage, on_stage
from tests.integration.restored import Backups, generation, relay, remake_topics, restore, said_last, version_of
from tests.streams import put, raw, records_of, started

HOUR, MONTHS = timedelta(hours=1), timedelta(days=60)


class Place:
    """One notifier with its log."""

    def __init__(self, stage: Stage, dsn: str, backups: Backups, servers: str, prefix: str) -> None:
        self.stage, self.dsn, self.backups = stage, dsn, backups
        self.servers, self.prefix = servers, prefix
        self._said = 0

    async def says(self, *events: Any) -> None:
        """Put events into the log."""
        for event in events:
            await put(self.servers, self.prefix + event.topic, [raw(event)])

    async def hears(self) -> None:
        """Hear all that is in the log and say all that waits, as the service does."""
        pool = self.stage.pool
        stream = Stream(service="notifier", bootstrap_servers=self.servers, topic_prefix=self.prefix, pool=pool)
        for topic, handler in HANDLERS.items():
            stream.hears([topic], {topic: handler}, group=f"{self.prefix}{topic}")

        async def all_heard() -> bool:
            waiting = await pool.fetchval("SELECT EXISTS (SELECT FROM outbox)")
            ends = {topic: len(await records_of(self.servers, self.prefix + topic)) for topic in HANDLERS}
            held = await pool.fetch("SELECT topic, sum(next_offset) AS read FROM offsets GROUP BY topic")
            read = {row["topic"]: row["read"] for row in held}
            return not waiting and all(read.get(topic, 0) >= end for topic, end in ends.items())

        async with started(stream):
            await eventually(all_heard, seconds=60)

    async def tells(self) -> None:
        """Hear, make mails, send them and say so."""
        await self.hears()
        await self.stage.go()
        await relay(self.stage.pool, "notifier", self.servers, self.prefix)

    async def restores(self) -> Any:
        """The command."""
        return await restore(self.dsn, "notifier", self.servers, self.prefix)

    def match(self, **changes: Any) -> MatchChanged:
        """The match of the factories, proposed an hour ago."""
        at = self.stage.now - HOUR
        step = HistoryEntry(at=at, change="proposed")
        return match_changed(**{"occurred_at": at, "began_at": at, "history": (step,), **changes})


@pytest.fixture
async def place(
    database: ServiceDsn, postgres_dsn: str, bootstrap_servers: str, topic_prefix: str
) -> AsyncIterator[Place]:
    """A notifier of this test's own, and who answers for both sides of a match."""
    dsn = database("notifier")
    async with on_stage(dsn) as stage:
        stage.ingest.knows("project", "prj-a", "per-p")
        stage.ingest.knows("commitment", "eng-a", "per-o")
        yield Place(stage, dsn, Backups(postgres_dsn, dsn, "notifier"), bootstrap_servers, topic_prefix)


async def test_an_older_database_tells_only_what_was_not_told(place: Place) -> None:
    saved = await place.backups.save()
    match = place.match()
    await place.says(preference_set("per-o", frequency="none", version=2), match)
    await place.tells()
    assert len(place.stage.sink.mails) == 1
    await place.backups.put_back(saved)
    with pytest.raises(LogIsAhead, match="essaim restored notifier"):
        await relay(place.stage.pool, "notifier", place.servers, place.prefix)
    report = await place.restores()
    assert report.counts["mails"] == 1
    await place.tells()
    assert len(place.stage.sink.mails) == 1
    chosen = await place.stage.pool.fetchval("SELECT frequency FROM recipients WHERE person_id = 'per-o'")
    assert chosen == "none"
    at = place.stage.now
    steps = (*match.history, HistoryEntry(at=at, change="interested", side="offer"))
    news = {"state": "interested", "change": "interested", "entered": (), "interested_sides": ("offer",)}
    await place.says(place.match(version=2, occurred_at=at, history=steps, began_at=match.began_at, **news))
    await place.tells()
    assert len(place.stage.sink.mails) == 2
    last = said_last(await records_of(place.servers, f"{place.prefix}deliveries"))
    assert max(map(version_of, last.values())) == GENERATION_SPAN + 1


async def test_a_mail_that_was_sent_since_the_backup_is_not_sent_again(place: Place) -> None:
    await place.says(place.match())
    await place.hears()
    await place.stage.assign()
    place.stage.now += HOUR
    await place.stage.freeze()
    saved = await place.backups.save()
    await place.stage.send()
    await relay(place.stage.pool, "notifier", place.servers, place.prefix)
    await place.backups.put_back(saved)
    await place.restores()
    await place.tells()
    assert len(place.stage.sink.mails) == 2
    assert await place.stage.pool.fetchval("SELECT count(*) FROM mails WHERE state = 'sent'") == 2


async def test_an_emptied_database_tells_nothing_twice_nothing_old_and_nothing_of_the_erased(place: Place) -> None:
    empty = await place.backups.save()
    at = place.stage.now - MONTHS
    long_ago = {
        "occurred_at": at, "began_at": at, "history": (HistoryEntry(at=at, change="introduced"),),
        "state": "introduced", "change": "introduced", "interested_sides": ("project", "offer"), "entered": (),
    }  # fmt: skip
    await place.says(place.match(), erased("person", "per-x"))
    await place.tells()
    assert len(place.stage.sink.mails) == 2
    await place.says(match_changed("prj-old", **long_ago), preference_set("per-x"))
    place.stage.ingest.knows("project", "prj-old", "per-p")
    await place.backups.put_back(empty)
    for _ in range(2):
        await place.restores()
    assert await generation(place.dsn, "notifier") == 2
    # As a matcher that was restored too says it again.
    await place.says(match_changed("prj-old", version=GENERATION_SPAN + 1, **long_ago))
    await place.tells()
    assert len(place.stage.sink.mails) == 2
    assert await place.stage.rows("recipients WHERE person_id = 'per-x'") == 0


async def test_topics_made_anew_tell_nothing_twice(place: Place) -> None:
    match = place.match()
    await place.says(match)
    await place.tells()
    await remake_topics(place.servers, place.prefix, partitions=4)
    await place.restores()
    await place.says(match.model_copy(update={"version": GENERATION_SPAN + 1, "entered": ()}))
    await place.tells()
    assert len(place.stage.sink.mails) == 2


async def test_a_log_that_is_older_takes_back_no_choice_and_tells_nothing_twice(place: Place) -> None:
    match, at = place.match(), place.stage.now
    await place.says(match, preference_set("per-o", frequency="daily"))
    await place.tells()
    told = len(place.stage.sink.mails)
    steps = (*match.history, HistoryEntry(at=at, change="interested", side="offer"))
    news = {"state": "interested", "change": "interested", "entered": (), "interested_sides": ("offer",)}
    later = place.match(version=2, occurred_at=at, history=steps, began_at=match.began_at, **news)
    await place.says(later, preference_set("per-o", frequency="none", version=2))
    await place.tells()
    mails = len(place.stage.sink.mails)
    assert mails > told
    await remake_topics(place.servers, place.prefix, partitions=4)
    await place.says(match, preference_set("per-o", frequency="daily"))
    await place.restores()
    await place.says(later.model_copy(update={"version": GENERATION_SPAN + 1}))
    await place.tells()
    assert len(place.stage.sink.mails) == mails
    chosen = await place.stage.pool.fetchval("SELECT frequency FROM recipients WHERE person_id = 'per-o'")
    assert chosen == "none"
