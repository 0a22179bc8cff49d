"""Polls the feeds of funders in turn: what is new is submitted, what is gone from a feed is closed."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import httpx

from services.ingest.bulk import take_in
from services.ingest.connectors import ademe, ile_de_france
from services.ingest.connectors.fetching import Unanswered, fetch
from services.ingest.connectors.mapping import Mapped, Unusable
from services.ingest.intake.files import Row
from services.ingest.intake.rights import Submitter
from services.ingest.settings import Settings
from services.ingest.store import listing, progress
from services.ingest.store.progress import Polled
from services.ingest.submissions import SubmitterGone
from shared.database import RETRIED, Connection, Pool, in_transaction
from shared.words.french import PARIS

CLAIM = timedelta(minutes=10)
"""For how long one process alone reads a feed."""

_LOOK_EVERY_S = 30.0
_FIRST_PAUSE_S = 60
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and how its answers become funds, submitted as the organisation `connector-<name>`."""

    name: str
    url: str
    funds_of: Callable[[object, date], Mapped]


def feeds_of(settings: Settings) -> list[Feed]:
    """The feeds whose addresses are set."""
    known = ((ademe, settings.ademe_url), (ile_de_france, settings.ile_de_france_url))
    return [Feed(module.NAME, url, module.funds_of) for module, url in known if url]


async def keep_polling(
    pool: Pool, feeds: Sequence[Feed], client: httpx.AsyncClient, *, every: timedelta, clock: Callable[[], datetime]
) -> None:
    """Runs until cancelled: polls each feed when it is due."""
    while True:
        for feed in feeds:
            try:
                await poll(pool, feed, client, every=every, now=clock())
            except RETRIED as error:
                logger.warning(
                    "PostgreSQL is away, or its work was cut short: feeds wait", extra={"cause": type(error).__name__}
                )
        await asyncio.sleep(_LOOK_EVERY_S)


async def poll(pool: Pool, feed: Feed, client: httpx.AsyncClient, *, every: timedelta, now: datetime) -> bool:
    """Reads a feed if it is due and nobody else does; whether it was tried. A failure makes the next one later."""
    state = await in_transaction(pool, lambda connection: _claim(connection, feed.name, now))
    if state is None:
        return False
    try:
        fetched = await fetch(client, feed.url, state.etag, state.last_modified)
        if fetched.payload is not None:
            day = now.astimezone(PARIS).date()
            await _submit(pool, feed, await asyncio.to_thread(feed.funds_of, fetched.payload, day))
    except (Unanswered, Unusable, SubmitterGone) as error:
        asked = error.retry_after_s if isinstance(error, Unanswered) else None
        failed = _failed(state, now, every, asked)
        await progress.set_polled(pool, feed.name, now, failed, str(error))
        logger.warning("a feed was not read", extra={"feed": feed.name, "cause": str(error)})
        return True
    read = Polled(fetched.etag, fetched.last_modified, 0, now + every)
    await progress.set_polled(pool, feed.name, now, read, None)
    return True


async def _claim(connection: Connection, name: str, now: datetime) -> Polled | None:
    state = await progress.polled(connection, name, now)
    if state.next_poll_at > now:
        return None
    await progress.claim_poll(connection, name, now + CLAIM)
    return state


def _failed(state: Polled, now: datetime, every: timedelta, asked_s: int | None) -> Polled:
    failures = state.failures + 1
    pause = min(every, timedelta(seconds=_FIRST_PAUSE_S * 2 ** min(failures - 1, 12)))
    if asked_s is not None:
        pause = max(pause, timedelta(seconds=asked_s))
    return Polled(state.etag, state.last_modified, failures, now + pause)


async def _submit(pool: Pool, feed: Feed, mapped: Mapped) -> None:
    who = Submitter(organisation_id=f"connector-{feed.name}", feed=True)
    offered = {fund["fund_id"] for fund in mapped.funds}
    before = await listing.active_of(pool, "fund", f"connector-{feed.name}")
    # An item left out today may be misread rather than gone: nothing is closed then.
    gone = [] if mapped.left_out else [kept for kept in before if kept.entity_id not in offered]
    rows = [Row(place, "fund", fund) for place, fund in enumerate(mapped.funds, 1)]
    rows += [Row(0, "fund", {**kept.content, "status": "clos"}) for kept in gone]
    results: dict[str, int] = {}
    async for lines, _ in take_in(pool, who, rows):
        for line in lines:
            results[line.result] = results.get(line.result, 0) + 1
            if line.faults:
                faults = [f"{fault.field}: {fault.code}" for fault in line.faults]
                logger.warning("a fund of a feed is refused", extra={"fund_id": line.entity_id, "faults": faults})
    extra = {"feed": feed.name, "left_out": list(mapped.left_out), "closed": len(gone), **results}
    logger.info("a feed was read", extra=extra)
