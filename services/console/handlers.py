"""What the console does with each event heard: it keeps the newest state, and says on the feed what moved."""

from collections.abc import Awaitable, Callable, Sequence

from services.console.store import entities, erasure, feed, matches, people
from shared.database import Connection
from shared.dead_letter import forget
from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished, TerritoryPublished
from shared.events.matches import MatchChanged
from shared.events.people import Erased, MailDelivered
from shared.outbox import announce_erased, purge_waiting
from shared.received import Batch, Received
from shared.versions import newer


async def on_territories(connection: Connection, batch: Batch) -> None:
    """Keep territories."""
    for record in await _newest(connection, batch):
        if isinstance(record.event, TerritoryPublished):
            await entities.upsert_territory(connection, record.event.territory, record.event.occurred_at)
        else:
            await entities.delete_territory(connection, record.key)


async def on_projects(connection: Connection, batch: Batch) -> None:
    """Keep projects."""
    for record in await _newest(connection, batch):
        if isinstance(record.event, ProjectPublished):
            await entities.upsert_project(connection, record.event.project, record.event.occurred_at)
        else:
            await entities.delete_project(connection, record.key)


async def on_commitments(connection: Connection, batch: Batch) -> None:
    """Keep commitments."""
    for record in await _newest(connection, batch):
        if isinstance(record.event, CommitmentPublished):
            await entities.upsert_commitment(connection, record.event.commitment, record.event.occurred_at)
        else:
            await entities.delete_offer(connection, "commitment", record.key)


async def on_funds(connection: Connection, batch: Batch) -> None:
    """Keep funds."""
    for record in await _newest(connection, batch):
        if isinstance(record.event, FundPublished):
            await entities.upsert_fund(connection, record.event.fund, record.event.occurred_at)
        else:
            await entities.delete_offer(connection, "fund", record.key)


def _is_step(before: MatchChanged | None, event: MatchChanged) -> bool:
    """Whether the match moved; otherwise only its lists or what is shown of its parties changed."""
    return before is None or (before.change, before.history[-1:]) != (event.change, event.history[-1:])


async def on_matches(connection: Connection, batch: Batch) -> None:
    """Keep matches, forget those whose tombstone came, and append those with a new step to the feed, last."""
    records = await _newest(connection, batch)
    changed = [record.event for record in records if isinstance(record.event, MatchChanged)]
    before = await matches.by_id(connection, [event.match_id for event in changed])
    for event in changed:
        await matches.upsert(connection, event)
    await matches.delete(connection, [record.key for record in records if record.event is None])
    moved = [event for event in changed if _is_step(before.get(event.match_id), event)]
    if moved:
        await feed.append(connection, moved)


async def on_deliveries(connection: Connection, batch: Batch) -> None:
    """Keep what was mailed, for the history of each match."""
    for record in await _newest(connection, batch):
        if isinstance(record.event, MailDelivered):
            await people.insert_delivery(connection, record.event)


async def on_erasures(connection: Connection, batch: Batch) -> None:
    """Purge whatever was said before of who was erased; a preference of theirs ends on its topic too."""
    for record in await _newest(connection, batch):
        if isinstance(record.event, Erased):
            await _forget(connection, record.event)


async def _forget(connection: Connection, event: Erased) -> None:
    """What waits to be said of them is not said any more."""
    gone = {*event.entities, (event.subject, event.subject_id)}
    for kind, entity_id in sorted(gone):
        if kind == "project":
            await purge_waiting(connection, "answers", entity_id)
    if event.subject == "person" and await people.has_preference(connection, event.subject_id):
        await purge_waiting(connection, "preferences", event.subject_id)
        await announce_erased(connection, "preferences", event.subject_id)
    await erasure.purge(connection, event)
    await forget(connection, *(entity_id for _, entity_id in gone))


async def _newest(connection: Connection, batch: Batch) -> Sequence[Received]:
    """The last record of each key, where it says more than what is held; versions are noted.

    What could not be read of a key that is gone goes too: its tombstone comes after it.
    """
    newest = tuple({record.key: record for record in await newer(connection, batch)}.values())
    await forget(connection, *(record.key for record in newest if record.event is None))
    return newest


HANDLERS: dict[str, Callable[[Connection, Batch], Awaitable[None]]] = {
    "territories": on_territories,
    "projects": on_projects,
    "commitments": on_commitments,
    "funds": on_funds,
    "matches": on_matches,
    "deliveries": on_deliveries,
    "erasures": on_erasures,
}
"""Topic -> what handles its batches."""
