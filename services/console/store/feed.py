"""The feed that live pages follow: what changed, in the order of commits."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.database import Connection
from shared.events.matches import MatchChanged

FEED_LOCK = 0x455353_46
"""Advisory lock of the transactions that append; always the last lock they take."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One change of one match, with what filters look at."""

    feed_id: int
    match_id: str
    change: str
    state: str
    territories: tuple[str, ...]
    challenge_id: str | None
    categories: tuple[str, ...]
    kinds: tuple[str, ...]
    score: float


async def append(connection: Connection, events: Sequence[MatchChanged]) -> None:
    """Number these changes after all that was committed; call last in the transaction, since it waits for its turn."""
    await connection.execute("select pg_advisory_xact_lock($1)", FEED_LOCK)
    await connection.executemany(
        """
        insert into feed (match_id, change, state, territories, challenge_id, categories, kinds, score)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (
                event.match_id,
                event.change,
                event.state,
                list(event.project.territories),
                event.project.challenge_id,
                list(event.project.categories),
                list(event.offer.kinds),
                event.score,
            )
            for event in events
        ],
    )


async def after(connection: Connection, feed_id: int, limit: int) -> list[FeedEntry]:
    """The entries that follow `feed_id`, oldest first, at most `limit`."""
    rows = await connection.fetch(
        """
        select feed_id, match_id, change, state, territories, challenge_id, categories, kinds, score
        from feed where feed_id > $1 order by feed_id limit $2
        """,
        feed_id,
        limit,
    )
    return [
        FeedEntry(
            row["feed_id"],
            row["match_id"],
            row["change"],
            row["state"],
            tuple(row["territories"]),
            row["challenge_id"],
            tuple(row["categories"]),
            tuple(row["kinds"]),
            row["score"],
        )
        for row in rows
    ]


async def last_id(connection: Connection) -> int:
    """The number of the newest entry; 0 when there is none."""
    return int(await connection.fetchval("select coalesce(max(feed_id), 0) from feed"))


async def prune(connection: Connection, days: int) -> None:
    """Delete what is older than so many days, but for the newest entry: numbers must go on from it."""
    await connection.execute(
        """
        delete from feed where at < now() - make_interval(days => $1)
          and feed_id < (select max(feed_id) from feed)
        """,
        days,
    )
