"""A console on a stage: real PostgreSQL, pages called in process; other services and the clock in the test's hands."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from services.console.connectors.ingest import Ingest
from services.console.connectors.matcher import Matcher
from services.console.handlers import HANDLERS
from services.console.live import Feed
from services.console.mailer import Mailer
from services.console.pages import errors, routes
from services.console.pages.context import Console, Site
from services.console.store import people, sessions
from services.console.views.rights import Person
from shared.database import Pool, in_transaction, open_pool
from shared.events.event import Event
from shared.events.registry import EVENTS
from shared.received import Batch, Received
from shared.smtp import Smtp
from tests.factories import NOW

SECRET = "a secret of tests, long enough"
OWNER = Person("per-owner", projects=frozenset({"prj-a"}))
COMPANY = Person("per-company", commitments=frozenset({"eng-a"}))
COORDINATOR = Person("per-coordinator", territories=frozenset({"nantes-metropole"}))
STRANGER = Person("per-stranger", projects=frozenset({"prj-other"}))


@dataclass
class Elsewhere:
    """Ingest and the matcher, as far as the console asks them; `deposits` is what was sent, `kept` what is read."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    owners: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, Any] = field(default_factory=lambda: {"refused": [], "counts": {}})
    deposits: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    answer: tuple[int, dict[str, Any]] = (202, {"result": "accepted"})
    is_away: bool = False

    def know(self, person: Person, email: str) -> None:
        """Have ingest know someone by an address."""
        self.people[email] = {
            "person_id": person.person_id,
            "email": email,
            "name": None,
            "language": "fr",
            "projects": sorted(person.projects),
            "commitments": sorted(person.commitments),
            "funds": sorted(person.funds),
            "territories": sorted(person.territories),
            "organisations": [],
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request as ingest or the matcher would."""
        if self.is_away:
            raise httpx.ConnectError("away")
        path = request.url.path
        if path == "/internal/contacts":
            return httpx.Response(200, json=self._contacts(json.loads(request.content)))
        if path.startswith("/internal/"):
            return httpx.Response(200, json=self.refusals)
        if request.method == "GET":
            found = self.kept.get(path)
            return httpx.Response(200 if found else 404, json=found or {}, headers={"ETag": '"1"'})
        if request.headers.get("If-Match", '"1"') != '"1"':
            return httpx.Response(412, json={"title": "Modifié entre-temps"})
        status, body = self.answer
        self.deposits.append((path, request.headers["Essaim-Acting-For"], json.loads(request.content)))
        return httpx.Response(status, json=body)

    def _contacts(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if "address" in asked:
            if asked.get("create") and asked["address"] not in self.people:
                self.know(Person(f"per-{len(self.people)}"), asked["address"])
            return {"person": self.people.get(asked["address"])}
        if "person_id" in asked:
            known = (one for one in self.people.values() if one["person_id"] == asked["person_id"])
            return {"person": next(known, None)}
        return {"contacts": self.contacts, "owners": self.owners}


@dataclass
class Stage:
    """The console with what surrounds it, and readers of its pages."""

    console: Console
    app: FastAPI
    elsewhere: Elsewhere
    now: list[datetime]

    @property
    def pool(self) -> Pool:
        """The console's database."""
        return self.console.pool

    def later(self, **by: float) -> None:
        """Move the clock."""
        self.now[0] += timedelta(**by)

    async def hear(self, *events: Event) -> None:
        """Hand events to their handlers, each as a batch of its own."""
        for event in events:
            await self.deliver(event.topic, received(event))

    async def erase(self, topic: str, key: str, version: int) -> None:
        """Hand a tombstone to its handler."""
        await self.deliver(topic, Received(topic, 0, 0, key, version, None, 0))

    async def deliver(self, topic: str, *records: Received) -> None:
        """One batch, in one transaction."""
        batch = Batch(topic, 0, records)
        await in_transaction(self.pool, lambda connection: HANDLERS[topic](connection, batch))

    async def said(self, topic: str) -> list[Event]:
        """What waits in the outbox for a topic, oldest first; tombstones left out."""
        rows = await self.pool.fetch("select body from outbox where topic = $1 and body is not null order by id", topic)
        return [EVENTS[topic].model_validate_json(row["body"]) for row in rows]

    @asynccontextmanager
    async def reader(self, person: Person | None = None) -> AsyncIterator["Reader"]:
        """A browser without JavaScript, signed in as someone or not."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://essaim.test") as client:
            if person:
                token = uuid4().hex
                async with self.pool.acquire() as connection:
                    await people.upsert_person(connection, person)
                    await sessions.insert_session(connection, token, person.person_id, days=1)
                client.cookies.set("essaim_session", token)
            yield Reader(client)


@dataclass
class Reader:
    """Reads pages and sends their forms."""

    client: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        """A page, redirections not followed."""
        return await self.client.get(path)

    async def send(self, page: str, action: str, **fields: str | list[str]) -> httpx.Response:
        """Open `page` for its token, then post a form to `action`."""
        opened = await self.client.get(page)
        return await self.client.post(action, data={"jeton": token_of(opened.text), **fields})


def token_of(html: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="jeton" value="([^"]+)"', html)
    assert found, "the page has no form"
    return found.group(1)


def received(event: Event) -> Received:
    """An event as the frame hands it to a handler."""
    return Received(event.topic, 0, 0, event.key, event.version, event, 0)


@asynccontextmanager
async def staged(dsn: str, *, smtp: Smtp | None = None, **site: Any) -> AsyncIterator[Stage]:
    """A console over a fresh database; `site` changes what its settings say."""
    elsewhere, now = Elsewhere(), [NOW]
    for person, email in ((OWNER, "owner"), (COMPANY, "company"), (COORDINATOR, "coordinator")):
        elsewhere.know(person, f"{email}@example.org")
    transport = httpx.MockTransport(elsewhere)
    pool = await open_pool(dsn, service="console", max_size=4)
    async with httpx.AsyncClient(transport=transport, base_url="http://elsewhere.test") as client:
        ingest = Ingest(client)
        mailer = Mailer(
            smtp or Smtp("127.0.0.1", 1, "essaim@example.org"),
            ingest,
            pool,
            public_url="http://essaim.test",
            link_secret=SECRET,
            clock=lambda: now[0],
        )
        console = Console(
            site=Site(
                **{
                    "public_url": "http://essaim.test",
                    "link_secret": SECRET,
                    "contact_address": "contact@example.org",
                    "decline_grace_s": 60,
                    **site,
                }
            ),
            pool=pool,
            ingest=ingest,
            matcher=Matcher(client),
            mailer=mailer,
            feed=Feed(pool),
            clock=lambda: now[0],
            new_id=lambda: UUID(int=uuid4().int),
        )
        app = FastAPI()
        app.state.console = console
        routes.install(app)
        errors.install(app)
        yield Stage(console, app, elsewhere, now)
    await pool.close()
