"""Makes people known: each distinct address gets one opaque id, for ever."""

from uuid import uuid4

from services.ingest.intake.outcome import Contact
from services.ingest.store import people
from shared.database import Connection


async def new_person(connection: Connection, contact: Contact) -> str:
    """The id of who has this address, a new one where nobody had; what is known of somebody stays."""
    return await people.remember_person(connection, contact, f"per-{uuid4().hex}")


async def described_person(connection: Connection, contact: Contact) -> str:
    """As `new_person`, said by the person or the operator: a name or language said is kept."""
    return await people.describe_person(connection, contact, f"per-{uuid4().hex}")
