"""What a restoration reads back of mails that left: the ledger, so that none goes twice."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.notifier.messages.notices import Notice
from shared.database import Connection
from shared.events.people import MailDelivered


async def erased_people(connection: Connection, person_ids: Iterable[str]) -> frozenset[str]:
    """Those of these people who are erased."""
    rows = await connection.fetch(
        "SELECT subject_id FROM erased WHERE subject = 'person' AND subject_id = ANY ($1)", sorted(set(person_ids))
    )
    return frozenset(row["subject_id"] for row in rows)


async def note_mail(connection: Connection, event: MailDelivered) -> None:
    """Keep that a mail has left or was given up; one that still waits here is not sent again."""
    await connection.execute(
        """
        INSERT INTO mails (mail_id, person_id, kind, message_id, state, frozen_at, next_attempt_at, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $6)
        ON CONFLICT (mail_id) DO UPDATE SET state = excluded.state, finished_at = excluded.finished_at,
            recipient = NULL, content = NULL, mentions = '{}'
        """,
        event.delivery_id,
        event.person_id,
        event.kind,
        event.message_id,
        event.outcome,
        event.occurred_at,
    )


async def note_told(connection: Connection, event: MailDelivered, lives: Sequence[tuple[str, datetime]]) -> None:
    """Enter into the ledger what a mail told: (match, life). For which party is not known, only to whom."""
    await connection.executemany(
        """
        INSERT INTO ledger (person_id, match_id, kind, began_at, party_type, party_id, mail_id, message_id, told_at)
        VALUES ($1, $2, $3, $4, 'person', $1, $5, $6, $7) ON CONFLICT DO NOTHING
        """,
        [
            (event.person_id, match_id, event.kind, life, event.delivery_id, event.message_id, event.occurred_at)
            for match_id, life in lives
        ],
    )


async def note_over(connection: Connection, notices: Iterable[tuple[Notice, datetime, datetime]]) -> None:
    """Enter into the ledger what happened too long ago to be told: (notice, life, when). No mail told it, to nobody."""
    await connection.executemany(
        """
        INSERT INTO ledger (person_id, match_id, kind, began_at, party_type, party_id, mail_id, message_id, told_at)
        VALUES ($1, $2, $3, $4, $5, $6, '', '', $7) ON CONFLICT DO NOTHING
        """,
        [
            (f"{n.party.type}:{n.party.id}", n.match_id, n.kind, life, n.party.type, n.party.id, at)
            for n, life, at in notices
        ],
    )
