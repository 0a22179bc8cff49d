"""Every service forgets its dead letters and how its audits ended after thirty days, as their topics do."""

import asyncio
import contextlib

from shared.database import CONNECTION_LOST, Pool

KEPT_DAYS = 30
EVERY_SECONDS = 3600.0


async def keep_house(pool: Pool) -> None:
    """Forget what is old, now and then, for ever; an unavailable database only delays it."""
    while True:
        with contextlib.suppress(*CONNECTION_LOST):
            await forget_old(pool)
        await asyncio.sleep(EVERY_SECONDS)


async def forget_old(pool: Pool) -> None:
    """Forget what is older than thirty days; a second call changes nothing."""
    for table, at in (("dead_letters", "set_aside_at"), ("audits", "audited_at")):
        await pool.execute(
            f"DELETE FROM {table} WHERE {at} < now() - make_interval(days => $1)",  # noqa: S608 - our own names
            KEPT_DAYS,
        )
