"""Every SQL statement on how far recurring work is: days said, feeds polled, files imported."""

from dataclasses import dataclass
from datetime import date, datetime

from shared.database import Connection, Pool

IMPORTS_KEPT_DAYS = 30


async def last_day_said(connection: Connection) -> date | None:
    """The latest day that was said, if any was."""
    day: date | None = await connection.fetchval("SELECT max(day) FROM days_said")
    return day


async def add_day(connection: Connection, day: date) -> bool:
    """Records that a day is being said; False when it was said before."""
    status = await connection.execute("INSERT INTO days_said (day) VALUES ($1) ON CONFLICT DO NOTHING", day)
    return status.endswith(" 1")


@dataclass(frozen=True, slots=True)
class Polled:
    """How a feed was last read; `failures` in a row."""

    etag: str | None
    last_modified: str | None
    failures: int
    next_poll_at: datetime


async def polled(connection: Connection, name: str, now: datetime) -> Polled:
    """How this feed was last read; its row is locked, and made at the first call: due at once."""
    await connection.execute(
        "INSERT INTO connectors (name, next_poll_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, now
    )
    row = await connection.fetchrow(
        "SELECT etag, last_modified, failures, next_poll_at FROM connectors WHERE name = $1 FOR UPDATE", name
    )
    assert row is not None
    return Polled(**dict(row))


async def claim_poll(connection: Connection, name: str, until: datetime) -> None:
    """Keeps others from reading this feed until then."""
    await connection.execute("UPDATE connectors SET next_poll_at = $2 WHERE name = $1", name, until)


async def set_polled(
    connection: Connection | Pool, name: str, now: datetime, state: Polled, problem: str | None
) -> None:
    """Records how a feed was read at `now`, and when to read it next."""
    await connection.execute(
        "UPDATE connectors SET etag = $2, last_modified = $3, failures = $4, next_poll_at = $5, polled_at = $6,"
        " problem = $7 WHERE name = $1",
        name,
        state.etag,
        state.last_modified,
        state.failures,
        state.next_poll_at,
        now,
        problem,
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of an import handled so far, by what became of them."""

    rows: int = 0
    accepted: int = 0
    unchanged: int = 0
    refused: int = 0


async def import_position(connection: Connection | Pool, digest: bytes, organisation_id: str) -> Counts:
    """How far a file with this digest was imported for this organisation; nothing yet, or wholly: zero rows."""
    row = await connection.fetchrow(
        "SELECT rows_done AS rows, accepted, unchanged, refused FROM imports"
        " WHERE file_digest = $1 AND organisation_id = $2 AND finished_at IS NULL",
        digest,
        organisation_id,
    )
    return Counts(**dict(row)) if row else Counts()


async def set_import_position(
    connection: Connection, digest: bytes, organisation_id: str, counts: Counts, *, finished: bool
) -> None:
    """Records how far an import is, in the transaction of its rows."""
    await connection.execute(
        """
        INSERT INTO imports (file_digest, organisation_id, rows_done, accepted, unchanged, refused, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN now() END)
        ON CONFLICT (file_digest, organisation_id) DO UPDATE SET
            rows_done = excluded.rows_done, accepted = excluded.accepted, unchanged = excluded.unchanged,
            refused = excluded.refused, finished_at = excluded.finished_at, moved_at = now()
        """,
        digest,
        organisation_id,
        counts.rows,
        counts.accepted,
        counts.unchanged,
        counts.refused,
        finished,
    )


async def forget_old_imports(connection: Connection | Pool) -> None:
    """Deletes the places of imports that nobody went on with for 30 days; the same file then begins anew."""
    await connection.execute(
        "DELETE FROM imports WHERE moved_at < now() - make_interval(days => $1)", IMPORTS_KEPT_DAYS
    )
