"""A real console for a real browser: its own database and topics, events put on Kafka, other services doubled."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI, Request
from fastapi.responses import Response
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect
from pydantic import SecretStr

from services.console.app import create_app
from services.console.settings import Settings
from services.console.views.sign_in import DEMO_ROLES
from shared.events.event import Event
from shared.events.people import AnswerGiven
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.integration.console_stage import COMPANY, COORDINATOR, OWNER, SECRET, Elsewhere
from tests.streams import put, raw

TOKEN = "a token of tests"
ADDRESS_OF = {role.role: role.address for role in DEMO_ROLES}


@dataclass
class Essaim:
    """The console as it runs, and what feeds it."""

    url: str
    servers: str
    topic: Callable[[str], str]
    elsewhere: Elsewhere = field(default_factory=Elsewhere)

    async def say(self, *events: Event) -> None:
        """Put events on their topics, as relays do."""
        for event in events:
            await put(self.servers, self.topic(event.topic), [raw(event)])

    async def answers(self, count: int) -> list[AnswerGiven]:
        """The first answers on the topic, once there are so many."""
        consumer = AIOKafkaConsumer(
            self.topic("answers"),
            bootstrap_servers=self.servers,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            async with asyncio.timeout(20):
                return [AnswerGiven.model_validate_json((await consumer.getone()).value) for _ in range(count)]
        finally:
            await consumer.stop()


@pytest.fixture
async def essaim(database: ServiceDsn, bootstrap_servers: str, topics: Callable[[str], str]) -> AsyncIterator[Essaim]:
    """A console in demonstration mode, ready."""
    elsewhere = Elsewhere()
    for person, role in ((COORDINATOR, "coordination"), (COMPANY, "entreprise"), (OWNER, "porteur")):
        elsewhere.know(person, ADDRESS_OF[role])
    async with served(doubled(elsewhere)) as other, _console(database, bootstrap_servers, topics, other) as url:
        yield Essaim(url, bootstrap_servers, topics, elsewhere)


@asynccontextmanager
async def _console(
    database: ServiceDsn, servers: str, topics: Callable[[str], str], elsewhere: str
) -> AsyncIterator[str]:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{chosen.getsockname()[1]}"
        settings = Settings(
            database_url=database("console"),
            kafka_bootstrap_servers=servers,
            topic_prefix=topics(""),
            service_token=SecretStr(TOKEN),
            link_secret=SecretStr(SECRET),
            ingest_url=elsewhere,
            matcher_url=elsewhere,
            public_url=url,
            demo=True,
            decline_grace_s=3_600,
        )
        async with served(create_app(settings), chosen):
            async with httpx.AsyncClient(base_url=url) as client:

                async def ready() -> bool:
                    return (await client.get("/health/ready")).status_code == 200

                await eventually(ready, seconds=60)
            yield url


@asynccontextmanager
async def served(app: FastAPI, listening: socket.socket | None = None) -> AsyncIterator[str]:
    """The application on a loopback port, in this process."""
    with listening or socket.socket() as chosen:
        if listening is None:
            chosen.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=5))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[chosen])
        try:
            yield f"http://127.0.0.1:{chosen.getsockname()[1]}"
        finally:
            await server.shutdown(sockets=[chosen])


def doubled(elsewhere: Elsewhere) -> FastAPI:
    """Ingest and the matcher, as far as the console asks them."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH"])
    async def answer(request: Request) -> Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        asked = httpx.Request(
            request.method, str(request.url), headers=dict(request.headers), content=await request.body()
        )
        said = elsewhere(asked)
        return Response(said.content, said.status_code, {"ETag": said.headers.get("etag", "")}, "application/json")

    return app


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The machine's Chromium, else Playwright's own."""
    expect.set_options(timeout=20_000)
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        await launched.close()


Visit = Callable[..., Awaitable[Page]]


@pytest.fixture
async def visit(browser: Browser, essaim: Essaim) -> AsyncIterator[Visit]:
    """`await visit("coordination", "/path", width=390, dark=True, scripts=False)`: a page open there, as that role."""
    opened: list[BrowserContext] = []

    async def open_page(
        role: str = "", path: str = "", *, width: int = 1280, dark: bool = False, scripts: bool = True
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            locale="fr-FR",
        )
        opened.append(context)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        if role:
            await page.goto(f"{essaim.url}/connexion")
            await page.locator(f"form:has(input[value='{role}']) button").click()
            await page.wait_for_url(lambda url: "/connexion" not in url)
        if path or not role:
            await page.goto(essaim.url + (path or "/"))
        return page

    yield open_page
    for context in opened:
        await context.close()


async def reloaded_until(page: Page, found: Locator) -> None:
    """Reload the page until it shows this; `TimeoutError` after half a minute."""

    async def shown() -> bool:
        if await found.count():
            return True
        await page.reload()
        return bool(await found.count())

    await eventually(shown, seconds=30)


def refused_fund(facts: Any) -> dict[str, Any]:
    """What the matcher says of a project with one refused fund."""
    project = json.loads(facts.project.model_dump_json(exclude_none=True))
    offer = json.loads(facts.offer.model_dump_json(exclude_none=True)) | {
        "title": "Fonds des idées",
        "stages": ["idee"],
    }
    refused = {
        "id": "fds-b",
        "type": "fund",
        "codes": ["stade-non-admis"],
        "facts": {"project": project, "offer": offer},
    }
    return {"refused": [refused], "counts": {"stade-non-admis": 1}}
