"""What every page works with: settings, database, other services, the feed, the time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request

from services.console.connectors.ingest import Ingest
from services.console.connectors.matcher import Matcher
from services.console.live import Feed
from services.console.mailer import Mailer
from services.console.store import entities
from services.console.views.atlas import Atlas, make_atlas
from services.console.views.cards import today_in_paris
from shared.database import Connection, Pool
from shared.events.shapes import Territory
from shared.words.names import reference_names

T = TypeVar("T")

KEPT_S = 30.0
"""For so long counts over everything are not made again."""
ATLAS_S = 5.0
"""For so long the territories are not read again."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the settings say of the site, as pages need it."""

    public_url: str
    link_secret: str
    contact_address: str
    demo: bool = False
    demo_addresses: Mapping[str, str] = field(default_factory=dict)
    decline_grace_s: int = 120
    demo_mail_page: str | None = None

    @property
    def is_https(self) -> bool:
        """Whether people reach the pages over TLS: cookies are then `Secure`."""
        return self.public_url.startswith("https://")


@dataclass
class Console:
    """One per process; made by the application's lifespan."""

    site: Site
    pool: Pool
    ingest: Ingest
    matcher: Matcher
    mailer: Mailer
    feed: Feed
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    _kept: dict[str, tuple[datetime | None, Any]] = field(default_factory=dict, init=False)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict, init=False)
    _atlas: Atlas | None = field(default=None, init=False)
    _atlas_at: datetime | None = field(default=None, init=False)

    def today(self) -> date:
        """The day in Paris."""
        return today_in_paris(self.clock())

    async def kept(self, name: str, read: Callable[[Connection], Awaitable[T]]) -> T:
        """What `read` counts, at most half a minute old: counts over all matches are not made for each reader."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            at, value = self._kept.get(name, (None, None))
            if at is None or (self.clock() - at).total_seconds() > KEPT_S:
                async with self.pool.acquire() as connection:
                    value = await read(connection)
                self._kept[name] = (self.clock(), value)
            found: T = value
            return found

    async def territory(self, territory_id: str) -> Territory | None:
        """One territory; one that was just heard is there at once."""
        found = (await self.atlas()).territory(territory_id)
        return found or (await self.atlas(oldest_s=0)).territory(territory_id)

    async def atlas(self, *, oldest_s: float = ATLAS_S) -> Atlas:
        """The territories and names, at most so many seconds old."""
        now = self.clock()
        if self._atlas is None or self._atlas_at is None or (now - self._atlas_at).total_seconds() >= oldest_s:
            async with self.pool.acquire() as connection:
                found = await entities.territories(connection)
            self._atlas, self._atlas_at = make_atlas(found, reference_names()), now
        return self._atlas


def console_of(request: Request) -> Console:
    """The process's console; a dependency of every page."""
    console: Console = request.app.state.console
    return console
