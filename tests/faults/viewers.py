"""Coordinators who follow a territory's live page: some read what comes, some never do."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from services.console.store import sessions
from services.ingest.accounts import add_coordinator
from shared.database import open_pool
from tests.faults.installation import Installation
from tests.faults.stored import pool_of

TOKEN = "session-of-a-coordinator"
COOKIE = f"essaim_session={TOKEN}"
SMALL_BUFFER = 2048


async def coordinate(installation: Installation, territory_id: str) -> None:
    """Have somebody coordinate a territory, and be signed in with `TOKEN`."""
    address = f"direct-{territory_id}@example.org"
    async with pool_of(installation, "ingest") as pool:
        await add_coordinator(pool, territory_id, address)
        person_id = await pool.fetchval("SELECT person_id FROM people WHERE address = $1", address)
    console = await open_pool(installation.servers.service_dsn("console"), service="console", max_size=1)
    async with console.acquire() as connection:
        await sessions.insert_session(connection, TOKEN, person_id, days=1)
    await console.close()


class Viewer:
    """Reads one territory's stream; comes back with the last id it was given when the stream ends."""

    def __init__(self, installation: Installation, territory_id: str) -> None:
        self._url = installation.url("console")
        # Matches that no longer hold too: one may be proposed and withdrawn before anybody hears of it.
        self._path = f"/territoires/{territory_id}/flux/evenements?avancement=tous"
        self.last = self._next = 0
        self.seen: set[str] = set()

    async def follow(self) -> None:
        """Read until cancelled."""
        while True:
            headers = {"Cookie": COOKIE, "Last-Event-ID": str(self.last), "Accept": "text/event-stream"}
            async with (
                httpx.AsyncClient(base_url=self._url, timeout=60) as client,
                client.stream("GET", self._path, headers=headers) as answer,
            ):
                assert answer.status_code == 200, answer.status_code
                async for line in answer.aiter_lines():
                    self._take(line)

    def _take(self, line: str) -> None:
        """As browsers do: the id of an event counts from its end on."""
        kind, _, said = line.partition(": ")
        if kind == "id":
            self._next = int(said)
        elif kind == "data":
            self.seen |= {match_id for match_id, _ in json.loads(said)}
        elif not line:
            self.last = self._next


@asynccontextmanager
async def idlers(installation: Installation, territory_id: str, count: int) -> AsyncIterator[None]:
    """So many who ask for the stream and never read a byte of it."""
    place = urlsplit(installation.url("console"))
    asked = f"GET /territoires/{territory_id}/flux/evenements HTTP/1.1\r\nHost: essaim\r\nCookie: {COOKIE}\r\n\r\n"
    loop, held = asyncio.get_running_loop(), list[socket.socket]()
    try:
        for _ in range(count):
            one = socket.socket()
            held.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            one.setblocking(False)
            await loop.sock_connect(one, (place.hostname, place.port))
            await loop.sock_sendall(one, asked.encode())
        yield
    finally:
        for one in held:
            one.close()
