"""Each service answers what the operator's page says that it answers."""

from importlib import import_module

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from deploy.documents import SERVICES


def addresses_of(app: FastAPI) -> set[str]:
    pending, found = list(app.router.routes), set[str]()
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            found.add(route.path)
        inner = getattr(route, "original_router", None)
        pending += [] if inner is None else inner.routes
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_health_and_measures_are_answered_by_all(service: str) -> None:
    found = addresses_of(import_module(f"services.{service}.app").app)
    assert {"/health/live", "/health/ready", "/metrics", "/asyncapi.json"} <= found


@pytest.mark.parametrize("service", SERVICES)
async def test_a_slash_too_many_leads_to_no_other_host(service: str) -> None:
    """What a request says that its host is never comes back as where to go."""
    app: FastAPI = import_module(f"services.{service}.app").create_app()
    app.state.trusted_proxies = ()
    paths = [path for path in addresses_of(app) if "{" not in path and path != "/"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://evil.example") as client:
        answers = [await client.get(f"{path}/") for path in paths]
    assert len(answers) > 4
    assert {answer.status_code for answer in answers} <= {307, 404}
    assert [answer.headers["location"] for answer in answers if "evil" in answer.headers.get("location", "")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_framework_s_own_pages_are_served_by_none(service: str) -> None:
    app: FastAPI = import_module(f"services.{service}.app").app
    assert (app.openapi_url, app.docs_url and app.openapi_url, app.redoc_url and app.openapi_url) == (None, None, None)
