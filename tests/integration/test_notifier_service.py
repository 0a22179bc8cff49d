"""The notifier as it runs: matches on real Kafka become mails over real SMTP, and `deliveries` says so."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import SecretStr

from services.notifier.app import create_app
from services.notifier.settings import Settings
from shared.events.event import Event
from shared.events.people import MailDelivered
from tests.deadline import eventually
from tests.factories import match_changed, preference_set
from tests.integration.notifier_stage import Sink
from tests.streams import put, raw, records_of

TOKEN = "a token of tests"

Say = Callable[..., Awaitable[None]]

pytestmark = pytest.mark.partitions(1)


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a loopback port, in this process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listening])
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            await server.shutdown(sockets=[listening])


def ingest() -> FastAPI:
    """Ingest's internal read: everyone's contact is known."""
    app = FastAPI()

    @app.post("/internal/contacts")
    async def contacts(request: Request) -> JSONResponse:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        asked = (await request.json())["parties"]
        known = [
            party | {"person_id": f"per-{party['id']}", "email": f"{party['id']}@example.org", "name": None}
            for party in asked
        ]
        return JSONResponse({"contacts": known, "owners": []})

    return app


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    taken = Sink()
    await taken.start()
    yield taken
    await taken.stop()


@pytest.fixture
async def say(bootstrap_servers: str, topics: Callable[[str], str]) -> Say:
    async def put_events(*events: Event) -> None:
        for event in events:
            await put(bootstrap_servers, topics(event.topic), [raw(event)])

    return put_events


@asynccontextmanager
async def notifier(
    dsn: str, servers: str, prefix: str, ingest_url: str, sink: Sink
) -> AsyncIterator[httpx.AsyncClient]:
    """The whole service; the client reaches its routes."""
    settings = Settings(
        database_url=dsn,
        kafka_bootstrap_servers=servers,
        topic_prefix=prefix,
        service_token=SecretStr(TOKEN),
        link_secret=SecretStr("a secret for tests only"),
        ingest_url=ingest_url,
        public_url="https://essaim.example",
        smtp_host=sink.host,
        smtp_port=sink.port,
        window_seconds=0.2,
        suggestions_apart_seconds=0,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://notifier") as client:

            async def ready() -> bool:
                return (await client.get("/health/ready")).status_code == 200

            await eventually(ready, seconds=60)
            yield client


async def test_a_match_becomes_mails_that_are_said_and_a_restart_says_nothing_twice(
    database: Callable[[str], str],
    bootstrap_servers: str,
    topic_prefix: str,
    sink: Sink,
    say: Say,
) -> None:
    async def both_are_there() -> bool:
        return len(sink.mails) >= 2

    async def both_are_said() -> bool:
        return len(await records_of(bootstrap_servers, f"{topic_prefix}deliveries")) >= 2

    async def third_is_there() -> bool:
        return len(sink.mails) >= 3

    async with served(ingest()) as ingest_url:
        where = (database("notifier"), bootstrap_servers, topic_prefix, ingest_url, sink)
        async with notifier(*where) as client:
            assert (await client.get("/health/live")).status_code == 200
            assert "essaim.matches" in (await client.get("/asyncapi.json")).text
            await say(preference_set("per-eng-b", frequency="none"), match_changed())
            await eventually(both_are_there, seconds=30)
            await eventually(both_are_said, seconds=30)
        await say(match_changed("prj-b", "eng-b"))
        async with notifier(*where):
            await eventually(third_is_there, seconds=30)
    said = [
        MailDelivered.model_validate_json(r.value)
        for r in await records_of(bootstrap_servers, f"{topic_prefix}deliveries")
    ]
    assert [str(mail["To"]) for mail in sink.mails][2:] == ["prj-b@example.org"]
    assert {event.message_id for event in said} <= set(sink.message_ids)
    assert len(set(sink.message_ids)) == len(sink.mails) == 3
