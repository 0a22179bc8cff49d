"""A matcher process on a stage: real PostgreSQL, and a scripted log so that a test decides every order."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from uuid import uuid4

from services.matcher.audit import Difference, audit
from services.matcher.epochs import ModelEpochs
from services.matcher.handlers import on_answers, on_projects
from services.matcher.judging import Judge
from services.matcher.matching.catalogue import Catalogue, preparation
from services.matcher.owners import Owners
from services.matcher.whole import Whole
from shared.database import Connection, Pool, in_transaction, open_pool
from shared.events.event import VERSION_HEADER, Event
from shared.events.matches import MatchChanged
from shared.offsets import AfterCommit
from shared.received import Arrived, Batch, Position, Received
from shared.text.model import load_text_model
from shared.text.vectors import TextModel
from shared.whole_topics import WholeBatch
from tests.compiled import compiled_indexes

PARTITIONS = 2


def partition_of_project(project_id: str) -> int:
    """Where a project's records are: `prj-a` on 0, `prj-b` on 1, others by the last character."""
    return (ord(project_id[-1]) - ord("a")) % PARTITIONS


@dataclass
class Record:
    """A record as Kafka would deliver it."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int = 1_000


def other_model(name: str) -> TextModel:
    """The committed text model under another name, its rare terms made common and its common terms rare."""
    model = load_text_model()
    return replace(model, epoch=name, idf=model.idf.max() + model.idf.min() - model.idf)


@dataclass
class Log:
    """The log that all processes of a test read; offsets count per topic and partition."""

    ends: dict[tuple[str, int], int] = field(default_factory=dict)

    def append(self, topic: str, partition: int, key: str, version: int, event: Event | None) -> Record:
        """One more record."""
        offset = self.ends.get((topic, partition), 0)
        self.ends[topic, partition] = offset + 1
        body = event.to_bytes() if event else None
        return Record(topic, partition, offset, key.encode(), body, ((VERSION_HEADER, str(version).encode()),))

    def say(self, *events: Event) -> list[Record]:
        """The records of events, each on its key's partition."""
        return [self.append(each.topic, _place(each.topic, each.key), each.key, each.version, each) for each in events]

    def erase(self, topic: str, key: str, version: int) -> Record:
        """A tombstone."""
        return self.append(topic, _place(topic, key), key, version, None)


def _place(topic: str, key: str) -> int:
    return partition_of_project(key) if topic in {"projects", "answers"} else 0


class Process:
    """One matcher process: what it hears is handled as the stream would, each batch in one transaction."""

    def __init__(
        self,
        pool: Pool,
        *,
        session_seconds: float = 0,
        clock: Callable[[], float] = time.monotonic,
        model: str | None = None,
    ) -> None:
        """It carries a text model of its own named `model`, where given."""
        self.pool = pool
        carried = load_text_model() if model is None else other_model(model)
        judge = Judge(Catalogue(preparation(carried), compiled_indexes()))
        judge.partitions = PARTITIONS
        self.owners = Owners(
            pool,
            judge,
            owner=uuid4().hex,
            address="http://127.0.0.1:0",
            session_seconds=session_seconds,
            clock=clock,
        )
        self.whole = Whole(self.owners)
        self.epochs = ModelEpochs(self.owners, carried, clock=clock)
        self._handlers = {"projects": partial(on_projects, self.owners), "answers": partial(on_answers, self.owners)}
        self.read: dict[tuple[str, int], int] = {}

    async def takes(self, *partitions: int) -> "Process":
        """Become the owner of partitions."""
        for number in partitions:
            await self.owners.taken(number)
        return self

    async def hears(self, *records: Record) -> dict[int, str]:
        """Handle records in this order, those of one partition that follow one another as one batch.

        Returns why records were rejected, by offset.
        """
        rejected: dict[int, str] = {}
        for (topic, partition), group in groupby(records, key=lambda record: (record.topic, record.partition)):
            rejected |= await self.batch(topic, partition, list(group))
        return rejected

    async def batch(
        self, topic: str, partition: int, records: Sequence[Record], *, tell_memory: bool = True
    ) -> dict[int, str]:
        """Handle one batch; returns why records were rejected, by offset.

        Without `tell_memory`, as when the connection is lost after the commit.
        """
        arrived = Arrived.of(topic, partition, records)
        if topic not in self._handlers:
            whole = WholeBatch(arrived, Position(records[0].offset, -1, "test"))
            await self.whole.on_records(whole)
            return whole.rejected
        batch = Batch(topic, partition, tuple(each for each in arrived.read if isinstance(each, Received)))

        async def work(connection: Connection) -> AfterCommit:
            batch.rejected.clear()
            return await self._handlers[topic](connection, batch)

        after_commit = await in_transaction(self.pool, work)
        if tell_memory:
            after_commit()
        return batch.rejected

    def close(self) -> None:
        """End without a word, as a kill would."""
        self.owners.judge.close()


@asynccontextmanager
async def stage(dsn: str) -> AsyncIterator["Stage"]:
    """A database of the matcher with as many processes as the test starts."""
    pool = await open_pool(dsn, service="matcher", max_size=4)
    made = Stage(pool)
    try:
        yield made
    finally:
        for process in made.processes:
            process.close()
        await pool.close()


class Stage:
    """The processes of a test, what they have said, and what the entities say."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.log = Log()
        self.processes: list[Process] = []

    async def process(
        self,
        *partitions: int,
        session_seconds: float = 0,
        clock: Callable[[], float] = time.monotonic,
        model: str | None = None,
    ) -> Process:
        """One more process, with what is stored, owning these partitions."""
        process = Process(self.pool, session_seconds=session_seconds, clock=clock, model=model)
        self.processes.append(process)
        await process.owners.enter()
        await process.epochs.bring()
        await process.whole.restore()
        return await process.takes(*partitions)

    async def said(self) -> list[MatchChanged | str]:
        """All that was announced, in order: events, and the key of each tombstone."""
        rows = await self.pool.fetch("SELECT key, body FROM outbox WHERE topic = 'matches' ORDER BY id")
        return [MatchChanged.model_validate_json(row["body"]) if row["body"] else row["key"] for row in rows]

    async def changes(self) -> list[tuple[str, str]]:
        """What was announced, as (match id, change); tombstones as (match id, "erased")."""
        said = await self.said()
        return [(each, "erased") if isinstance(each, str) else (each.match_id, each.change) for each in said]

    async def match(self, match_id: str) -> MatchChanged:
        """The last event of a match, which must not be a tombstone."""
        found = [each for each in await self.said() if isinstance(each, MatchChanged) and each.match_id == match_id]
        return found[-1]

    async def differences(self) -> list[Difference]:
        """What is stored and not as the entities say."""
        return await audit(self.pool)
