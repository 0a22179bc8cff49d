"""What another attempt may cure is answered 503 with `Retry-After`, by every service, and never as a fault of ours."""

from collections.abc import Callable

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.console.pages import errors
from services.ingest.api import problems
from shared.http import answer_while_away


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
        asyncpg.LockNotAvailableError,
        asyncpg.AdminShutdownError,
        TimeoutError,
    ],
)
@pytest.mark.parametrize("install", [answer_while_away, errors.install, problems.add_problem_handlers])
@pytest.mark.parametrize("path", ["/page", "/v1/program"])
async def test_what_another_attempt_may_cure_says_when_to_come_back(
    error: type[Exception], install: Callable[[FastAPI], None], path: str
) -> None:
    app = FastAPI()
    install(app)

    @app.get(path)
    async def fails() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://essaim.test") as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
