"""A notifier on a stage: real PostgreSQL and a real SMTP server, ingest's answers and the clock in the test's hands."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import uuid4

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifier.connectors.contacts import Contacts
from services.notifier.handlers import HANDLERS
from services.notifier.mailer import Mailer
from services.notifier.rounds.assigning import assign
from services.notifier.rounds.freezing import freeze
from services.notifier.rounds.sending import Sender
from services.notifier.rounds.writing import MailWriter
from shared.database import Pool, in_transaction, open_pool
from shared.events.event import Event
from shared.received import Batch, Received
from shared.smtp import Smtp
from shared.words.names import reference_names

WINDOW = timedelta(seconds=60)
CUT = "cut the connection"


@dataclass
class Sink:
    """An SMTP server that keeps what it takes; `answers` are said to an address instead of taking its next mails."""

    host: str = "127.0.0.1"
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    senders: list[str] = field(default_factory=list)
    """What is said to the next senders."""
    server: asyncio.Server | None = None
    clients: list[SMTP] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail, or say what the test wants said."""
        if self.senders:
            return self.senders.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail, or say what the test wants said."""
        waiting = self.answers.get(envelope.rcpt_tos[0])
        if waiting:
            answer = waiting.pop(0)
            if answer == CUT:
                assert server.transport is not None
                server.transport.abort()
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 taken"

    async def start(self) -> None:
        """Listen, on the port it had before where it had one."""
        loop = asyncio.get_running_loop()

        def client() -> SMTP:
            self.clients.append(SMTP(self, loop=loop))
            return self.clients[-1]

        self.server = await loop.create_server(client, self.host, self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut who is connected."""
        assert self.server is not None
        self.server.close()
        for client in self.clients:
            if client.transport is not None:
                client.transport.close()
        self.clients.clear()
        await self.server.wait_closed()

    @property
    def subjects(self) -> list[str]:
        """Subjects of what was taken, with plain spaces."""
        return [str(mail["Subject"]).replace("\u00a0", " ") for mail in self.mails]

    @property
    def message_ids(self) -> list[str]:
        """Message-IDs of what was taken."""
        return [str(mail["Message-ID"]) for mail in self.mails]


@dataclass
class Ingest:
    """What ingest would answer: people by (party type, id)."""

    people: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    away: bool = False
    questions: int = 0

    def knows(self, party_type: str, party_id: str, *person_ids: str) -> None:
        """These people answer for that party."""
        self.people[party_type, party_id] = [
            {"person_id": one, "email": f"{one}@example.org", "name": f"Nom de {one}", "language": "fr"}
            for one in person_ids
        ]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The internal read."""
        self.questions += 1
        if self.away:
            raise httpx.ConnectError("away", request=request)
        asked = [(party["type"], party["id"]) for party in json.loads(request.content)["parties"]]
        contacts = [
            {"type": t, "id": i, "role": "contact"} | one for t, i in asked for one in self.people.get((t, i), [])
        ]
        owners = [{"type": "project", "id": i, "name": self.owners[i]} for t, i in asked if i in self.owners]
        return httpx.Response(200, json={"contacts": contacts, "owners": owners})


class Stage:
    """One notifier, whose time is `now`."""

    def __init__(self, pool: Pool, sink: Sink) -> None:
        self.pool = pool
        self.sink = sink
        self.ingest = Ingest()
        # Ahead of PostgreSQL's clock, which says when things arose.
        self.now = datetime.now(UTC) + timedelta(seconds=10)
        self.mailer = Mailer(Smtp(sink.host, sink.port, "essaim@essaim.example"))
        self.sender = Sender(pool, self.mailer)
        transport = httpx.MockTransport(self.ingest.answer)
        self._client = httpx.AsyncClient(base_url="http://ingest", transport=transport)
        self.contacts = Contacts(self._client, self._seconds)
        self.writer = MailWriter(
            names=reference_names(),
            public_url="https://essaim.example",
            link_secret="a secret for tests only",
            mail_from="essaim@essaim.example",
            window=WINDOW,
            apart=timedelta(0),
        )

    def _seconds(self) -> float:
        return self.now.timestamp()

    async def hear(self, *events: Event) -> None:
        """Handle events, each topic's in one batch."""
        for topic in dict.fromkeys(event.topic for event in events):
            mine = [event for event in events if event.topic == topic]
            await self.take(*(Received(topic, 0, 0, e.key, e.version, e, 0) for e in mine))

    async def take(self, *records: Received) -> None:
        """Handle one batch."""
        batch = Batch(records[0].topic, 0, records)
        await in_transaction(self.pool, lambda connection: HANDLERS[batch.topic](connection, batch))

    async def assign(self) -> None:
        """Let due notices find their people."""
        while await assign(self.pool, self.contacts, self.now):
            pass

    async def freeze(self) -> None:
        """Freeze what is due."""
        while await freeze(self.pool, self.contacts, self.writer, self.now, lambda: uuid4().hex):
            pass

    async def send(self) -> None:
        """Send all that can leave now."""
        while await self.sender.send_next(self.now):
            pass

    async def go(self, later: timedelta = WINDOW) -> None:
        """Let time pass, then do all that is due."""
        await self.assign()
        self.now += later
        await self.assign()
        await self.freeze()
        await self.send()

    async def rows(self, table: str) -> int:
        """How many rows a table has."""
        count: int = await self.pool.fetchval(f"SELECT count(*) FROM {table}")
        return count

    async def delivered(self) -> list[dict[str, Any]]:
        """What waits to be said on `deliveries`, oldest first."""
        rows = await self.pool.fetch("SELECT body FROM outbox WHERE topic = 'deliveries' ORDER BY id")
        return [json.loads(row["body"]) for row in rows]

    async def close(self) -> None:
        """Let go of connections."""
        await self.mailer.close()
        await self._client.aclose()


@asynccontextmanager
async def on_stage(dsn: str) -> AsyncIterator[Stage]:
    """A notifier with an empty database and nobody known."""
    pool = await open_pool(dsn, service="notifier")
    sink = Sink()
    await sink.start()
    stage = Stage(pool, sink)
    try:
        yield stage
    finally:
        await stage.close()
        await sink.stop()
        await pool.close()
