"""Counts of projects and matches, by territory, défi and theme."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.console.views.lists import PartyTally
from shared.database import Connection
from shared.events.vocabulary import OfferType

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


async def of_projects(connection: Connection, project_ids: Sequence[str], day: date) -> dict[str, PartyTally]:
    """By project, as its owner sees its matches on a day; one without any is left out."""
    return await _of_parties(connection, "project", "project_id = any($2::text[])", day, list(project_ids))


async def of_offers(
    connection: Connection, offer_type: OfferType, offer_ids: Sequence[str], day: date
) -> dict[str, PartyTally]:
    """By offer of one type, as its author sees its matches on a day; one without any is left out."""
    where = "offer_id = any($2::text[]) and offer_type = $3"
    return await _of_parties(connection, "offer", where, day, list(offer_ids), offer_type)


async def _of_parties(
    connection: Connection, side: str, where: str, day: date, *bound: object
) -> dict[str, PartyTally]:
    rows = await connection.fetch(
        f"""
        with seen as (
          select {side}_id as key, state,
            state in ('proposed', 'revised', 'interested', 'mutual')
              and coalesce((body ->> '{side}_hidden_until')::date > $1, false) as is_aside,
            state = 'interested' and not coalesce(body -> 'interested_sides' ? '{side}', false) as is_awaited
          from matches where {where}
        )
        select key, state, count(*) as total, count(*) filter (where is_aside) as aside,
          count(*) filter (where is_awaited and not is_aside) as waiting
        from seen group by key, state
        """,  # noqa: S608  # fixed words of the two functions above
        day,
        *bound,
    )
    keys = dict.fromkeys(row["key"] for row in rows)
    return {
        key: PartyTally(
            {row["state"]: row["total"] for row in rows if row["key"] == key},
            sum(row["aside"] for row in rows if row["key"] == key),
            sum(row["waiting"] for row in rows if row["key"] == key),
        )
        for key in keys
    }
