"""A mail server that takes everything and remembers what came, and that can lose an answer on its way back."""

import asyncio
import hashlib
import threading
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_BYTES = 10_000_000


@dataclass(frozen=True)
class Mail:
    """One delivery of a mail; the same mail delivered again is another of these."""

    recipient: str
    message_id: str
    digest: str
    message: EmailMessage

    @property
    def text(self) -> str:
        """The text part."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""


class PostOffice:
    """An SMTP server on loopback, on a loop and a thread of its own; all it took is in `mails`, in order."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[Mail] = []
        self.lost_answers = 0
        """How often a mail was taken and the connection cut before the answer."""
        self._to_lose = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="post office", daemon=True)
        self._server: asyncio.Server | None = None

    def open(self) -> None:
        """Take mails from now on."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def shut(self) -> None:
        """Be away: refuse every connection until `open_again`; what came stays."""
        assert self._server is not None
        asyncio.run_coroutine_threadsafe(self._hang_up(self._server), self._loop).result(10)
        self._server = None

    def open_again(self) -> None:
        """Take mails once more."""
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def close(self) -> None:
        """Take no more; what came stays."""
        if self._server:
            asyncio.run_coroutine_threadsafe(self._hang_up(self._server), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def lose_answers(self, count: int) -> None:
        """Cut the connection after taking each of the next `count` mails, before answering."""
        self._to_lose += count

    def copies(self) -> Counter[str]:
        """How often each Message-ID came."""
        return Counter(mail.message_id for mail in self.mails)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Remember the mail; answer, or not."""
        content = cast(bytes, envelope.content)
        message = message_from_bytes(content, policy=policy.default)
        digest, message_id = hashlib.sha256(content).hexdigest(), str(message["Message-ID"])
        self.mails += [Mail(recipient, message_id, digest, message) for recipient in envelope.rcpt_tos]
        if self._to_lose:
            self._to_lose -= 1
            self.lost_answers += 1
            cast(asyncio.Transport, server.transport).abort()
        return "250 2.0.0 Ok"

    async def _listen(self) -> asyncio.Server:
        def protocol() -> SMTP:
            return SMTP(self, hostname="localhost", data_size_limit=LARGEST_BYTES, enable_SMTPUTF8=True)

        return await self._loop.create_server(protocol, "127.0.0.1", self.port)

    async def _hang_up(self, server: asyncio.Server) -> None:
        server.close()
        for task in asyncio.all_tasks(self._loop) - {asyncio.current_task()}:
            task.cancel()
