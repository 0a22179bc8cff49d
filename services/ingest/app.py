"""Composition root of ingest: builds the pool, the stream and the routes; nothing connects at import."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from services.ingest import handlers
from services.ingest.api import documentation, erasure, imports, internal
from services.ingest.api.context import Context
from services.ingest.api.entities import routes_of
from services.ingest.api.limits import AnnounceLimits, Limiter
from services.ingest.api.openapi import openapi
from services.ingest.api.problems import add_problem_handlers
from services.ingest.days import keep_saying_days
from services.ingest.feeds import feeds_of, keep_polling
from services.ingest.intake.known import warm_up
from services.ingest.seed import load_reference
from services.ingest.settings import Settings
from shared import logs
from shared.bodies import BoundBodies
from shared.broker import Stream, stop_this_process
from shared.clock import utc_now
from shared.database import Pool, open_pool
from shared.events.vocabulary import EntityType
from shared.failures import failure_of
from shared.http import AnswerHead, SecurityHeaders, asyncapi_routes, health_routes
from shared.proxies import BehindProxies
from shared.telemetry import AtWork, metrics_route
from shared.tracing import exporting
from shared.watching import WatchRequests

logger = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024
"""Of a request; a file has a limit of its own."""
ENTITY_TYPES: tuple[EntityType, ...] = ("project", "commitment", "fund", "territory")


def stream_of(settings: Settings | None = None, pool: Pool | None = None) -> Stream:
    """What ingest hears and says; without settings, to be described only."""
    if settings is None:
        running = Stream(service="ingest")
    else:
        running = Stream(
            service="ingest",
            bootstrap_servers=settings.kafka_bootstrap_servers,
            topic_prefix=settings.topic_prefix,
            pool=pool,
            set_aside_all=settings.set_aside_all,
        )
    running.hears(["matches"], {"matches": handlers.on_matches})
    return running


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens what the service needs, and closes it in the other order."""
    settings = Settings()
    logs.configure("ingest", settings.log_level)
    pool = await open_pool(settings.database_url, service="ingest")
    try:
        # Read now, or the first submission would wait for it.
        await asyncio.to_thread(warm_up)
        if settings.load_reference:
            await load_reference(pool)
        limiter = Limiter(settings.calls_per_minute, time.monotonic)
        app.state.trusted_proxies = settings.trusted_proxies
        app.state.context = Context(pool, limiter, settings.service_token.get_secret_value())
        app.state.stream = stream_of(settings, pool)
        async with (
            exporting("ingest", settings.otlp_endpoint),
            httpx.AsyncClient(follow_redirects=True, max_redirects=3) as client,
            app.state.stream.running(),
        ):
            tasks = [asyncio.create_task(_guarded(work)) for work in _background(settings, pool, client)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await pool.close()


def _background(settings: Settings, pool: Pool, client: httpx.AsyncClient) -> list[Coroutine[Any, Any, None]]:
    every = timedelta(seconds=settings.poll_every_s)
    return [
        keep_saying_days(pool),
        keep_polling(pool, feeds_of(settings), client, every=every, clock=utc_now),
    ]


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    """Ends the process when work that never ends has failed: a supervisor starts it again."""
    failure = await failure_of(work)
    if failure is not None:
        logger.critical("background work failed: the service stops", exc_info=failure)
        stop_this_process()


def create_app() -> FastAPI:
    """The application, without connections until it starts."""
    made = FastAPI(
        title="Essaim : dépôt de projets, d'engagements et de fonds",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for entity_type in ENTITY_TYPES:
        made.include_router(routes_of(entity_type))
        made.include_router(erasure.erasure_route_of(entity_type))
    for router in (imports.router, erasure.router, documentation.router, internal.router):
        made.include_router(router)
    made.include_router(
        health_routes(lambda: _stream(made).problems(), lambda: _pool(made), lambda: _stream(made).stuck())
    )
    made.include_router(metrics_route(lambda: _pool(made), lambda: _at_work(made)))
    made.include_router(asyncapi_routes(stream))
    made.add_middleware(WatchRequests)
    made.add_middleware(BoundBodies, most=MOST_BYTES, larger={imports.router.prefix: imports.MOST_BYTES})
    made.add_middleware(AnnounceLimits)
    made.add_middleware(SecurityHeaders)
    made.add_middleware(AnswerHead)
    made.add_middleware(BehindProxies, trusted=lambda: made.state.trusted_proxies)
    add_problem_handlers(made)
    made.openapi = openapi  # type: ignore[method-assign]  # ours says what the routes alone cannot
    return made


def _stream(app: FastAPI) -> Stream:
    found: Stream = app.state.stream
    return found


def _at_work(app: FastAPI) -> AtWork:
    heard = _stream(app)
    return AtWork(heard.lag(), len(heard.problems()), heard.stuck(), heard.relay_active())


def _pool(app: FastAPI) -> Pool | None:
    return app.state.context.pool if hasattr(app.state, "context") else None


stream = stream_of().faststream
app = create_app()
