"""Composition root of the notifier: builds the pool, the stream, the rounds and the health routes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
from fastapi import FastAPI

from services.notifier.connectors.contacts import TIMEOUT_SECONDS, Contacts
from services.notifier.handlers import HANDLERS
from services.notifier.mailer import Mailer
from services.notifier.measures import of_mails
from services.notifier.rounds.running import STOP_SECONDS, Rounds
from services.notifier.rounds.writing import MailWriter
from services.notifier.settings import Settings
from shared.bodies import MOST_INTERNAL_BYTES, BoundBodies
from shared.broker import Stream, stop_this_process
from shared.database import Pool, open_pool
from shared.http import SecurityHeaders, asyncapi_routes, health_routes
from shared.logs import configure
from shared.telemetry import AtWork, metrics_route
from shared.tracing import exporting
from shared.watching import WatchRequests
from shared.words.names import reference_names

SERVICE = "notifier"

logger = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The notifier; settings are read from the environment when it starts, unless given."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        read = settings or Settings()
        configure(SERVICE, read.log_level)
        app.state.pool = pool = await open_pool(read.database_url, service=SERVICE)
        app.state.stream = heard = _stream(read, pool)
        try:
            async with exporting(SERVICE, read.otlp_endpoint), _ingest(read) as client:
                app.state.rounds = rounds = _rounds(read, pool, Contacts(client))
                async with heard.running(), _going(rounds):
                    yield
        finally:
            await pool.close()

    app = FastAPI(title="Essaim : alertes", lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.state.pool = app.state.stream = app.state.rounds = None
    app.include_router(health_routes(lambda: _problems(app), lambda: _pool(app), lambda: _stuck(app)))
    app.include_router(asyncapi_routes(stream))
    app.include_router(metrics_route(lambda: _pool(app), lambda: _at_work(app), of_mails))
    app.add_middleware(WatchRequests)
    app.add_middleware(BoundBodies, most=MOST_INTERNAL_BYTES)
    app.add_middleware(SecurityHeaders)
    return app


@asynccontextmanager
async def _going(rounds: Rounds) -> AsyncIterator[None]:
    """Keep the rounds going, and let the mail at hand leave in the end."""
    running = asyncio.create_task(rounds.run())
    running.add_done_callback(_end_with)
    try:
        yield
    finally:
        rounds.stop()
        await asyncio.wait([running], timeout=STOP_SECONDS)
        running.cancel()


def _stream(settings: Settings | None = None, pool: Pool | None = None) -> Stream:
    """What the notifier hears: three topics, each in a group of its own."""
    if settings is None:
        built = Stream(service=SERVICE)
    else:
        built = Stream(
            service=SERVICE,
            bootstrap_servers=settings.kafka_bootstrap_servers,
            topic_prefix=settings.topic_prefix,
            pool=pool,
            set_aside_all=settings.set_aside_all,
        )
    for topic, handler in HANDLERS.items():
        built.hears([topic], {topic: handler})
    return built


def _ingest(settings: Settings) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {settings.service_token.get_secret_value()}"}
    return httpx.AsyncClient(base_url=settings.ingest_url, headers=headers, timeout=TIMEOUT_SECONDS)


def _rounds(settings: Settings, pool: Pool, contacts: Contacts) -> Rounds:
    smtp = settings.smtp()
    for doubt in smtp.doubts():
        logger.warning(doubt)
    writer = MailWriter(
        names=reference_names(),
        public_url=settings.public_url,
        link_secret=settings.link_secret.get_secret_value(),
        mail_from=settings.mail_from,
        window=timedelta(seconds=settings.window_seconds),
        apart=timedelta(seconds=settings.suggestions_apart_seconds),
    )
    return Rounds(pool, contacts, Mailer(smtp), writer)


def _problems(app: FastAPI) -> list[str]:
    """Why events are not heard or said, and what mails wait for: ingest, the mail server."""
    heard: Stream | None = app.state.stream
    rounds: Rounds | None = app.state.rounds
    return [*heard.problems(), *rounds.troubles()] if heard and rounds else ["not started"]


def _pool(app: FastAPI) -> Pool | None:
    pool: Pool | None = app.state.pool
    return pool


def _at_work(app: FastAPI) -> AtWork:
    heard: Stream | None = app.state.stream
    lag, active = (heard.lag(), heard.relay_active()) if heard else ({}, False)
    return AtWork(lag, len(_problems(app)), _stuck(app), active)


def _stuck(app: FastAPI) -> bool:
    """Whether hearing or a round has made no progress in a time that no outage explains."""
    heard: Stream | None = app.state.stream
    rounds: Rounds | None = app.state.rounds
    return bool((heard and heard.stuck()) or (rounds and rounds.stuck()))


def _end_with(running: asyncio.Task[None]) -> None:
    """End the process when its rounds end by an error: nobody else would notice."""
    if not running.cancelled() and (failure := running.exception()):
        logger.critical("the notifier stops", exc_info=failure)
        stop_this_process()


stream = _stream().faststream
app = create_app()
