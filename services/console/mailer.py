"""Mails sign-in links, aside from the request that asked: so that nothing tells whether the address is known."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, make_msgid

import aiosmtplib

from services.console.connectors.ingest import Ingest, ServiceAway
from services.console.store import sessions
from services.console.views.sign_in import LINK_MINUTES, link_digest, sign_in_text
from shared.database import CONNECTION_LOST, Pool
from shared.links import sign
from shared.smtp import Smtp

MOST_WAITING = 100
TIMEOUT_S = 20.0


class NotAMail(RuntimeError):
    """No mail can be written to this address."""


NOT_SENT: tuple[type[BaseException], ...] = (ServiceAway, NotAMail, aiosmtplib.SMTPException, *CONNECTION_LOST)

logger = logging.getLogger(__name__)


class Mailer:
    """Sends what was asked, one mail after the other; what exceeds the queue or fails, its reader asks for again."""

    def __init__(
        self,
        smtp: Smtp,
        ingest: Ingest,
        pool: Pool,
        *,
        public_url: str,
        link_secret: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._link_secret = link_secret
        self._clock = clock
        self._smtp = smtp
        self._ingest = ingest
        self._pool = pool
        self._public_url = public_url.rstrip("/")
        self._asked: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MOST_WAITING)

    @property
    def waiting(self) -> int:
        """How many links are still to be sent."""
        return self._asked.qsize()

    def ask(self, address: str, then: str) -> None:
        """Have a link mailed to an address, known or not; it leads to the path `then`."""
        try:
            self._asked.put_nowait((address, then))
        except asyncio.QueueFull:
            logger.warning("too many sign-in mails are waiting: one was left out")

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self.send_next()

    async def send_next(self) -> None:
        """Wait for a link to be asked for, and send it; a failure is logged, and the link is to be asked for again."""
        address, then = await self._asked.get()
        try:
            await self._send(address, then)
        except NOT_SENT as error:
            logger.warning("a sign-in mail was not sent (%s)", type(error).__name__)

    def _account(self, address: str, token: str) -> str:
        """The address, signed with its link, for who is not known yet: it is kept nowhere else."""
        fields = {"address": address, "link": link_digest(token)}
        return sign(self._link_secret, "sign-in", fields, self._clock() + timedelta(minutes=LINK_MINUTES))

    async def _send(self, address: str, then: str) -> None:
        known = await self._ingest.person_at(address)
        token = secrets.token_urlsafe(32)
        async with self._pool.acquire() as connection:
            person_id = known.person.person_id if known else None
            await sessions.insert_link(connection, token, person_id, minutes=LINK_MINUTES)
        account = "" if known else self._account(address, token)
        text = sign_in_text(self._public_url, token, then, account=account)
        await aiosmtplib.send(
            _mail(self._smtp.sender, known.email if known else address, text),
            hostname=self._smtp.host,
            port=self._smtp.port,
            username=self._smtp.username,
            password=self._smtp.password,
            use_tls=self._smtp.tls == "tls",
            start_tls=self._smtp.starttls,
            timeout=TIMEOUT_S,
        )


def _mail(sender: str, address: str, text: str) -> EmailMessage:
    """The mail with a link. Raises `NotAMail` when headers cannot hold the address, which the error never repeats."""
    message = EmailMessage()
    try:
        message["From"] = formataddr(("Essaim", sender))
        message["To"] = address
        message["Subject"] = "Votre lien pour entrer dans Essaim"
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.as_bytes(policy=SMTP)
    except (ValueError, AttributeError, IndexError, MessageError) as error:
        raise NotAMail(type(error).__name__) from None
    return message
