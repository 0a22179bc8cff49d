"""What was answered on these pages: kept until the match shows it, an end held back while it can be taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.console.views.answers import GivenAnswer
from shared.database import Connection

_COLUMNS = (
    "answer_id, match_id, project_id, side, answer, reason, show_reason, amount_eur, days, person_id, given_at,"
    " due_at, announced_at"
)


async def insert(connection: Connection, given: GivenAnswer) -> None:
    """Keep an answer."""
    await connection.execute(
        f"insert into answers ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",  # noqa: S608
        given.answer_id,
        given.match_id,
        given.project_id,
        given.side,
        given.answer,
        given.reason,
        given.show_reason,
        given.amount_eur,
        given.days,
        given.person_id,
        given.given_at,
        given.due_at,
        given.announced_at,
    )


async def of_match(connection: Connection, match_id: str) -> list[GivenAnswer]:
    """What was answered here to a match, oldest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from answers where match_id = $1 order by given_at, answer_id",  # noqa: S608  # names above
        match_id,
    )
    return [_given(dict(row)) for row in rows]


async def of_matches(connection: Connection, match_ids: Sequence[str]) -> dict[str, list[GivenAnswer]]:
    """What was answered here to each of these matches, oldest first; a match without answers is left out."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from answers where match_id = any($1::text[]) order by given_at, answer_id",  # noqa: S608  # names above
        list(match_ids),
    )
    found: dict[str, list[GivenAnswer]] = {}
    for row in rows:
        found.setdefault(row["match_id"], []).append(_given(dict(row)))
    return found


async def take_back(connection: Connection, match_id: str, side: str) -> bool:
    """Delete the answer of a side that is still held; false when there is none, or it left already."""
    done = await connection.execute(
        "delete from answers where match_id = $1 and side = $2 and announced_at is null", match_id, side
    )
    return bool(not done.endswith(" 0"))


async def lock_due(connection: Connection, at: datetime, limit: int) -> list[GivenAnswer]:
    """The held answers whose time has come, locked; those that another process holds are left to it."""
    rows = await connection.fetch(
        f"""
        select {_COLUMNS} from answers where announced_at is null and due_at <= $1
        order by project_id, given_at limit $2 for update skip locked
        """,  # noqa: S608  # names above
        at,
        limit,
    )
    return [_given(dict(row)) for row in rows]


async def mark_announced(connection: Connection, answer_id: UUID, at: datetime) -> None:
    """Note that an answer was said on the topic, in the same transaction."""
    await connection.execute("update answers set announced_at = $2 where answer_id = $1", answer_id, at)


def _given(row: dict[str, Any]) -> GivenAnswer:
    return GivenAnswer(**row)
