"""Builds the console: pool, stream, other services, feed, pages."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from services.console.connectors.ingest import Ingest
from services.console.connectors.matcher import Matcher
from services.console.handlers import HANDLERS
from services.console.live import Feed
from services.console.mailer import Mailer
from services.console.pages import errors, routes
from services.console.pages.context import Console, Site
from services.console.pages.housekeeping import keep_house, say_due_answers
from services.console.settings import Settings
from shared.bodies import BoundBodies
from shared.broker import Stream, stop_this_process
from shared.clock import utc_now
from shared.database import Pool, open_pool
from shared.http import AnswerHead, SecurityHeaders, asyncapi_routes, health_routes
from shared.logs import configure
from shared.proxies import BehindProxies
from shared.telemetry import AtWork, metrics_route
from shared.tracing import exporting
from shared.watching import WatchRequests

logger = logging.getLogger(__name__)

SERVICE = "console"
INTERNAL_TIMEOUT_S = 5.0
MOST_BYTES = 200_000
"""Of a form, or of an answer in JSON."""

_described = Stream(service=SERVICE)
_described.hears(tuple(HANDLERS), HANDLERS)
stream = _described.faststream
"""What the console hears and says, for the AsyncAPI document."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The console; settings are read from the environment when it starts, unless given."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        read = settings or Settings()
        configure(SERVICE, read.log_level)
        pool = await open_pool(read.database_url, service=SERVICE)
        heard = Stream(
            service=SERVICE,
            bootstrap_servers=read.kafka_bootstrap_servers,
            topic_prefix=read.topic_prefix,
            pool=pool,
            set_aside_all=read.set_aside_all,
        )
        heard.hears(tuple(HANDLERS), HANDLERS)
        try:
            async with exporting(SERVICE, read.otlp_endpoint), _clients(read) as (ingest, matcher):
                app.state.stream = heard
                app.state.trusted_proxies = read.trusted_proxies
                app.state.console = console = _console(read, pool, Ingest(ingest), Matcher(matcher))
                async with heard.running(), _beside(console):
                    yield
        finally:
            await pool.close()

    app = FastAPI(title="Essaim", version="1", lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    _add_middleware(app)
    app.include_router(health_routes(lambda: _problems(app), lambda: _pool(app), lambda: _stuck(app)))
    app.include_router(metrics_route(lambda: _pool(app), lambda: _at_work(app)))
    app.include_router(asyncapi_routes(stream))
    routes.install(app)
    errors.install(app)
    return app


def _add_middleware(app: FastAPI) -> None:
    """What is added last sees a request first."""
    app.add_middleware(WatchRequests)
    app.add_middleware(BoundBodies, most=MOST_BYTES)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(SecurityHeaders, policy=routes.POLICY)
    app.add_middleware(AnswerHead)
    app.add_middleware(BehindProxies, trusted=lambda: app.state.trusted_proxies)


def _problems(app: FastAPI) -> list[str]:
    heard: Stream | None = getattr(app.state, "stream", None)
    return heard.problems() if heard else ["starting"]


def _at_work(app: FastAPI) -> AtWork:
    heard: Stream | None = getattr(app.state, "stream", None)
    lag, active = (heard.lag(), heard.relay_active()) if heard else ({}, False)
    return AtWork(lag, len(_problems(app)), _stuck(app), active)


def _stuck(app: FastAPI) -> bool:
    heard: Stream | None = getattr(app.state, "stream", None)
    return heard is not None and heard.stuck()


def _pool(app: FastAPI) -> Pool | None:
    console: Console | None = getattr(app.state, "console", None)
    return console.pool if console else None


def _console(settings: Settings, pool: Pool, ingest: Ingest, matcher: Matcher) -> Console:
    smtp = settings.smtp()
    for doubt in smtp.doubts():
        logger.warning(doubt)
    return Console(
        site=Site(
            public_url=settings.public_url,
            link_secret=settings.link_secret.get_secret_value(),
            contact_address=settings.contact_address,
            demo=settings.demo,
            demo_addresses=settings.demo_addresses,
            decline_grace_s=settings.decline_grace_s,
            demo_mail_page=settings.demo_mail_page,
        ),
        pool=pool,
        ingest=ingest,
        matcher=matcher,
        mailer=Mailer(
            smtp,
            ingest,
            pool,
            public_url=settings.public_url,
            link_secret=settings.link_secret.get_secret_value(),
            clock=utc_now,
        ),
        feed=Feed(pool),
        clock=utc_now,
        new_id=uuid.uuid4,
    )


@contextlib.asynccontextmanager
async def _clients(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    headers = {"Authorization": f"Bearer {settings.service_token.get_secret_value()}"}
    async with (
        httpx.AsyncClient(base_url=settings.ingest_url, headers=headers, timeout=INTERNAL_TIMEOUT_S) as ingest,
        httpx.AsyncClient(base_url=settings.matcher_url, headers=headers, timeout=INTERNAL_TIMEOUT_S) as matcher,
    ):
        yield ingest, matcher


@contextlib.asynccontextmanager
async def _beside(console: Console) -> AsyncIterator[None]:
    """Keep going what runs beside the pages, and end it with the process."""
    work = (console.feed.run(), console.mailer.run(), say_due_answers(console), keep_house(console))
    tasks = [asyncio.create_task(one) for one in work]
    for task in tasks:
        task.add_done_callback(_end_with_it)
    try:
        with console.feed.closed_by_signals():
            yield
    finally:
        await console.feed.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _end_with_it(task: asyncio.Task[None]) -> None:
    """Work beside the pages never ends by itself: when it does, the process ends too, and says why."""
    failure = None if task.cancelled() else task.exception()
    if failure is not None:
        logger.critical("the console stops: work beside its pages failed", exc_info=failure)
        stop_this_process()


app = create_app()
