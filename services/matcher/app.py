"""Builds the matcher: pool, whole topics, partitions, stream, internal reads."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

from aiokafka.errors import KafkaError
from fastapi import FastAPI

from services.matcher.api import router
from services.matcher.compiling import compile_engine
from services.matcher.epochs import ModelEpochs, OtherBytes
from services.matcher.handlers import on_answers, on_projects
from services.matcher.judging import Judge
from services.matcher.matching.catalogue import Catalogue, preparation
from services.matcher.matching.heard import WHOLE_TOPICS
from services.matcher.matching.index import PLAIN, fastest
from services.matcher.measures import of_leases
from services.matcher.owners import OtherRules, Owners
from services.matcher.settings import Settings
from services.matcher.spool import Spool
from services.matcher.whole import KEEPER, Whole
from shared.absence import NOTED_EVERY_SECONDS, absences, note_presence
from shared.bodies import MOST_INTERNAL_BYTES, BoundBodies
from shared.broker import Stream, stop_this_process
from shared.database import CONNECTION_LOST, RETRIED, Pool, backoff, open_pool
from shared.http import SecurityHeaders, answer_while_away, asyncapi_routes, health_routes
from shared.log_identity import Log
from shared.logs import configure, is_worth_saying
from shared.received import Position, TopicPartitionNumber
from shared.telemetry import AtWork, metrics_route
from shared.text.model import load_text_model
from shared.tracing import exporting
from shared.watching import WatchRequests
from shared.whole_topics import WholeTopics

SERVICE = "matcher"
Result = TypeVar("Result")
Begun = tuple[dict[TopicPartitionNumber, Position], dict[TopicPartitionNumber, timedelta]]
"""Where whole topics go on, and for how long nobody has read them."""
logger = logging.getLogger(__name__)
HEARD = ("projects", "answers")
ENTERED_EVERY_SECONDS = 3.0
"""How often a process says that it is at work; others of other rules wait for thirty seconds of silence."""

_described = Stream(service=SERVICE)
_described.hears((*HEARD, *WHOLE_TOPICS), {})
stream = _described.faststream
"""What the matcher hears and says, for the AsyncAPI document."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The matcher; settings are read from the environment when it starts, unless given."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        read = settings or Settings()
        configure(SERVICE, read.log_level)
        app.state.service_token = read.service_token.get_secret_value()
        async with exporting(SERVICE, read.otlp_endpoint), running(read) as work:
            app.state.work, app.state.owners = work, work.owners
            yield

    def work() -> Work | None:
        return getattr(app.state, "work", None)

    def is_stuck() -> bool:
        return (found := work()) is not None and found.is_stuck()

    def problems() -> list[str]:
        found = work()
        return found.problems() if found else ["the matcher is starting"]

    def at_work() -> AtWork:
        found = work()
        return found.at_work() if found else AtWork(problems=len(problems()))

    def pool() -> Pool | None:
        found = work()
        return found.owners.pool if found else None

    app = FastAPI(title="Essaim : rapprochements", lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.include_router(router)
    app.include_router(health_routes(problems, pool, is_stuck, lambda: _notes(work())))
    app.include_router(asyncapi_routes(stream))
    app.include_router(metrics_route(pool, at_work, of_leases))
    answer_while_away(app)
    app.add_middleware(WatchRequests)
    app.add_middleware(BoundBodies, most=MOST_INTERNAL_BYTES)
    app.add_middleware(SecurityHeaders)
    return app


def _notes(work: "Work | None") -> list[str]:
    return work.notes() if work else []


@contextlib.asynccontextmanager
async def running(settings: Settings, give_up: Callable[[], None] = stop_this_process) -> "AsyncIterator[Work]":
    """The matcher at work, without its routes; `give_up` ends the process when what it lives by fails."""
    pool = await open_pool(settings.database_url, service=SERVICE)
    model = load_text_model()
    is_compiled = settings.engine == "compiled"
    judge = Judge(Catalogue(preparation(model), fastest() if is_compiled else PLAIN, Spool))
    owners = Owners(pool, judge, owner=uuid4().hex, address=settings.address)
    work = Work(settings, pool, owners, ModelEpochs(owners, model), give_up)
    compiling = partial(asyncio.to_thread, compile_engine, settings.compiled_dir)
    task = asyncio.create_task(work.run(compiling if is_compiled else None))
    try:
        yield work
    finally:
        task.cancel()
        await asyncio.wait([task])
        await work.stop()
        judge.close()
        await pool.close()


class Work:
    """What runs beside the routes: whole topics are read to their ends before this process joins the group."""

    def __init__(
        self, settings: Settings, pool: Pool, owners: Owners, epochs: ModelEpochs, give_up: Callable[[], None]
    ) -> None:
        servers, prefix = settings.kafka_bootstrap_servers, settings.topic_prefix
        self._servers, self._projects = servers, f"{prefix}projects"
        self.owners = owners
        self._epochs = epochs
        self._give_up = give_up
        self._kept_out: str | None = None
        self._is_compiling = False
        self._unsaid = 0
        self._whole = Whole(owners)
        self._topics = WholeTopics(
            servers, prefix, WHOLE_TOPICS, self._whole.on_records, service=SERVICE, set_aside_all=settings.set_aside_all
        )
        self._stream = Stream(
            service=SERVICE,
            bootstrap_servers=servers,
            topic_prefix=prefix,
            pool=pool,
            give_up=give_up,
            set_aside_all=settings.set_aside_all,
        )
        handlers = {"projects": partial(on_projects, owners), "answers": partial(on_answers, owners)}
        self._stream.hears(HEARD, handlers, owner=owners)

    async def run(self, compiling: Callable[[], Awaitable[None]] | None = None) -> None:
        """Work until cancelled, once what searches need is compiled."""
        try:
            if compiling is not None:
                self._is_compiling = True
                await compiling()
                self._is_compiling = False
            await self._topics.fill(*await self._begun())
            self.owners.judge.partitions = await self._count_partitions()
            await self._stream.start()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._topics.run())
                group.create_task(self._whole.tend())
                group.create_task(self._epochs.run())
                group.create_task(self._note_presence())
                group.create_task(self._stay_at_work())
        except Exception:
            logger.critical("the matcher stops", exc_info=True)
            self._give_up()
            raise

    async def _begun(self) -> Begun:
        while True:
            begun = await self._tried(self._begin)
            if begun is not None:
                return begun
            await asyncio.sleep(ENTERED_EVERY_SECONDS)

    async def _begin(self) -> Begun:
        """Where whole topics go on; nothing happens while a matcher of other rules is at work.

        Who joined the group before would take its partitions.
        """
        await self.owners.enter()
        await self._epochs.bring()
        stored = await self._whole.restore()
        async with self.owners.pool.acquire() as connection:
            return stored, await absences(connection, WHOLE_TOPICS)

    async def _stay_at_work(self) -> None:
        while True:
            await asyncio.sleep(ENTERED_EVERY_SECONDS)
            await self._tried(self.owners.enter)

    async def _tried(self, work: Callable[[], Awaitable[Result]]) -> Result | None:
        """What `work` returns; nothing where it must be tried again: readiness names why, or the log does."""
        try:
            result = await work()
        except (OtherRules, OtherBytes) as problem:
            if self._kept_out != str(problem):
                logger.warning("the matcher waits: %s", problem)
            self._kept_out = str(problem)
        except RETRIED as problem:
            self._unsaid += 1
            if is_worth_saying(self._unsaid):
                turns = {"turns": self._unsaid}
                logger.warning("this process could not begin, or say that it is at work", exc_info=problem, extra=turns)
        else:
            self._kept_out, self._unsaid = None, 0
            return result
        return None

    async def _note_presence(self) -> None:
        """Note for ever, where this process stores whole topics, those that it has read to their ends."""
        while True:
            if KEEPER in self.owners.owned:
                with contextlib.suppress(*CONNECTION_LOST):
                    await note_presence(self.owners.pool, await self._topics.read_to_ends())
            await asyncio.sleep(NOTED_EVERY_SECONDS)

    async def _count_partitions(self) -> int:
        """How many partitions projects have; waits for Kafka and for the topic."""
        attempt = 0
        while True:
            try:
                return len((await Log.of(self._servers, [self._projects])).partitions[self._projects])
            except (KafkaError, OSError) as error:
                attempt += 1
                logger.warning("the topics are not known yet", exc_info=error, extra={"attempts": attempt})
                await asyncio.sleep(backoff(attempt))

    async def stop(self) -> None:
        """Stop hearing; what was announced leaves."""
        if self.owners.judge.partitions:
            await self._stream.stop()
        await self._topics.stop()
        with contextlib.suppress(*CONNECTION_LOST):
            await self.owners.leave()

    def problems(self) -> list[str]:
        """Why not all is heard and judged, in words."""
        found = [*self._stream.problems(), self._topics.problem(), self._kept_out]
        if self._is_compiling:
            found.append("the matching engine is being compiled")
        if self.owners.catalogue.day is None:
            found.append("no day was heard yet: nothing can be judged")
        return [each for each in found if each]

    def notes(self) -> list[str]:
        """What an operator should know while all is well, in words."""
        return self._epochs.notes()

    def is_stuck(self) -> bool:
        """Whether hearing or judging has made no progress in a time that no outage explains."""
        return self._stream.stuck() or self.owners.judge.is_stuck()

    def at_work(self) -> AtWork:
        """What this process knows of itself; lag counts the whole topics, and the partitions that it owns."""
        lag = {**self._stream.lag(), **self._topics.lag()}
        return AtWork(lag, len(self.problems()), self.is_stuck(), self._stream.relay_active())


app = create_app()
