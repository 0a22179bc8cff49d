"""Servers of a benchmark's own, with a database and topics for each part of it, and what is said on them."""

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.create_roles import SERVICES
from deploy.create_topics import ensure_topics
from deploy.local.roles import dsn_of, prepare_roles
from deploy.local.servers import LocalServers
from shared.events.event import VERSION_HEADER, Event
from shared.migrations import migrate
from shared.sending import partition_of

SAID_AT = datetime(2026, 12, 1, 8, tzinfo=UTC)
PARTITIONS = 4


class Installation:
    """A broker and a database server on loopback, for as long as the context lasts; enter it from the main thread."""

    def __init__(self) -> None:
        self._state = Path(tempfile.mkdtemp(prefix="essaim-bench-"))
        # PostgreSQL runs as another user when this runs as root: let it pass.
        self._state.chmod(0o755)
        self.servers = LocalServers(self._state, durable=False)

    def __enter__(self) -> Self:
        self.servers.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.servers.stop()
        shutil.rmtree(self._state)

    @property
    def state(self) -> Path:
        """Where everything is kept."""
        return self._state

    @property
    def compiled(self) -> Path:
        """Where the matchers of this installation keep the engine, so that it is compiled once for all of them."""
        folder = self._state / "compiled"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    async def prepare(self, part: str, services: Iterable[str] = SERVICES) -> None:
        """A migrated database named `part`, and all topics under the prefix `part.`"""
        connection = await asyncpg.connect(self.servers.dsn("postgres"))
        await connection.execute(f"CREATE DATABASE {part}")
        await connection.close()
        passwords = {name: self.password(name) for name in SERVICES}
        await prepare_roles(self.servers.dsn(part), passwords)
        for service in services:
            await migrate(dsn_of(self.servers.dsn(part), service, passwords[service]), service)
        await ensure_topics(self.servers.bootstrap_servers, prefix=f"{part}.", partitions=PARTITIONS)

    def password(self, service: str) -> str:
        """That of the service's role."""
        return unquote(urlsplit(self.servers.service_dsn(service)).password or "")

    async def say(self, prefix: str, events: Sequence[Event]) -> None:
        """Publish events, each where a relay would put it."""
        await self.say_on(self.servers.bootstrap_servers, prefix, events)

    @staticmethod
    async def say_on(servers: str, prefix: str, events: Sequence[Event]) -> None:
        """The same from another process."""
        async with AIOKafkaProducer(bootstrap_servers=servers, linger_ms=5) as producer:
            sent = []
            for event in events:
                name = f"{prefix}{event.topic}"
                place = partition_of(event.partition_key, len(await producer.partitions_for(name)))
                headers = [(VERSION_HEADER, str(event.version).encode())]
                sent.append(await producer.send(name, event.to_bytes(), event.key.encode(), place, headers=headers))
            for each in sent:
                await each


def event_id(number: int) -> UUID:
    """An id for an event of a benchmark."""
    return UUID(int=number)
