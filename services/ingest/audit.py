"""What an audit compares of ingest: submissions with what was published, conclusions with concluded matches."""

from collections.abc import Collection

from services.ingest.store import auditing
from services.ingest.store.entities import Party
from shared.audit_reading import Topics, handled, set_aside, snapshot
from shared.auditing import Finding, Held
from shared.database import Connection, Pool
from shared.events.matches import MatchChanged
from shared.events.people import Erased
from shared.received import Place

SERVICE = "ingest"
HEARD: tuple[str, ...] = ()
"""Of matches ingest keeps what they concluded alone: see `findings`."""
HANDLED = (MatchChanged.topic,)


async def held(connection: Connection, topic: str) -> Held:
    """Nothing is held by key."""
    return Held({}, await handled(connection, topic))


async def forgotten(connection: Connection, topic: str) -> frozenset[str]:
    """Erasures of what was submitted again: a log that was lost is not told of them any more."""
    return await auditing.erased_and_back(connection) if topic == Erased.topic else frozenset()


async def findings(pool: Pool, topics: Topics) -> list[Finding]:
    """Submissions that are not as published, and concluded matches that lowered nothing."""
    view = await topics.view(MatchChanged.topic)
    concluded: dict[str, Place] = {}
    async for records in topics.last_events(view):
        for one in records:
            if isinstance(one.event, MatchChanged) and one.event.state == "concluded":
                concluded[one.key] = one.place
    async with snapshot(pool) as connection:
        unpublished = await auditing.unpublished(connection)
        done, bad = await handled(connection, MatchChanged.topic), await set_aside(connection, MatchChanged.topic)
        heard = [key for key, place in concluded.items() if place[1] < done.get(place[0], 0) and place not in bad]
        missing = await auditing.not_concluded(connection, heard)
    return [
        *(Finding(SERVICE, "submission", place, expected, found) for place, expected, found in unpublished),
        *(Finding(SERVICE, "conclusion", match_id, "kept", "absent") for match_id in sorted(missing)),
    ]


async def contacts_of(pool: Pool, parties: Collection[Party]) -> dict[Party, frozenset[str]]:
    """Who answers for each of these, by the opaque ids of people; nobody for those left out."""
    async with pool.acquire() as connection:
        return await auditing.people_behind(connection, parties)
