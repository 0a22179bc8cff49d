"""What a restoration reads back and states again: submissions, erasures, the last day."""

from collections.abc import Sequence
from datetime import datetime

from services.ingest.store.entities import COLUMNS, Kept, Party, kept_row
from shared.database import Connection
from shared.events.vocabulary import EntityType
from shared.restoring import LONG

_LIVE = """
SELECT EXISTS (SELECT FROM submissions WHERE entity_type = $1 AND entity_id = $2)
    OR EXISTS (SELECT FROM said_in_log WHERE topic = $3 AND key = $2 AND body IS NOT NULL)
"""


async def is_live(connection: Connection, party: Party, topic: str) -> bool:
    """Whether an entity is kept, or the log has it."""
    found: bool = await connection.fetchval(_LIVE, *party, topic)
    return found


async def given_versions(connection: Connection, topic: str, keys: Sequence[str]) -> dict[str, int]:
    """The version last given to each of these keys."""
    rows = await connection.fetch(
        "SELECT key, version FROM key_versions WHERE topic = $1 AND key = ANY ($2)", topic, list(keys)
    )
    return {row["key"]: row["version"] for row in rows}


async def submissions_after(
    connection: Connection, entity_type: EntityType, after: str, limit: int
) -> list[tuple[Kept, datetime]]:
    """Submissions of one type by id, after one of them, each with when it changed last."""
    rows = await connection.fetch(
        f"SELECT {COLUMNS}, changed_at FROM submissions WHERE entity_type = $1 AND entity_id > $2"  # noqa: S608
        " ORDER BY entity_id LIMIT $3",
        entity_type,
        after,
        limit,
    )
    return [(kept_row(row), row["changed_at"]) for row in rows]


async def changed_then(connection: Connection, party: Party, at: datetime) -> None:
    """Date a submission that was read back by what the log says of it."""
    await connection.execute(
        "UPDATE submissions SET changed_at = $3, submitted_at = least(submitted_at, $3)"
        " WHERE entity_type = $1 AND entity_id = $2",
        *party,
        at,
    )


async def follow_versions(connection: Connection, entity_type: EntityType, topic: str) -> None:
    """Give each submission of a type the version that was last given to its key."""
    await connection.execute(
        """
        UPDATE submissions SET version = given.version FROM key_versions AS given
        WHERE entity_type = $1 AND given.topic = $2 AND given.key = entity_id
        """,
        entity_type,
        topic,
        timeout=LONG,
    )


async def unsaid(connection: Connection, topic: str) -> list[str]:
    """The keys of a topic whose last event is neither in its log nor waiting to leave; after `raise_generation`."""
    rows = await connection.fetch(
        """
        SELECT key FROM key_versions AS given WHERE topic = $1
        AND NOT EXISTS (SELECT FROM said_in_log AS said
                        WHERE said.topic = $1 AND said.key = given.key AND said.version >= given.version)
        AND NOT EXISTS (SELECT FROM outbox WHERE outbox.topic = $1 AND outbox.key = given.key)
        ORDER BY key
        """,
        topic,
    )
    return [row["key"] for row in rows]


async def log_tells(connection: Connection, topic: str) -> bool:
    """Whether the log of a topic that the service says holds anything, or will once the outbox has left."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM said_in_log WHERE topic = $1) OR EXISTS (SELECT FROM outbox WHERE topic = $1)",
        topic,
    )
    return found


async def unanswered_for(connection: Connection) -> list[tuple[Party, str | None]]:
    """The entities without contact, territories without coordinator, each with its organisation."""
    rows = await connection.fetch(
        """
        SELECT entity_type, entity_id, organisation_id FROM submissions
        WHERE NOT EXISTS (SELECT FROM contacts WHERE contacts.entity_type = submissions.entity_type
                          AND contacts.entity_id = submissions.entity_id)
        AND NOT EXISTS (SELECT FROM coordinators WHERE entity_type = 'territory' AND territory_id = entity_id)
        ORDER BY entity_type, entity_id
        """
    )
    return [((row["entity_type"], row["entity_id"]), row["organisation_id"]) for row in rows]
