"""Keeps the rounds going: each at its own pace, none stopped by another's trouble."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from services.notifier.connectors.contacts import Contacts, IngestAway
from services.notifier.mailer import Mailer, MailServerAway
from services.notifier.rounds.assigning import assign
from services.notifier.rounds.freezing import freeze
from services.notifier.rounds.sending import Sender
from services.notifier.rounds.writing import MailWriter
from services.notifier.store.mails import forget_old
from shared.database import RETRIED, Pool, backoff, in_transaction
from shared.logs import describe, is_worth_saying

POLL_SECONDS = 0.5
STUCK_SECONDS = 300.0
"""A round that has not ended in so long never will."""
MOST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 50.0
CLEAN_SECONDS = 3600.0
MAILS_KEPT = timedelta(days=60)
"""That a mail left is remembered for so long: twice as long as its topic says it."""

AWAY: tuple[type[BaseException], ...] = (IngestAway, MailServerAway, *RETRIED)
"""What waiting cures: ingest, the mail server or PostgreSQL does not answer now."""

Step = Callable[[], Awaitable[bool]]

logger = logging.getLogger(__name__)


class Rounds:
    """Assigns, freezes and sends until stopped; several processes may at once."""

    def __init__(
        self,
        pool: Pool,
        contacts: Contacts,
        mailer: Mailer,
        writer: MailWriter,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        sender = Sender(pool, mailer)
        self._pool, self._clock, self._mailer = pool, clock, mailer
        self._steps: dict[str, Step] = {
            "assigning": lambda: assign(pool, contacts, clock()),
            "freezing": lambda: freeze(pool, contacts, writer, clock(), lambda: uuid4().hex),
            "sending": lambda: sender.send_next(clock()),
        }
        self._stopping = asyncio.Event()
        self._troubles: dict[str, str] = {}
        self._began: dict[str, float] = {}

    def stuck(self) -> bool:
        """Whether some round has not ended in a time that no outage explains."""
        now = time.monotonic()
        return any(now - began > STUCK_SECONDS for began in self._began.values())

    def troubles(self) -> list[str]:
        """What the rounds wait for, in words; mails wait meanwhile, nothing is lost."""
        return sorted(set(self._troubles.values()))

    async def run(self) -> None:
        """Go on until `stop`; raises what waiting does not cure."""
        async with asyncio.TaskGroup() as group:
            for name, step in self._steps.items():
                group.create_task(self._repeat(name, step))
            group.create_task(self._keep_house())
        await self._mailer.close()

    def stop(self) -> None:
        """Let `run` end once the mail that is being sent is sent and noted."""
        self._stopping.set()

    async def _repeat(self, name: str, step: Step) -> None:
        failures, busy = 0, False
        while not self._stopping.is_set():
            self._began[name] = time.monotonic()
            try:
                busy = await step()
                failures = 0
                self._troubles.pop(name, None)
            except AWAY as error:
                failures += 1
                self._troubles[name] = describe(error)
                if is_worth_saying(failures):
                    logger.warning("%s waits", name, exc_info=error, extra={"attempts": failures})
            if failures:
                await self._pause(backoff(failures, first=POLL_SECONDS, highest=MOST_PAUSE_SECONDS))
            elif not busy:
                await self._pause(POLL_SECONDS)

    async def _keep_house(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(*RETRIED):
                await in_transaction(self._pool, lambda connection: forget_old(connection, self._clock() - MAILS_KEPT))
            await self._pause(CLEAN_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
