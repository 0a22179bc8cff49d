"""Announces what became of matches: one event per head at its match's next version, and tombstones of what ended."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from services.matcher.matching.deciding import Decision
from services.matcher.matching.head import announcement
from shared.database import Connection
from shared.events.matches import MatchChanged
from shared.outbox import announce, announce_all_erased, next_versions, purge_waiting


async def announce_moves(
    connection: Connection, decided: Sequence[Decision], *, at: datetime, new_id: Callable[[], UUID]
) -> None:
    """Leave the events and tombstones of these decisions, whose heads this transaction has locked."""
    topic = MatchChanged.topic
    told = [(head, each.facts) for each in decided for head in each.moves.announced if each.facts]
    versions = await next_versions(connection, topic, [head.pair.match_id for head, _ in told])
    events = [
        announcement(head, facts.project, facts.offer, version=version, event_id=new_id(), occurred_at=at)
        for (head, facts), version in zip(told, versions, strict=True)
    ]
    await announce(connection, *events)
    ended = [each.moves.row.pair for each in decided if each.moves.is_ended]
    if ended:
        await purge_waiting(connection, topic, *(pair.match_id for pair in ended))
        await announce_all_erased(connection, topic, {pair.match_id: pair.project_id for pair in ended})
