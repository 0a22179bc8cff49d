"""Purges what the console holds of who was erased, and was said before they were: an id may have come anew since."""

from collections.abc import Sequence
from datetime import datetime

from shared.database import Connection
from shared.events.people import Erased


async def purge(connection: Connection, event: Erased) -> None:
    """Delete the subject, its entities, their matches and whatever was said of them; doing it twice changes nothing."""
    gone, at = [*event.entities, (event.subject, event.subject_id)], event.occurred_at
    await _purge_projects(connection, [entity_id for kind, entity_id in gone if kind == "project"], at)
    for offer_type in ("commitment", "fund"):
        await _purge_offers(connection, offer_type, [entity_id for kind, entity_id in gone if kind == offer_type], at)
    territories = [entity_id for kind, entity_id in gone if kind == "territory"]
    await connection.execute(
        "delete from territories where territory_id = any($1::text[]) and said_at <= $2", territories, at
    )
    if event.subject == "person":
        await _purge_person(connection, event.subject_id)


async def _purge_projects(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    await connection.execute("delete from projects where project_id = any($1::text[]) and said_at <= $2", ids, at)
    rows = await connection.fetch(
        """
        select match_id from matches
        where project_id = any($1::text[]) and (body ->> 'occurred_at')::timestamptz <= $2
        """,
        ids,
        at,
    )
    await _purge_matches(connection, [row["match_id"] for row in rows])
    await connection.execute("delete from answers where project_id = any($1::text[]) and given_at <= $2", ids, at)


async def _purge_offers(connection: Connection, offer_type: str, ids: Sequence[str], at: datetime) -> None:
    await connection.execute(
        "delete from offers where offer_type = $1 and offer_id = any($2::text[]) and said_at <= $3", offer_type, ids, at
    )
    rows = await connection.fetch(
        """
        select match_id from matches
        where offer_type = $1 and offer_id = any($2::text[]) and (body ->> 'occurred_at')::timestamptz <= $3
        """,
        offer_type,
        ids,
        at,
    )
    await _purge_matches(connection, [row["match_id"] for row in rows])


async def _purge_matches(connection: Connection, ids: Sequence[str]) -> None:
    for table in ("matches", "feed", "answers"):
        await connection.execute(f"delete from {table} where match_id = any($1::text[])", ids)  # noqa: S608  # names above
    await connection.execute("delete from deliveries where match_ids && $1::text[]", ids)


async def _purge_person(connection: Connection, person_id: str) -> None:
    for table in ("sessions", "sign_in_links", "people", "preferences", "deliveries"):
        await connection.execute(f"delete from {table} where person_id = $1", person_id)  # noqa: S608  # names above
    await connection.execute("update answers set person_id = null where person_id = $1", person_id)
