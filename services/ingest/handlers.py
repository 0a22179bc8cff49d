"""What ingest does with the events it hears: what a match concluded lowers what remains on both sides."""

from services.ingest.announcing import publish
from services.ingest.intake.known import reference_known
from services.ingest.intake.publication import concluded_by, sides_of
from services.ingest.store import entities
from services.ingest.store.entities import Party
from services.ingest.submissions import locked
from shared.database import Connection
from shared.events.matches import MatchChanged
from shared.received import Batch


async def on_matches(connection: Connection, batch: Batch) -> None:
    """Each concluded match counts once, however often it is told; its project and its offer are published again."""
    concluded = [
        record.event
        for record in batch.records
        if isinstance(record.event, MatchChanged) and record.event.state == "concluded"
    ]
    if not concluded:
        return
    sides: set[Party] = {side for match in concluded for side in sides_of(match)}
    kept = await locked(connection, sorted(sides))
    changed: set[Party] = set()
    for match in concluded:
        known = [side for side in sides_of(match) if side in kept]
        if await entities.conclude(connection, match.match_id, known, concluded_by(match)):
            changed |= {side for side in known if side[0] != "fund"}
    for side in sorted(changed):
        await publish(connection, kept[side], reference_known())
