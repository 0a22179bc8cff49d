"""A service that ends by an error ends: nothing of it goes on and holds what it closes.

Its relay has a connection of the pool as long as it runs: a pool closed before would wait for it for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.console.app import create_app as create_console
from services.console.settings import Settings as ConsoleSettings
from services.ingest.app import create_app as create_ingest
from services.notifier.app import create_app as create_notifier
from services.notifier.settings import Settings as NotifierSettings
from shared.broker import Stream
from tests.deadline import eventually

TOKEN = SecretStr("a token of tests")


@pytest.fixture(params=["ingest", "notifier", "console"])
async def app(
    request: pytest.FixtureRequest,
    database: Callable[[str], str],
    bootstrap_servers: str,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[FastAPI]:
    """A service on servers of this test's own, not started yet."""
    service: str = request.param
    settings = {
        "database_url": database(service),
        "kafka_bootstrap_servers": bootstrap_servers,
        "topic_prefix": topic_prefix,
        "service_token": TOKEN,
    }
    if service == "ingest":
        for name, value in settings.items():
            said = value.get_secret_value() if isinstance(value, SecretStr) else value
            monkeypatch.setenv(f"INGEST_{name.upper()}", said)
        yield create_ingest()
    elif service == "notifier":
        yield create_notifier(NotifierSettings.model_validate(settings | {"link_secret": TOKEN}))
    else:
        yield create_console(ConsoleSettings.model_validate(settings | {"link_secret": TOKEN}))


async def test_a_service_that_fails_at_work_closes_all_that_it_opened(app: FastAPI) -> None:
    async def fails_once_its_relay_is_at_work() -> None:
        async with app.router.lifespan_context(app):
            stream: Stream = app.state.stream
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                assert (await client.get("/health/live")).status_code == 200

            async def sends() -> bool:
                return stream.relay_active()

            await eventually(sends, seconds=60)
            raise RuntimeError("meanwhile")

    with pytest.raises(RuntimeError, match="meanwhile"):
        await asyncio.wait_for(fails_once_its_relay_is_at_work(), 90)
