"""Erasure: what was said of someone or something is purged, and what was said before is told no more."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.database import Connection
from shared.dead_letter import forget
from shared.outbox import purge_waiting

_OLD = """
match_id = ANY ($1) OR (match_id = ANY ($2) AND CASE began_at WHEN 'epoch' THEN told_at ELSE began_at END <= $3)
"""
"""What the ledger holds of matches that are gone, and of former lives of others; a life without a date is the epoch."""


async def remember(connection: Connection, subjects: Sequence[tuple[str, str]], at: datetime) -> None:
    """Hold that these were erased then; waits for the mails that are being made about them."""
    for subject, subject_id in sorted(subjects):
        if subject == "person":
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"person:{subject_id}")
        await connection.execute(
            """
            INSERT INTO erased AS held (subject, subject_id, erased_at) VALUES ($1, $2, $3)
            ON CONFLICT (subject, subject_id) DO UPDATE SET erased_at = greatest(held.erased_at, excluded.erased_at)
            """,
            subject,
            subject_id,
            at,
        )


async def not_known(connection: Connection, subjects: Iterable[tuple[str, str]], at: datetime) -> list[tuple[str, str]]:
    """Those of these of whom no erasure of that time, or a later one, was applied."""
    asked = sorted(subjects)
    rows = await connection.fetch(
        """
        SELECT subject, subject_id FROM unnest($1::text[], $2::text[]) AS asked (subject, subject_id)
        WHERE NOT EXISTS (SELECT FROM erased WHERE erased.subject = asked.subject
                          AND erased.subject_id = asked.subject_id AND erased_at >= $3)
        """,
        [subject for subject, _ in asked],
        [subject_id for _, subject_id in asked],
        at,
    )
    return [(row["subject"], row["subject_id"]) for row in rows]


async def purge_matches(connection: Connection, entity_type: str, entity_id: str, at: datetime) -> None:
    """Forget all but the versions of an entity's matches, and stop the mails that tell of them.

    A match that began after `at` is of an entity submitted anew: only what was told of its former lives is forgotten.
    """
    rows = await connection.fetch(
        """
        SELECT match_id, began_at > $3 AS is_new FROM matches
        WHERE ($1 = 'project' AND project_id = $2) OR (offer_type = $1 AND offer_id = $2) ORDER BY match_id FOR UPDATE
        """,
        entity_type,
        entity_id,
        at,
    )
    gone = [row["match_id"] for row in rows if not row["is_new"]]
    anew = [row["match_id"] for row in rows if row["is_new"]]
    await connection.execute(
        """
        UPDATE matches SET body = NULL, erased_at = CASE WHEN began_at IS NOT NULL THEN $2::timestamptz END
        WHERE match_id = ANY ($1)
        """,
        gone,
        at,
    )
    told = await connection.fetch(f"SELECT DISTINCT mail_id FROM ledger WHERE {_OLD}", gone, anew, at)  # noqa: S608 - above
    await _stop_mails(connection, "mail_id = ANY ($1)", [row["mail_id"] for row in told])
    await connection.execute(f"DELETE FROM ledger WHERE {_OLD}", gone, anew, at)  # noqa: S608 - above
    for table in ("notices", "pending"):
        await connection.execute(f"DELETE FROM {table} WHERE match_id = ANY ($1)", gone)  # noqa: S608 - our own names


async def purge_person(connection: Connection, person_id: str) -> None:
    """Forget what someone chose, what waited for them, what they were told, and the mails that name them."""
    await _stop_mails(connection, "person_id = ANY ($1) OR mentions && $1", [person_id])
    rows = await connection.fetch("SELECT mail_id FROM mails WHERE person_id = $1", person_id)
    await purge_waiting(connection, "deliveries", *(row["mail_id"] for row in rows))
    await connection.execute("DELETE FROM recipients WHERE person_id = $1", person_id)
    await connection.execute("DELETE FROM ledger WHERE person_id = $1", person_id)
    await connection.execute("DELETE FROM mails WHERE person_id = $1", person_id)


async def purge_dead_letters(connection: Connection, *erased_ids: str) -> None:
    """Forget the unreadable records that name an erased id."""
    await forget(connection, *erased_ids)


async def _stop_mails(connection: Connection, which: str, values: Sequence[str]) -> None:
    """Delete frozen mails; what they would have told waits again, unless they may have reached their reader."""
    await connection.execute(
        f"""
        WITH stopped AS (DELETE FROM mails WHERE state = 'frozen' AND ({which}) RETURNING mail_id, begun_at, frozen_at),
             untold AS (DELETE FROM ledger USING stopped WHERE ledger.mail_id = stopped.mail_id AND begun_at IS NULL
                        RETURNING ledger.*, frozen_at)
        INSERT INTO pending (person_id, kind, match_id, party_type, party_id, since, due_at)
        SELECT person_id, kind, match_id, party_type, party_id, frozen_at, frozen_at FROM untold
        ON CONFLICT DO NOTHING
        """,  # noqa: S608 - our own conditions
        list(values),
    )
