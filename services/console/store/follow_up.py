"""What a coordinator follows: interests that wait, projects that nothing matches, what was concluded."""

from dataclasses import dataclass

from services.console.store.tallies import OPEN
from shared.database import Connection
from shared.events.matches import MatchChanged
from shared.events.shapes import Project

MOST_UNMATCHED = 5_000


@dataclass(frozen=True, slots=True)
class Concluded:
    """What a territory's matches concluded, in all."""

    matches: int = 0
    euros: int = 0
    days: int = 0


async def awaiting_answer(connection: Connection, territory_id: str, limit: int) -> list[MatchChanged]:
    """A territory's matches where one side said yes and the other said nothing, those that wait longest first.

    Those with a fund that nobody answers for wait for nobody, and are left out.
    """
    rows = await connection.fetch(
        """
        select body from matches where territories @> array[$1::text] and state = 'interested'
          and coalesce((body -> 'offer' ->> 'managed')::boolean, true)
        order by changed_at, match_id limit $2
        """,
        territory_id,
        limit,
    )
    return [MatchChanged.model_validate(row["body"]) for row in rows]


async def concluded(connection: Connection, territory_id: str) -> Concluded:
    """What a territory's matches concluded; a match of two territories counts in both."""
    row = await connection.fetchrow(
        """
        select count(*) as matches, coalesce(sum((body ->> 'concluded_eur')::bigint), 0)::bigint as euros,
          coalesce(sum((body ->> 'concluded_days')::bigint), 0)::bigint as days
        from matches where territories @> array[$1::text] and state = 'concluded'
        """,
        territory_id,
    )
    return Concluded(**row) if row else Concluded()


async def unmatched_projects(connection: Connection) -> list[Project]:
    """The active projects without a match that stands, by title; duplicates left out, and what exceeds the most."""
    rows = await connection.fetch(
        f"""
        select body from projects as p
        where status = 'actif' and not body ? 'duplicate_of'
          and not exists (select from matches as m where m.project_id = p.project_id and m.state in {OPEN})
        order by title, project_id limit $1
        """,  # noqa: S608  # a list of fixed words
        MOST_UNMATCHED,
    )
    return [Project.model_validate(row["body"]) for row in rows]
