"""Every SQL statement on people: whom to write to about what, who coordinates which territory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.ingest.intake.outcome import Contact
from services.ingest.store.entities import Party
from shared.database import Connection, Pool
from shared.events.vocabulary import EntityType


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an address."""

    person_id: str
    email: str
    name: str | None
    language: str


def normalised(address: str) -> str:
    """What two spellings of one address share."""
    return address.strip().casefold()


def address_lock(address: str) -> str:
    """The name under which whoever gives this address to something, or erases who has it, locks it."""
    return f"address:{normalised(address)}"


def locks_of(person: Person) -> set[str]:
    """The names to lock so that nothing is given to this person, by themselves or by their address."""
    return {f"person:{person.person_id}", address_lock(person.email)}


async def remember_person(connection: Connection, contact: Contact, new_id: str) -> str:
    """The id of who has this address, `new_id` when nobody had: what is known of somebody else stays as it is."""
    await connection.execute(
        "INSERT INTO people (person_id, address, email) VALUES ($1, $2, $3) ON CONFLICT (address) DO NOTHING",
        new_id,
        normalised(contact.email),
        contact.email,
    )
    found: str = await connection.fetchval("SELECT person_id FROM people WHERE address = $1", normalised(contact.email))
    return found


async def describe_person(connection: Connection, contact: Contact, new_id: str) -> str:
    """As `remember_person`, where the person or the operator says it: a name or language replaces what was known."""
    person_id: str = await connection.fetchval(
        """
        INSERT INTO people AS held (person_id, address, email, name, language)
        VALUES ($1, $2, $3, $4, coalesce($5, 'fr'))
        ON CONFLICT (address) DO UPDATE SET
            email = excluded.email, name = coalesce(excluded.name, held.name), language = coalesce($5, held.language)
        RETURNING person_id
        """,
        new_id,
        normalised(contact.email),
        contact.email,
        contact.name,
        contact.language,
    )
    return person_id


async def contacts_of(
    connection: Connection | Pool, parties: Sequence[Party], *, as_said: bool = False
) -> dict[Party, Person]:
    """Whom to write to about each of these entities; those without a contact are left out.

    `as_said`: with the name that was said of this entity alone, else with the person's own where none was.
    """
    rows = await connection.fetch(
        """
        SELECT c.entity_type, c.entity_id, p.person_id, p.email,
               CASE WHEN $3 THEN c.name ELSE coalesce(c.name, p.name) END AS name,
               coalesce(c.language, p.language) AS language
        FROM unnest($1::text[], $2::text[]) AS asked (t, i)
        JOIN contacts c ON c.entity_type = t AND c.entity_id = i JOIN people p USING (person_id)
        """,
        [entity_type for entity_type, _ in parties],
        [entity_id for _, entity_id in parties],
        as_said,
    )
    return {(row["entity_type"], row["entity_id"]): _person(row) for row in rows}


async def coordinators_of(connection: Connection | Pool, territories: Sequence[str]) -> list[tuple[str, Person]]:
    """(territory id, person) for each coordinator of these territories, in a stable order."""
    rows = await connection.fetch(
        "SELECT territory_id, p.* FROM coordinators JOIN people p USING (person_id)"
        " WHERE territory_id = ANY ($1) ORDER BY territory_id, added_at, person_id",
        list(territories),
    )
    return [(row["territory_id"], _person(row)) for row in rows]


async def owner_names(connection: Connection | Pool, projects: Sequence[str]) -> dict[str, str]:
    """Project id -> the owner's name as submitted, an individual's too."""
    rows = await connection.fetch(
        "SELECT entity_id, content #>> '{owner,name}' AS name FROM submissions"
        " WHERE entity_type = 'project' AND entity_id = ANY ($1)",
        list(projects),
    )
    return {row["entity_id"]: row["name"] for row in rows}


async def remove_contact(connection: Connection, party: Party) -> None:
    """Leaves nobody to write to about the entity."""
    await connection.execute("DELETE FROM contacts WHERE entity_type = $1 AND entity_id = $2", *party)


async def set_contact(connection: Connection, party: Party, person_id: str, said: Contact | None = None) -> None:
    """Makes this person the one to write to about the entity; a name or language said holds for it alone."""
    await connection.execute(
        """
        INSERT INTO contacts AS held (entity_type, entity_id, person_id, name, language) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (entity_type, entity_id) DO UPDATE SET
            name = CASE WHEN held.person_id = excluded.person_id THEN coalesce(excluded.name, held.name)
                        ELSE excluded.name END,
            language = CASE WHEN held.person_id = excluded.person_id THEN coalesce(excluded.language, held.language)
                            ELSE excluded.language END,
            person_id = excluded.person_id
        """,
        *party,
        person_id,
        said.name if said else None,
        said.language if said else None,
    )


async def answer_for(connection: Connection, party: Party, person_id: str) -> None:
    """Makes this person the one who answers for a new entity: its contact, or a territory's coordinator."""
    if party[0] != "territory":
        await set_contact(connection, party, person_id)
        return
    await connection.execute(
        "INSERT INTO coordinators (territory_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", party[1], person_id
    )


async def is_answered_for(connection: Connection, party: Party) -> bool:
    """Whether the entity has a contact, or the territory a coordinator."""
    found: bool = await connection.fetchval(
        """
        SELECT EXISTS (SELECT FROM contacts WHERE entity_type = $1 AND entity_id = $2)
            OR ($1 = 'territory' AND EXISTS (SELECT FROM coordinators WHERE territory_id = $2))
        """,
        *party,
    )
    return found


async def person_by(connection: Connection | Pool, *, address: str = "", person_id: str = "") -> Person | None:
    """Who has this address, or this id."""
    row = await connection.fetchrow(
        "SELECT * FROM people WHERE address = $1 OR person_id = $2", normalised(address) or None, person_id or None
    )
    return None if row is None else _person(row)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person answers for."""

    entities: frozenset[tuple[EntityType, str]]
    """Including the territories they coordinate."""
    party_ids: frozenset[str]


async def holding_of(connection: Connection | Pool, person_id: str) -> Holding:
    """What this person is the contact of, these entities' owners and companies, the territories they animate."""
    rows = await connection.fetch(
        """
        SELECT entity_type, entity_id, party_id FROM contacts JOIN submissions USING (entity_type, entity_id)
        WHERE person_id = $1
        UNION ALL SELECT 'territory', territory_id, NULL FROM coordinators WHERE person_id = $1
        """,
        person_id,
    )
    return Holding(
        frozenset((row["entity_type"], row["entity_id"]) for row in rows),
        frozenset(row["party_id"] for row in rows if row["party_id"]),
    )


def _person(row: Any) -> Person:
    return Person(row["person_id"], row["email"], row["name"], row["language"])
