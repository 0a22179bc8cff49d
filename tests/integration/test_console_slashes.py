"""A slash typed at the end of an address leads to the page, on this very site, whatever the request calls its host."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.console.app import create_app
from tests.conftest import ServiceDsn
from tests.integration.console_stage import staged


@pytest.fixture
async def client(database: ServiceDsn) -> AsyncIterator[httpx.AsyncClient]:
    async with staged(database("console")) as stage:
        stage.app = create_app()
        stage.app.state.console, stage.app.state.trusted_proxies = stage.console, ()
        async with stage.reader() as reader:
            reader.client.headers["Host"] = "evil.example"
            yield reader.client


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("/mes-projets/", "/mes-projets"),
        ("/recherche/?q=caf%C3%A9&page=2", "/recherche?q=caf%C3%A9&page=2"),
        ("/projets/prj-a//", "/projets/prj-a"),
        ("//evil.example/", "/evil.example"),
        ("/%5Cevil.example/", "/%5Cevil.example"),
        ("/%09/evil.example/", "/%09/evil.example"),
        ("/%0D%0ALocation:x/", "/%0D%0ALocation%3Ax"),
    ],
)
async def test_slash_at_the_end_leads_to_the_page(client: httpx.AsyncClient, asked: str, page: str) -> None:
    answer = await client.get(f"http://evil.example{asked}")
    assert (answer.status_code, answer.headers["location"]) == (307, page)


async def test_slash_at_the_end_of_what_is_sent_or_read_by_programs_is_not_found(client: httpx.AsyncClient) -> None:
    answers = [
        await client.post("/connexion/"),
        await client.get("/v1/matches/"),
        await client.get("/rien"),
        await client.get("/static"),
    ]
    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [(404, None)] * 4
