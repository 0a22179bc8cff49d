"""A dead letter stays as long as the log has its record: thirty days, or until a later one of its key is set aside."""

import asyncio
import contextlib

from shared.database import RETRIED, Pool

KEPT_DAYS = 30
EVERY_SECONDS = 3600.0
FORGETFUL_TOPICS = ("deliveries",)
"""Topics that keep an event for thirty days."""
COMPACTED_TOPICS = ("commitments", "funds", "matches", "preferences", "projects", "territories")
"""Topics that keep the last event of each key. All others keep every event for ever."""

_FORGET = """
DELETE FROM dead_letters AS old WHERE set_aside_at < now() - make_interval(days => $1) AND (
    topic = ANY ($2) OR (topic = ANY ($3) AND EXISTS (
        SELECT FROM dead_letters AS later WHERE later.topic = old.topic AND later.partition = old.partition
        AND later.key = old.key AND later.record_offset > old.record_offset)))
"""


async def keep_house(pool: Pool) -> None:
    """Forget what is old, now and then, for ever; an unavailable database, or a deadlock, only delays it."""
    while True:
        with contextlib.suppress(*RETRIED):
            await forget_old(pool)
        await asyncio.sleep(EVERY_SECONDS)


async def forget_old(pool: Pool) -> None:
    """Forget old dead letters whose records have left the log; a second call changes nothing.

    Of a record that the log still has, an audit would say that nobody heard it, and nothing could be replayed.
    """
    await pool.execute(_FORGET, KEPT_DAYS, FORGETFUL_TOPICS, COMPACTED_TOPICS)
