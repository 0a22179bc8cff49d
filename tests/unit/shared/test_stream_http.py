"""HTTP manners that services share."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI

from shared.broker import Stream
from shared.http import (
    SecurityHeaders,
    answer_while_away,
    asyncapi_routes,
    health_routes,
    problem,
    service_token,
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A service without a database."""
    app = FastAPI()
    app.add_middleware(SecurityHeaders, policy="default-src 'self'")
    app.include_router(health_routes(lambda: ["Kafka has not answered yet"], lambda: None))
    stream = Stream(service="notifier")
    stream.hears(["matches"], {})
    app.include_router(asyncapi_routes(stream.faststream))
    answer_while_away(app)

    @app.get("/internal", dependencies=[service_token(lambda request: "secret-é")])
    async def internal() -> str:
        return "contacts"

    @app.get("/away")
    async def away() -> None:
        raise ConnectionRefusedError

    @app.get("/problem")
    async def refused() -> Any:
        return problem(422, "Refusé", errors=[{"field": "title", "code": "missing"}])

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://essaim.test") as found:
        yield found


async def test_readiness_says_why_not(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["problems"] == ["Kafka has not answered yet", "PostgreSQL has not answered yet"]
    assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer secret", "Basic secret-é", "secret-é"])
async def test_without_the_right_token_nobody_enters(client: httpx.AsyncClient, header: str) -> None:
    response = await client.get("/internal", headers={"Authorization": header.encode()})
    assert response.status_code == 401


async def test_the_right_token_enters(client: httpx.AsyncClient) -> None:
    response = await client.get("/internal", headers={"Authorization": "Bearer secret-é".encode()})
    assert response.json() == "contacts"


async def test_while_the_database_is_away_one_is_told_when_to_come_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/away")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert response.headers["content-type"] == "application/problem+json"
    # Whoever only reads has nothing recorded.
    assert response.json()["detail"] == "Réessayez dans quelques secondes."


async def test_a_problem_is_a_document(client: httpx.AsyncClient) -> None:
    response = await client.get("/problem")
    assert response.json() == {
        "type": "about:blank",
        "title": "Refusé",
        "status": 422,
        "errors": [{"field": "title", "code": "missing"}],
    }


async def test_each_answer_bears_the_headers(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/health/live")).headers
    assert headers["content-security-policy"] == "default-src 'self'"
    assert headers["x-content-type-options"] == "nosniff"


async def test_the_asyncapi_document_says_what_is_heard_and_said(client: httpx.AsyncClient) -> None:
    document = yaml.safe_load((await client.get("/asyncapi.yaml")).text)
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {"essaim.matches", "essaim.deliveries"}
    assert "MatchChanged" in document["components"]["schemas"]
    assert (await client.get("/asyncapi.json")).json()["asyncapi"].startswith("3.")


async def test_there_is_no_page_to_publish_from(client: httpx.AsyncClient) -> None:
    for path in ("/asyncapi", "/asyncapi/try"):
        assert (await client.post(path)).status_code == 404
