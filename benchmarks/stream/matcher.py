"""The matcher as a whole against the sum of its parts, each alone on the same events: processor time of one process."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event as Signal
from typing import Any

import asyncpg

from benchmarks.stream.installation import PARTITIONS, SAID_AT, Installation, event_id
from benchmarks.workload import DAY, Workload
from deploy.local.roles import dsn_of
from services.matcher.app import Work, running
from services.matcher.handlers import on_projects
from services.matcher.settings import Settings
from shared.database import Connection, Pool, in_transaction
from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished
from shared.events.event import Event
from shared.events.people import DayStarted
from shared.events.shapes import Commitment
from shared.received import Batch, Received
from shared.sending import partition_of
from shared.subscribing import MOST_RECORDS

READY_SECONDS = 300.0
HANDLED_SECONDS = 900.0
_RELAY_LOCK = "SELECT pg_advisory_lock(hashtext('essaim-relay'), hashtext('matcher'))"


def offers_said(workload: Workload, count: int) -> list[Event]:
    """The day, and so many offers."""
    said: list[Event] = [DayStarted(version=1, event_id=event_id(1), occurred_at=SAID_AT, day=DAY)]
    for number, offer in enumerate(workload.offers(count), start=2):
        told: dict[str, Any] = {"version": 1, "event_id": event_id(number), "occurred_at": SAID_AT}
        is_commitment = isinstance(offer, Commitment)
        said.append(
            CommitmentPublished(**told, commitment=offer) if is_commitment else FundPublished(**told, fund=offer)
        )
    return said


def projects_said(workload: Workload, count: int) -> list[ProjectPublished]:
    """So many projects."""
    return [
        ProjectPublished(version=1, event_id=event_id(number), occurred_at=SAID_AT, project=project)
        for number, project in enumerate(workload.projects(count), start=1)
    ]


async def parts(installation: Installation, offers: Sequence[Event], projects: Sequence[Event]) -> dict[str, float]:
    """Microseconds per project of judging, without Kafka, and of relaying what follows; how much that is."""
    await installation.prepare("parts", ["matcher"])
    await installation.say("parts.", offers)
    dsn = _dsn(installation, "parts")
    # Whoever holds this lock is the relay: the matcher's own waits meanwhile.
    relay = await asyncpg.connect(dsn)
    await relay.execute(_RELAY_LOCK)
    async with _ready(installation, "parts", dsn) as work:
        pool = work.owners.pool
        before = time.process_time()
        for batch in _batches(projects):
            await _handle(work, batch)
        judged = time.process_time()
        said = await pool.fetchval("SELECT count(*) FROM outbox")
        await relay.close()
        begun = time.process_time()
        await _until(lambda: _is_sent(pool))
        relayed = time.process_time()
    return {
        "judge and store": (judged - before) / len(projects) * 1e6,
        "relay": (relayed - begun) / len(projects) * 1e6,
        "matches said per project": said / len(projects),
    }


async def whole(installation: Installation, offers: Sequence[Event], projects: Sequence[Event]) -> float:
    """Microseconds per project of a matcher that hears, judges, stores and says; somebody else publishes."""
    await installation.prepare("whole", ["matcher"])
    await installation.say("whole.", offers)
    async with _ready(installation, "whole", _dsn(installation, "whole")) as work:
        pool = work.owners.pool
        context = get_context("spawn")
        begun, go = context.Event(), context.Event()
        servers = installation.servers.bootstrap_servers
        others = context.Process(target=_say, args=(servers, projects, begun, go))
        others.start()
        await asyncio.to_thread(begun.wait)
        before = time.process_time()
        go.set()
        await _until(lambda: _is_handled(pool, len(projects)))
        spent = time.process_time() - before
        await asyncio.to_thread(others.join)
    return spent / len(projects) * 1e6


def _say(servers: str, projects: Sequence[Event], begun: Signal, go: Signal) -> None:
    begun.set()
    go.wait()
    asyncio.run(Installation.say_on(servers, "whole.", projects))


@asynccontextmanager
async def _ready(installation: Installation, part: str, dsn: str) -> AsyncIterator[Work]:
    settings = Settings.model_validate(
        {
            "database_url": dsn,
            "kafka_bootstrap_servers": installation.servers.bootstrap_servers,
            "topic_prefix": f"{part}.",
            "service_token": "of a benchmark",
            "compiled_dir": installation.compiled,
        }
    )
    async with running(settings, give_up=lambda: None) as work:

        async def is_ready() -> bool:
            return not work.problems() and work.owners.owned == list(range(PARTITIONS))

        await _until(is_ready, READY_SECONDS)
        yield work


async def _handle(work: Work, batch: Batch) -> None:
    async def handle(connection: Connection) -> Callable[[], None] | None:
        return await on_projects(work.owners, connection, batch)

    after_commit = await in_transaction(work.owners.pool, handle)
    if after_commit is not None:
        after_commit()


def _batches(projects: Sequence[Event]) -> list[Batch]:
    """As many as a reading hands over at once, by partition."""
    places: dict[int, list[Received]] = defaultdict(list)
    for event in projects:
        place = partition_of(event.partition_key, PARTITIONS)
        offset = len(places[place])
        places[place].append(Received("projects", place, offset, event.key, event.version, event, 0))
    return [
        Batch("projects", place, tuple(records[at : at + MOST_RECORDS]))
        for place, records in sorted(places.items())
        for at in range(0, len(records), MOST_RECORDS)
    ]


async def _is_sent(pool: Pool) -> bool:
    return not await pool.fetchval("SELECT EXISTS (SELECT FROM outbox)")


async def _is_handled(pool: Pool, count: int) -> bool:
    handled = await pool.fetchval("SELECT coalesce(sum(next_offset), 0) FROM offsets WHERE topic = 'projects'")
    return bool(handled >= count and await _is_sent(pool))


async def _until(holds: Callable[[], Any], seconds: float = HANDLED_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.1)


def _dsn(installation: Installation, part: str) -> str:
    return dsn_of(installation.servers.dsn(part), "matcher", installation.password("matcher"))
