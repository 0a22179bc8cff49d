"""The examples of the documentation page work when pasted, in their order, on a real PostgreSQL."""

import html
import re
import shlex
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.integration.ingest_house import House, open_house


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


async def pasted(client: httpx.AsyncClient, command: str) -> httpx.Response:
    """What a shell would send: `curl` with its options, the body from a here-document."""
    line, _, document = command.partition(" <<'FIN'\n")
    words = shlex.split(line.replace("\\\n", " "))
    assert words[:3] == ["curl", "-sS", "-X"]
    headers = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
    assert headers.pop("Authorization") == "Bearer $ESSAIM_CLE"
    body = document.removesuffix("FIN") if document else None
    return await client.request(words[3], words[4], headers=headers, content=body)


async def test_every_example_works_when_pasted(house: House) -> None:
    client = await house.partner("essaim", "admin")
    page = await client.get("/docs")
    blocks = [html.unescape(block) for block in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page.text, re.S)]
    commands = [block for block in blocks if block.startswith("curl")]
    assert len(commands) == 26
    answers = {command: await pasted(client, command) for command in commands}
    refused = {command.splitlines()[0]: answer.text for command, answer in answers.items() if answer.status_code >= 300}
    assert [first for first in refused if "/v1/persons/" not in first] == []
    assert {answer.status_code for answer in answers.values()} == {200, 202, 404}


async def test_page_and_document_are_served_to_all_and_run_nothing(house: House) -> None:
    page = await house.client().get("/docs")
    style = await house.client().get("/docs/style.css")
    document = await house.client().get("/openapi.json")
    assert (page.status_code, style.status_code, document.status_code) == (200, 200, 200)
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert document.json()["openapi"] == "3.1.0"


async def test_head_is_answered_as_get_without_its_body(house: House) -> None:
    partner = await house.partner("org-a")
    for path in ("/docs", "/openapi.json", "/health/live", "/v1/projects", "/v1/projects/prj-inconnu"):
        got, head = await partner.get(path), await partner.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == str(len(got.content))
        assert head.headers["content-type"] == got.headers["content-type"]
    refused = await partner.head("/v1/imports")
    assert refused.status_code == 405
