"""What a request carries is read up to a limit, and as JSON only once its sender was let in."""

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from deploy.documents import SERVICES
from shared.bodies import BoundBodies, json_body
from shared.http import service_token

PART = b"[" * 1_000


class Letter(BaseModel):
    """What is sent."""

    text: str


class Sent:
    """Parts that a client sends, and how many of them were taken."""

    def __init__(self, parts: int, part: bytes = PART) -> None:
        self.parts, self.part, self.taken = parts, part, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.parts):
            self.taken += 1
            yield self.part


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A service that reads what it is sent."""
    app = FastAPI()
    app.add_middleware(BoundBodies, most=3_000, larger={"/files": 5_000})
    token = service_token(lambda request: "between-services")

    @app.post("/read")
    @app.post("/files")
    async def read(request: Request) -> int:
        return len(await request.body())

    @app.get("/live")
    async def live() -> StreamingResponse:
        async def answer() -> AsyncIterator[bytes]:
            yield b"a line\n"

        return StreamingResponse(answer())

    @app.post("/letters", dependencies=[token])
    async def letters(letter: Annotated[Letter, json_body(Letter)]) -> str:
        return letter.text

    async with client_of(app) as made:
        yield made


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://essaim.test")


@pytest.mark.parametrize(("path", "parts", "status", "taken"), [
    ("/read", 3, 200, 3), ("/read", 300, 413, 4), ("/files", 5, 200, 5), ("/files", 300, 413, 6),
    ("/live", 300, 200, 300), ("/no/such/address", 300, 404, 0),
])  # fmt: skip
async def test_no_more_than_the_limit_is_read(
    client: httpx.AsyncClient, path: str, parts: int, status: int, taken: int
) -> None:
    """« bodies are cut off at their limit (413) »: also one that does not say how long it is."""
    sent = Sent(parts)
    method = "GET" if path == "/live" else "POST"
    answer = await client.request(method, path, content=sent)
    assert (answer.status_code, sent.taken <= taken) == (status, True)


async def test_nothing_is_read_of_a_body_that_says_that_it_is_too_long(client: httpx.AsyncClient) -> None:
    sent = Sent(4)
    answer = await client.post("/read", content=sent, headers={"Content-Length": "4000"})
    assert (answer.status_code, sent.taken) == (413, 0)


async def test_json_is_read_once_its_sender_was_let_in(client: httpx.AsyncClient) -> None:
    """Who has no token is told so, whatever they send and without a look at it."""
    sent = Sent(300)
    assert (await client.post("/letters", content=sent)).status_code == 401
    assert sent.taken == 0
    headers = {"Authorization": "Bearer between-services"}
    said = [await client.post("/letters", content=body, headers=headers) for body in (b'{"text": "a"}', b"[]", PART)]
    assert [answer.status_code for answer in said] == [200, 422, 422]
    assert said[1].json()["detail"][0]["loc"] == ["body"]
    assert (await client.post("/letters", content=Sent(300), headers=headers)).status_code == 413


@pytest.mark.parametrize("service", SERVICES)
async def test_whatever_route_a_service_has_reads_no_more_than_its_limit(service: str) -> None:
    app: FastAPI = import_module(f"services.{service}.app").create_app()
    read: list[int] = []

    @app.post("/v1/anything")
    async def anything(request: Request) -> None:
        try:
            read.append(len(await request.body()))
        except HTTPException as error:
            read.append(error.status_code)

    app.state.trusted_proxies = ()
    async with client_of(app) as client:
        await client.post("/v1/anything", content=Sent(3_000))
    assert read == [413]
