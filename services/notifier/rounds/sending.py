"""Frozen mails leave, each as often as it takes with the same bytes, and are told on `deliveries` once they have."""

import logging
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from services.notifier.mailer import MailCutOff, Mailer, MailRefused
from services.notifier.messages.schedule import gives_up, pause_after
from services.notifier.store import mails
from services.notifier.store.mails import Mail
from shared import tracing
from shared.database import Connection, Pool, in_transaction
from shared.events.people import MailDelivered
from shared.outbox import announce, next_version

LOCK_SECONDS = 90
CUT_OFF_PAUSE = timedelta(seconds=30)

logger = logging.getLogger(__name__)


class Sender:
    """Sends frozen mails one by one; any number of processes may."""

    def __init__(self, pool: Pool, mailer: Mailer) -> None:
        self._pool = pool
        self._mailer = mailer
        self._taken: set[str] = set()
        """Mails that the server has taken and the database has not noted yet: it was away in between."""

    async def send_next(self, now: datetime) -> bool:
        """Try the next mail; whether there was one. Raises `MailServerAway`: the mail waits unchanged.

        One over which the server went away lets the others go first: it may be what the server cannot take.
        """
        mail_id = await mails.begin_next(self._pool, now)
        if mail_id is None:
            return False
        try:
            async with self._pool.acquire(timeout=10) as connection, connection.transaction():
                mail = await mails.claim(connection, mail_id, seconds=LOCK_SECONDS)
                if mail is None:
                    return True
                left = await self._try(connection, mail, now)
        except MailCutOff:
            await mails.put_off(self._pool, mail_id, now + CUT_OFF_PAUSE)
            raise
        self._taken.discard(mail_id)
        if left:
            await in_transaction(self._pool, lambda c: _forget_bodies(c, mail_id))
        return True

    async def _try(self, connection: Connection, mail: Mail, now: datetime) -> bool:
        """Whether the mail has left, or was given up."""
        try:
            if mail.mail_id not in self._taken:
                with tracing.span("send mail", [mail.trace], attributes={"essaim.mail_id": mail.mail_id}):
                    await self._mailer.send(mail.recipient, mail.content)
                self._taken.add(mail.mail_id)
        except MailRefused as refusal:
            failures = mail.failures + 1
            facts = {"mail_id": mail.mail_id, "code": refusal.code, "attempts": failures}
            if not gives_up(failures, permanent=refusal.permanent):
                logger.warning("a mail is refused and tried again later", extra=facts)
                await mails.refused(connection, mail.mail_id, refusal.code, now + pause_after(failures))
                return False
            logger.error("a mail is given up", extra=facts)
            await _finish(connection, mail, "given-up", now)
            return True
        await _finish(connection, mail, "sent", now)
        return True


async def _finish(connection: Connection, mail: Mail, outcome: Literal["sent", "given-up"], now: datetime) -> None:
    match_ids = await mails.match_ids_of(connection, mail.mail_id)
    await mails.finish(connection, mail.mail_id, outcome, now)
    delivered = MailDelivered(
        version=await next_version(connection, MailDelivered.topic, mail.mail_id),
        event_id=uuid4(),
        occurred_at=now,
        delivery_id=mail.mail_id,
        person_id=mail.person_id,
        kind=mail.kind,
        match_ids=match_ids,
        message_id=mail.message_id,
        outcome=outcome,
    )
    await announce(connection, delivered)


async def _forget_bodies(connection: Connection, mail_id: str) -> None:
    await mails.forget_bodies(connection, await mails.match_ids_of(connection, mail_id))
