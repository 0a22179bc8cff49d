"""An ingest without broker: its API on a real PostgreSQL, keys for organisations, the events that wait to leave."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.ingest import accounts
from services.ingest.api.context import Context
from services.ingest.api.limits import Limiter
from services.ingest.app import create_app
from shared.database import Pool, open_pool
from shared.events.event import Event
from shared.events.registry import decode

SERVICE_TOKEN = "a-token-of-tests"


class House:
    """One ingest for one test."""

    def __init__(self, pool: Pool, calls_per_minute: int) -> None:
        self.pool = pool
        self.now = 0.0
        self.app = create_app()
        self.app.state.trusted_proxies = ()
        self.app.state.context = Context(pool, Limiter(calls_per_minute, lambda: self.now), SERVICE_TOKEN)
        self._clients: list[httpx.AsyncClient] = []

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client that sends these headers."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        made = httpx.AsyncClient(transport=transport, base_url="http://ingest.test", headers=headers)
        self._clients.append(made)
        return made

    async def partner(self, organisation_id: str, *scopes: str) -> httpx.AsyncClient:
        """A client with a new key of this organisation: by default one that may submit and read."""
        await accounts.add_organisation(self.pool, organisation_id, f"Organisation {organisation_id}")
        every = ("projects:write", "commitments:write", "funds:write", "territories:write", "read")
        key = await accounts.add_key(self.pool, organisation_id, scopes or every)
        return self.client(authorization=f"Bearer {key}")

    def service(self, person_id: str | None = None) -> httpx.AsyncClient:
        """A client with the services' token, acting for a person or not."""
        headers = {"authorization": f"Bearer {SERVICE_TOKEN}"}
        if person_id:
            headers["Essaim-Acting-For"] = f"person:{person_id}"
        return self.client(**headers)

    async def said(self, topic: str | None = None) -> list[Event | None]:
        """The events that wait to leave, in order; None for a tombstone."""
        rows = await self.pool.fetch("SELECT topic, body FROM outbox ORDER BY id")
        return [
            decode(row["topic"], row["body"]) if row["body"] is not None else None
            for row in rows
            if topic in (None, row["topic"])
        ]

    async def contact(self, entity_type: str, entity_id: str) -> dict[str, Any] | None:
        """The contact that other services are told."""
        asked = {"parties": [{"type": entity_type, "id": entity_id}]}
        answer = await self.service().post("/internal/contacts", json=asked)
        found: Sequence[dict[str, Any]] = answer.json()["contacts"]
        return found[0] if found else None

    async def close(self) -> None:
        """Closes what was opened."""
        for client in self._clients:
            await client.aclose()
        await self.pool.close()


@asynccontextmanager
async def open_house(dsn: str, *, calls_per_minute: int = 100_000) -> AsyncIterator[House]:
    """An ingest over this database."""
    house = House(await open_pool(dsn, service="ingest"), calls_per_minute)
    try:
        yield house
    finally:
        await house.close()
