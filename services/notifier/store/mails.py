"""Frozen mails on their way out, and the ledger of what was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifier.messages.letter import Item
from services.notifier.messages.notices import life_of
from shared.database import Connection, Pool
from shared.events.people import MailKind


@dataclass(frozen=True)
class Mail:
    """A frozen mail: whoever sends it sends these bytes."""

    mail_id: str
    person_id: str
    kind: MailKind
    message_id: str
    recipient: str
    content: bytes
    failures: int
    trace: str | None = None


async def freeze(
    connection: Connection, mail: Mail, items: Sequence[Item], *, mentions: Sequence[str], at: datetime
) -> None:
    """Keep a mail and enter what it tells into the ledger.

    Raises `asyncpg.UniqueViolationError` when something of it is there already: two mails never tell the same.
    """
    await connection.execute(
        """
        INSERT INTO mails (mail_id, person_id, kind, message_id, recipient, content, mentions, frozen_at,
                           next_attempt_at, trace)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
        """,
        mail.mail_id,
        mail.person_id,
        mail.kind,
        mail.message_id,
        mail.recipient,
        mail.content,
        list(mentions),
        at,
        mail.trace,
    )
    await _enter(connection, mail, items, at)


async def _enter(connection: Connection, mail: Mail, items: Sequence[Item], at: datetime) -> None:
    await connection.executemany(
        """
        INSERT INTO ledger (person_id, match_id, kind, began_at, party_type, party_id, mail_id, message_id, told_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        [
            (
                mail.person_id,
                item.match.match_id,
                mail.kind,
                life_of(item.match),
                item.party.type,
                item.party.id,
                mail.mail_id,
                mail.message_id,
                at,
            )
            for item in items
        ],
    )


async def begin_next(pool: Pool, now: datetime) -> str | None:
    """The id of the mail to send next, marked as begun: from here on it may have reached its reader."""
    mail_id: str | None = await pool.fetchval(
        """
        UPDATE mails SET begun_at = coalesce(begun_at, $1) WHERE mail_id = (
            SELECT mail_id FROM mails WHERE state = 'frozen' AND next_attempt_at <= $1
            ORDER BY next_attempt_at, mail_id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING mail_id
        """,
        now,
    )
    return mail_id


async def claim(connection: Connection, mail_id: str, *, seconds: int) -> Mail | None:
    """A begun mail, locked until the transaction ends; `None` once another process has it or it has left.

    The lock outlasts a slow mail server: a stopped process keeps it for `seconds` at most.
    """
    await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{int(seconds)}s'")
    row = await connection.fetchrow(
        """
        SELECT mail_id, person_id, kind, message_id, recipient, content, failures, trace
        FROM mails WHERE mail_id = $1 AND state = 'frozen' FOR UPDATE SKIP LOCKED
        """,
        mail_id,
    )
    return Mail(**dict(row)) if row else None


@dataclass(frozen=True, slots=True)
class Undelivered:
    """How much was to be told and was not yet; `given_up` counts the last day's."""

    frozen: int
    oldest_seconds: float
    notices: int
    given_up: int


async def undelivered(connection: Connection) -> Undelivered:
    """What has not left yet."""
    row = await connection.fetchrow(
        """
        SELECT count(*) FILTER (WHERE state = 'frozen') AS frozen,
               coalesce(extract(epoch FROM now() - min(frozen_at) FILTER (WHERE state = 'frozen')), 0)::float8
                   AS oldest_seconds,
               (SELECT count(*) FROM notices) AS notices,
               count(*) FILTER (WHERE finished_at > now() - interval '1 day') AS given_up
        FROM mails WHERE state IN ('frozen', 'given-up')
        """
    )
    assert row is not None
    return Undelivered(**dict(row))


async def match_ids_of(connection: Connection, mail_id: str) -> tuple[str, ...]:
    """The matches that a mail tells, in the order of their ids."""
    rows = await connection.fetch("SELECT match_id FROM ledger WHERE mail_id = $1 ORDER BY match_id", mail_id)
    return tuple(row["match_id"] for row in rows)


async def finish(connection: Connection, mail_id: str, state: str, at: datetime) -> None:
    """A mail is sent or given up: its bytes, its address and the people named in it go."""
    await connection.execute(
        """
        UPDATE mails SET state = $2, finished_at = $3, recipient = NULL, content = NULL, mentions = '{}'
        WHERE mail_id = $1
        """,
        mail_id,
        state,
        at,
    )


async def forget_bodies(connection: Connection, match_ids: Sequence[str]) -> None:
    """Forget the bodies of those of these matches that nothing waits for.

    Locks matches: never call it while a mail is locked, since erasure locks them in the other order.
    """
    await connection.execute("SELECT FROM matches WHERE match_id = ANY ($1) ORDER BY match_id FOR UPDATE", match_ids)
    await connection.execute(
        """
        UPDATE matches SET body = NULL WHERE match_id = ANY ($1) AND body IS NOT NULL
        AND NOT EXISTS (SELECT FROM notices WHERE notices.match_id = matches.match_id)
        AND NOT EXISTS (SELECT FROM pending WHERE pending.match_id = matches.match_id)
        AND NOT EXISTS (SELECT FROM ledger JOIN mails USING (mail_id)
                        WHERE ledger.match_id = matches.match_id AND state = 'frozen')
        """,
        match_ids,
    )


async def refused(connection: Connection, mail_id: str, code: int, next_attempt_at: datetime) -> None:
    """The mail server refused a mail with this code; it is tried again at that time."""
    await connection.execute(
        "UPDATE mails SET failures = failures + 1, last_refusal = $2, next_attempt_at = $3 WHERE mail_id = $1",
        mail_id,
        code,
        next_attempt_at,
    )


async def put_off(pool: Pool, mail_id: str, next_attempt_at: datetime) -> None:
    """Try a mail again at that time; nothing is held against it."""
    await pool.execute(
        "UPDATE mails SET next_attempt_at = $2 WHERE mail_id = $1 AND state = 'frozen'", mail_id, next_attempt_at
    )


async def forget_old(connection: Connection, before: datetime) -> None:
    """Forget the mails that were finished before then, with the versions of what was said of them.

    `before` must be so long ago that `deliveries` no longer holds it: a log above its database stops the service.
    """
    await connection.execute(
        """
        WITH old AS (DELETE FROM mails WHERE finished_at < $1 RETURNING mail_id)
        DELETE FROM key_versions USING old WHERE topic = 'deliveries' AND key = mail_id
        """,
        before,
    )
