"""While PostgreSQL hangs, pages and APIs answer 503 within a bound; they resume when it speaks again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from types import SimpleNamespace
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.ports import any_free_port
from services.matcher import api
from shared import database as pools
from shared.database import Pool, in_transaction
from shared.http import answer_while_away
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import project_published
from tests.faults.forwarder import Forwarders
from tests.integration.console_stage import OWNER, staged
from tests.streams import opened


class Wire:
    """What stands between a pool and PostgreSQL."""

    def __init__(self, dsn: str) -> None:
        parts, self.port = urlsplit(dsn), any_free_port()
        assert parts.port
        self.forwarders = Forwarders([(self.port, parts.port)])
        account = parts.netloc.rpartition("@")[0]
        self.dsn = urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{self.port}"))

    async def hang(self, pool: Pool) -> list[asyncio.Task[int]]:
        """Let PostgreSQL say nothing more; every connection of `pool` is then at work, on what is returned."""
        async with AsyncExitStack() as stack:
            for _ in range(pool.get_max_size()):
                await stack.enter_async_context(pool.acquire())
        self.forwarders.silence(self.port)
        stuck = [asyncio.create_task(pool.fetchval("SELECT 1")) for _ in range(pool.get_max_size())]

        async def all_at_work() -> bool:
            return pool.get_idle_size() == 0

        await eventually(all_at_work)
        return stuck

    async def resume(self, stuck: list[asyncio.Task[int]]) -> None:
        """Let PostgreSQL speak again: what was at work ends well."""
        self.forwarders.speak(self.port)
        assert set(await asyncio.gather(*stuck)) == {1}


@pytest.fixture
async def wire_to(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[str], Wire]]:
    """A wire to a database; who waits for a connection waits for half a second."""
    monkeypatch.setattr(pools, "ACQUIRE_SECONDS", 0.5)
    with_wires: list[Wire] = []

    def make(dsn: str) -> Wire:
        with_wires.append(Wire(dsn))
        with_wires[-1].forwarders.open()
        return with_wires[-1]

    yield make
    for wire in with_wires:
        wire.forwarders.close()


async def test_pages_answer_that_they_are_away_and_resume(database: ServiceDsn, wire_to: Callable[[str], Wire]) -> None:
    """`What is bounded` of docs/operator.md: who waits for a connection is answered 503."""
    wire = wire_to(database("console"))
    async with staged(wire.dsn) as stage, stage.reader(OWNER) as reader:
        await stage.hear(project_published())
        stuck = await wire.hang(stage.pool)
        async with asyncio.timeout(5):
            page, listed = await reader.get("/projets/prj-a"), await reader.get("/v1/matches")
            with pytest.raises(TimeoutError):
                await in_transaction(stage.pool, lambda connection: connection.execute("SELECT 1"))
        assert (page.status_code, page.headers["retry-after"]) == (503, "5")
        assert (listed.status_code, listed.headers["retry-after"]) == (503, "5")
        await wire.resume(stuck)
        assert (await reader.get("/projets/prj-a")).status_code == 200


async def test_the_matchers_api_answers_that_it_is_away_and_resumes(
    database: ServiceDsn, wire_to: Callable[[str], Wire]
) -> None:
    wire = wire_to(database("matcher"))
    async with opened(wire.dsn, "matcher") as pool:
        app = FastAPI()
        app.include_router(api.router)
        answer_while_away(app)
        app.state.service_token, app.state.owners = "token", SimpleNamespace(pool=pool)
        headers, path = {"Authorization": "Bearer token"}, "/internal/projects/prj-a/refusals"
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://m", headers=headers
        ) as client:
            stuck = await wire.hang(pool)
            async with asyncio.timeout(5):
                away = await client.get(path)
            assert (away.status_code, away.headers["retry-after"]) == (503, "5")
            await wire.resume(stuck)
            assert (await client.get(path)).status_code == 404
