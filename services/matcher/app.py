"""Builds the matcher: pool, whole topics, partitions, stream, internal reads."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from uuid import uuid4

from fastapi import FastAPI

from services.matcher.api import Internal, router
from services.matcher.handlers import on_answers, on_projects
from services.matcher.judging import Judge
from services.matcher.offers import WHOLE_TOPICS, Catalogue, preparation
from services.matcher.owners import Owners
from services.matcher.settings import Settings
from services.matcher.whole import Whole
from shared.broker import Stream, stop_this_process
from shared.database import Pool, open_pool
from shared.log_identity import Log
from shared.logs import configure
from shared.whole_topics import WholeTopics

SERVICE = "matcher"
logger = logging.getLogger(__name__)
HEARD = ("projects", "answers")

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
        async with running(read) as internal:
            app.state.internal = internal
            yield

    app = FastAPI(title="Essaim: matcher", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.include_router(router)
    return app


@contextlib.asynccontextmanager
async def running(settings: Settings, give_up: Callable[[], None] = stop_this_process) -> AsyncIterator[Internal]:
    """The matcher at work, without its routes; `give_up` ends the process when what it lives by fails."""
    pool = await open_pool(settings.database_url, service=SERVICE)
    judge = Judge(Catalogue(preparation()))
    owners = Owners(pool, judge, owner=uuid4().hex, address=settings.address)
    work = _Work(settings, pool, owners, give_up)
    task = asyncio.create_task(work.run())
    try:
        yield Internal(owners, settings.service_token.get_secret_value(), work.problems)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await work.stop()
        judge.close()
        await pool.close()


class _Work:
    """What runs beside the routes: whole topics are read to their ends before this process joins the group."""

    def __init__(self, settings: Settings, pool: Pool, owners: Owners, give_up: Callable[[], None]) -> None:
        servers, prefix = settings.kafka_bootstrap_servers, settings.topic_prefix
        self._servers, self._projects = servers, f"{prefix}projects"
        self._owners = owners
        self._give_up = give_up
        self._whole = Whole(owners)
        self._topics = WholeTopics(servers, prefix, WHOLE_TOPICS, self._whole.on_records, service=SERVICE)
        self._stream = Stream(
            service=SERVICE, bootstrap_servers=servers, topic_prefix=prefix, pool=pool, give_up=give_up
        )
        handlers = {"projects": partial(on_projects, owners), "answers": partial(on_answers, owners)}
        self._stream.hears(HEARD, handlers, owner=owners)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            await self._topics.fill(await self._whole.restore())
            log = await Log.of(self._servers, [self._projects])
            self._owners.judge.partitions = len(log.partitions[self._projects])
            await self._stream.start()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._topics.run())
                group.create_task(self._whole.tend())
        except Exception:
            logger.critical("the matcher stops", exc_info=True)
            self._give_up()
            raise

    async def stop(self) -> None:
        """Stop hearing; what was announced leaves."""
        if self._owners.judge.partitions:
            await self._stream.stop()
        await self._topics.stop()

    def problems(self) -> list[str]:
        """Why not all is heard and judged, in words."""
        whole = self._topics.problem()
        return [*self._stream.problems(), *([whole] if whole else [])]


app = create_app()
