"""Each service answers what the operator's page says that it answers."""

from importlib import import_module

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
def test_the_framework_s_own_pages_are_served_by_none(service: str) -> None:
    app: FastAPI = import_module(f"services.{service}.app").app
    assert (app.openapi_url, app.docs_url and app.openapi_url, app.redoc_url and app.openapi_url) == (None, None, None)
