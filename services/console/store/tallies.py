"""Counts of projects and matches, by territory, défi and theme."""

from dataclasses import dataclass

from shared.database import Connection

OPEN = "('proposed', 'revised', 'interested', 'mutual', 'introduced', 'concluded')"
MET = "('introduced', 'concluded')"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many projects, matches that stand, and matches introduced or concluded."""

    projects: int = 0
    matches: int = 0
    introduced: int = 0


async def of_territories(connection: Connection) -> dict[str, Tally]:
    """By territory; a project in two territories counts in both."""
    rows = await connection.fetch(
        f"""
        select territory_id as key, count(distinct project_id) as projects,
          count(*) filter (where state in {OPEN}) as matches, count(*) filter (where state in {MET}) as introduced
        from matches, unnest(territories) as territory_id group by territory_id
        """  # noqa: S608  # lists above
    )
    return {row["key"]: Tally(row["projects"], row["matches"], row["introduced"]) for row in rows}


async def of_challenges(connection: Connection) -> dict[str, Tally]:
    """By défi: the active projects that answer it, and their matches."""
    rows = await connection.fetch(
        f"""
        select challenge_id as key, count(distinct project_id) as projects, count(match_id) as matches,
          count(match_id) filter (where state in {MET}) as introduced
        from (select project_id, challenge_id from projects where status = 'actif' and challenge_id is not null) as p
        left join (select match_id, project_id, state from matches where state in {OPEN}) as m using (project_id)
        group by challenge_id
        """  # noqa: S608  # lists above
    )
    return {row["key"]: Tally(row["projects"], row["matches"], row["introduced"]) for row in rows}


async def of_categories(connection: Connection, territory_id: str) -> dict[str, Tally]:
    """By theme, of one territory's matches."""
    rows = await connection.fetch(
        f"""
        select category as key, count(distinct project_id) as projects,
          count(*) filter (where state in {OPEN}) as matches, count(*) filter (where state in {MET}) as introduced
        from matches, unnest(categories) as category where territories @> array[$1::text] group by category
        """,  # noqa: S608  # lists above
        territory_id,
    )
    return {row["key"]: Tally(row["projects"], row["matches"], row["introduced"]) for row in rows}
