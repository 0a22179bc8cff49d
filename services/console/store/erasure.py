"""Purges what the console holds of who was erased."""

from collections.abc import Sequence

from shared.database import Connection


async def purge(connection: Connection, subject: str, subject_id: str, entities: Sequence[tuple[str, str]]) -> None:
    """Delete the subject, its entities, their matches and whatever was said of them; doing it twice changes nothing."""
    gone = [*entities, (subject, subject_id)]
    await _purge_projects(connection, [entity_id for kind, entity_id in gone if kind == "project"])
    for offer_type in ("commitment", "fund"):
        await _purge_offers(connection, offer_type, [entity_id for kind, entity_id in gone if kind == offer_type])
    territories = [entity_id for kind, entity_id in gone if kind == "territory"]
    await connection.execute("delete from territories where territory_id = any($1::text[])", territories)
    if subject == "person":
        await _purge_person(connection, subject_id)


async def _purge_projects(connection: Connection, ids: list[str]) -> None:
    await connection.execute("delete from projects where project_id = any($1::text[])", ids)
    await _purge_matches(
        connection,
        [
            row["match_id"]
            for row in await connection.fetch("select match_id from matches where project_id = any($1::text[])", ids)
        ],
    )
    await connection.execute("delete from answers where project_id = any($1::text[])", ids)


async def _purge_offers(connection: Connection, offer_type: str, ids: list[str]) -> None:
    await connection.execute("delete from offers where offer_type = $1 and offer_id = any($2::text[])", offer_type, ids)
    rows = await connection.fetch(
        "select match_id from matches where offer_type = $1 and offer_id = any($2::text[])", offer_type, ids
    )
    await _purge_matches(connection, [row["match_id"] for row in rows])


async def _purge_matches(connection: Connection, ids: list[str]) -> None:
    for table in ("matches", "feed", "answers"):
        await connection.execute(f"delete from {table} where match_id = any($1::text[])", ids)  # noqa: S608  # names above
    await connection.execute("delete from deliveries where match_ids && $1::text[]", ids)


async def _purge_person(connection: Connection, person_id: str) -> None:
    for table in ("sessions", "sign_in_links", "people", "preferences", "deliveries"):
        await connection.execute(f"delete from {table} where person_id = $1", person_id)  # noqa: S608  # names above
    await connection.execute("update answers set person_id = null where person_id = $1", person_id)
