"""Every SQL statement that makes ingest forget: entities, people, organisations, and what was kept about them."""

from collections.abc import Sequence

from services.ingest.store.entities import Party
from shared.database import Connection


async def delete_submission(connection: Connection, party: Party) -> None:
    """Deletes a submission with its contact and the answers kept about it."""
    await connection.execute("DELETE FROM kept_answers WHERE entity_type = $1 AND entity_id = $2", *party)
    await connection.execute("DELETE FROM submissions WHERE entity_type = $1 AND entity_id = $2", *party)


async def unname_conclusions(connection: Connection, party: Party) -> None:
    """Keeps what was concluded for the other side, without this one's id; deletes what has no side left."""
    await connection.execute(
        """
        UPDATE conclusions SET project_id = CASE WHEN $1 = 'project' THEN NULL ELSE project_id END,
                               offer_id = CASE WHEN $1 = 'project' THEN offer_id END
        WHERE ($1 = 'project' AND project_id = $2) OR (offer_type = $1 AND offer_id = $2)
        """,
        *party,
    )
    # The digest stays: it tells a repeated event, and names nobody.


async def entities_of_organisation(connection: Connection, organisation_id: str) -> list[Party]:
    """What an organisation submitted, and what was submitted for it."""
    rows = await connection.fetch(
        "SELECT entity_type, entity_id FROM submissions WHERE organisation_id = $1 OR party_id = $1"
        " ORDER BY entity_type, entity_id",
        organisation_id,
    )
    return [(row["entity_type"], row["entity_id"]) for row in rows]


async def delete_organisation(connection: Connection, organisation_id: str) -> bool:
    """Deletes an organisation with its keys and its places in imports; False when there is none."""
    await connection.execute("DELETE FROM imports WHERE organisation_id = $1", organisation_id)
    await _delete_answers_to(connection, f"organisation:{organisation_id}")
    status = await connection.execute("DELETE FROM organisations WHERE organisation_id = $1", organisation_id)
    return status.endswith(" 1")


async def delete_person(connection: Connection, person_id: str) -> bool:
    """Deletes a person with address, name and all that they were the contact or coordinator of; False when unknown."""
    await _delete_answers_to(connection, f"person:{person_id}")
    status = await connection.execute("DELETE FROM people WHERE person_id = $1", person_id)
    return status.endswith(" 1")


async def people_of(connection: Connection, parties: Sequence[Party]) -> list[str]:
    """The contacts of these entities."""
    rows = await connection.fetch(
        "SELECT DISTINCT person_id FROM contacts JOIN unnest($1::text[], $2::text[]) AS asked (t, i)"
        " ON entity_type = t AND entity_id = i ORDER BY person_id",
        [entity_type for entity_type, _ in parties],
        [entity_id for _, entity_id in parties],
    )
    return [row["person_id"] for row in rows]


async def without_anything(connection: Connection, people: Sequence[str]) -> list[str]:
    """Those of these people who are left without any entity or territory."""
    rows = await connection.fetch(
        """
        SELECT person_id FROM people WHERE person_id = ANY ($1)
        AND NOT EXISTS (SELECT FROM contacts WHERE contacts.person_id = people.person_id)
        AND NOT EXISTS (SELECT FROM coordinators WHERE coordinators.person_id = people.person_id)
        ORDER BY person_id
        """,
        list(people),
    )
    return [row["person_id"] for row in rows]


async def was_erased(connection: Connection, topic: str, key: str) -> bool:
    """Whether this key was erased, and said nothing since."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM key_versions WHERE topic = $1 AND key = $2 AND erased)", topic, key
    )
    return found


async def was_said(connection: Connection, topic: str, key: str) -> bool:
    """Whether an event of this key was ever announced."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM key_versions WHERE topic = $1 AND key = $2)", topic, key
    )
    return found


async def is_erased(connection: Connection, actor: str, organisation_id: str | None) -> bool:
    """Whether this person or organisation was erased; an organisation added anew since is there again."""
    found: bool = await connection.fetchval(
        """
        SELECT EXISTS (SELECT FROM key_versions WHERE topic = 'erasures' AND key = $1)
            AND NOT EXISTS (SELECT FROM organisations WHERE organisation_id = $2)
        """,
        actor,
        organisation_id,
    )
    return found


async def erased_keys(connection: Connection, topics: Sequence[str]) -> set[tuple[str, str]]:
    """(topic, key) of all that was erased on these topics."""
    rows = await connection.fetch("SELECT topic, key FROM key_versions WHERE erased AND topic = ANY ($1)", list(topics))
    return {(row["topic"], row["key"]) for row in rows}


async def _delete_answers_to(connection: Connection, actor: str) -> None:
    await connection.execute("DELETE FROM kept_answers WHERE actor = $1", actor)
