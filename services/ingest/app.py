"""Composition root of ingest: builds the pool, the stream and the routes; nothing connects at import."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.ingest.api import internal
from services.ingest.api.desk import Desk
from services.ingest.api.entities import routes_of
from services.ingest.api.limits import Limiter
from services.ingest.api.problems import Problem, answer_problem
from services.ingest.intake.known import suggest_nothing
from services.ingest.settings import Settings
from shared import logs
from shared.broker import Stream
from shared.database import open_pool


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens what the service needs, and closes it in the other order."""
    settings = Settings()
    logs.configure("ingest", settings.log_level)
    pool = await open_pool(settings.database_url, service="ingest")
    try:
        app.state.desk = Desk(
            pool,
            Limiter(settings.calls_per_minute, time.monotonic),
            settings.service_token.get_secret_value(),
            suggest_nothing,
        )
        running = Stream(
            service="ingest",
            bootstrap_servers=settings.kafka_bootstrap_servers,
            topic_prefix=settings.topic_prefix,
            pool=pool,
        )
        await running.start()
        try:
            yield
        finally:
            await running.stop()
    finally:
        await pool.close()


def create_app() -> FastAPI:
    """The application, without connections until it starts."""
    application = FastAPI(title="Essaim : dépôts", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    for entity_type in ("project", "commitment", "fund", "territory"):
        application.include_router(routes_of(entity_type))
    application.include_router(internal.router)
    application.add_exception_handler(Problem, answer_problem)  # type: ignore[arg-type]  # narrower than Exception
    return application


app = create_app()
stream = Stream(service="ingest").faststream
