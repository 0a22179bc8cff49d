"""What people chose, and what waits to be told to each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifier.messages.notices import Notice, Party, Telling
from services.notifier.messages.schedule import Preference
from services.notifier.messages.sifting import Waiting
from shared.database import Connection, Pool
from shared.events.matches import MatchChanged
from shared.events.people import MailKind


@dataclass(frozen=True)
class Due:
    """A mail to make, for one person and of one kind, with the parties whose contacts it needs."""

    person_id: str
    kind: MailKind
    parties: frozenset[Party]


async def preferences(connection: Connection, person_ids: Iterable[str]) -> dict[str, Preference]:
    """What these people chose; the defaults for whoever was not known before. Erased people are left out."""
    asked = sorted(set(person_ids))
    await connection.execute(
        """
        INSERT INTO recipients (person_id)
        SELECT person_id FROM unnest($1::text[]) AS asked (person_id)
        WHERE NOT EXISTS (SELECT FROM erased WHERE subject = 'person' AND subject_id = person_id)
        ORDER BY person_id ON CONFLICT DO NOTHING
        """,
        asked,
    )
    rows = await connection.fetch(
        """
        SELECT person_id, frequency, minimum FROM recipients WHERE person_id = ANY ($1)
        AND NOT EXISTS (SELECT FROM erased WHERE subject = 'person' AND subject_id = person_id)
        """,
        asked,
    )
    return {row["person_id"]: Preference(row["frequency"], row["minimum"]) for row in rows}


async def set_preference(connection: Connection, person_id: str, version: int, chosen: Preference) -> bool:
    """Hold what someone chose, their row locked; whether it was newer than what was held. Nothing for erased people."""
    changed = await connection.fetchval(
        """
        INSERT INTO recipients AS held (person_id, frequency, minimum, version)
        SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM erased WHERE subject = 'person' AND subject_id = $1)
        ON CONFLICT (person_id) DO UPDATE
        SET frequency = excluded.frequency, minimum = excluded.minimum, version = excluded.version
        WHERE held.version < excluded.version
        RETURNING true
        """,
        person_id,
        chosen.frequency,
        chosen.minimum,
        version,
    )
    return bool(changed)


async def add_pending(connection: Connection, rows: Iterable[tuple[str, Notice, datetime, datetime]]) -> None:
    """Let notices wait for a person (id, notice, since, due); one that waits already changes nothing."""
    ordered = sorted(rows, key=lambda row: (row[0], row[1].match_id, row[1].kind))
    await connection.executemany(
        """
        INSERT INTO pending (person_id, match_id, kind, party_type, party_id, since, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
        """,
        [(person, n.match_id, n.kind, n.party.type, n.party.id, since, due) for person, n, since, due in ordered],
    )


async def waiting_since(connection: Connection, person_id: str) -> list[tuple[MailKind, str, datetime]]:
    """Kind, match and time of what waits for someone, locked."""
    rows = await connection.fetch(
        "SELECT kind, match_id, since FROM pending WHERE person_id = $1 ORDER BY kind, match_id FOR UPDATE", person_id
    )
    return [(row["kind"], row["match_id"], row["since"]) for row in rows]


async def reschedule(
    connection: Connection, person_id: str, times: Iterable[tuple[MailKind, str, datetime | None]]
) -> None:
    """Tell these at other times; those without a time are not to be told any more."""
    moved = list(times)
    await connection.executemany(
        "UPDATE pending SET due_at = $4 WHERE person_id = $1 AND kind = $2 AND match_id = $3",
        [(person_id, kind, match_id, at) for kind, match_id, at in moved if at],
    )
    await drop_pending(connection, person_id, [(kind, match_id) for kind, match_id, at in moved if at is None])


async def drop_pending(connection: Connection, person_id: str, gone: Iterable[tuple[MailKind, str]]) -> None:
    """Forget what waited for someone: kind and match."""
    await connection.executemany(
        "DELETE FROM pending WHERE person_id = $1 AND kind = $2 AND match_id = $3",
        [(person_id, kind, match_id) for kind, match_id in gone],
    )


async def due_mails(pool: Pool, until: datetime, apart: datetime, limit: int) -> list[Due]:
    """Mails due at `until`, longest due first, with both sides' parties for introductions, which carry contacts.

    No suggestions for who has had a mail of them made since `apart`.
    """
    rows = await pool.fetch(
        """
        WITH due AS (SELECT person_id, kind, min(due_at) AS first FROM pending
                     WHERE due_at <= $1 AND NOT (kind = 'suggestions' AND EXISTS (
                         SELECT FROM mails WHERE mails.person_id = pending.person_id AND mails.kind = 'suggestions'
                         AND frozen_at > $2))
                     GROUP BY person_id, kind ORDER BY first, person_id, kind LIMIT $3)
        SELECT due.person_id, due.kind, due.first, party_type, party_id FROM due JOIN pending USING (person_id, kind)
        UNION SELECT due.person_id, due.kind, due.first, 'project', project_id
        FROM due JOIN pending USING (person_id, kind) JOIN matches USING (match_id) WHERE due.kind = 'introduction'
        UNION SELECT due.person_id, due.kind, due.first, offer_type, offer_id
        FROM due JOIN pending USING (person_id, kind) JOIN matches USING (match_id) WHERE due.kind = 'introduction'
        ORDER BY first, person_id, kind
        """,
        until,
        apart,
        limit,
    )
    grouped: dict[tuple[str, MailKind], set[Party]] = {}
    for row in rows:
        grouped.setdefault((row["person_id"], row["kind"]), set()).add(Party(row["party_type"], row["party_id"]))
    return [Due(person_id, kind, frozenset(parties)) for (person_id, kind), parties in grouped.items()]


async def claim_recipient(connection: Connection, person_id: str) -> Preference | None:
    """What someone chose, their row locked until the transaction ends; `None` while another process holds it."""
    row = await connection.fetchrow(
        "SELECT frequency, minimum FROM recipients WHERE person_id = $1 FOR UPDATE SKIP LOCKED", person_id
    )
    return Preference(row["frequency"], row["minimum"]) if row else None


async def has_suggestions_since(connection: Connection, person_id: str, since: datetime) -> bool:
    """Whether a mail of suggestions was made for a claimed recipient after `since`."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM mails WHERE person_id = $1 AND kind = 'suggestions' AND frozen_at > $2)",
        person_id,
        since,
    )
    return found


async def claim_waiting(connection: Connection, person_id: str, kind: MailKind, until: datetime) -> tuple[Waiting, ...]:
    """All that waits for a claimed recipient when something of it is due at `until`; its matches are locked."""
    times = await _due_times(connection, person_id, kind)
    if not any(due_at <= until for due_at in times.values()):
        return ()
    await _lock_matches(connection, list(times))
    told = await _tellings(connection, person_id, kind, list(times))
    return await _waiting(connection, person_id, kind, told=told, match_ids=list(times))


async def _due_times(connection: Connection, person_id: str, kind: MailKind) -> dict[str, datetime]:
    """When what waits for someone is due, by match, in the order of ids."""
    rows = await connection.fetch(
        "SELECT match_id, due_at FROM pending WHERE person_id = $1 AND kind = $2 ORDER BY match_id", person_id, kind
    )
    return {row["match_id"]: row["due_at"] for row in rows}


async def _lock_matches(connection: Connection, match_ids: Sequence[str]) -> None:
    await connection.execute("SELECT FROM matches WHERE match_id = ANY ($1) ORDER BY match_id FOR UPDATE", match_ids)


async def _waiting(
    connection: Connection,
    person_id: str,
    kind: MailKind,
    *,
    told: Mapping[str, tuple[Telling, ...]],
    match_ids: Sequence[str],
) -> tuple[Waiting, ...]:
    """What waits for someone of these matches, with what they were told of each."""
    rows = await connection.fetch(
        """
        SELECT match_id, party_type, party_id, body FROM pending LEFT JOIN matches USING (match_id)
        WHERE person_id = $1 AND kind = $2 AND match_id = ANY ($3) ORDER BY match_id
        """,
        person_id,
        kind,
        match_ids,
    )
    return tuple(
        Waiting(
            row["match_id"],
            Party(row["party_type"], row["party_id"]),
            MatchChanged.model_validate_json(row["body"]) if row["body"] else None,
            told.get(row["match_id"], ()),
        )
        for row in rows
    )


async def _tellings(
    connection: Connection, person_id: str, kind: MailKind, match_ids: Sequence[str]
) -> dict[str, tuple[Telling, ...]]:
    """What a person was told of this kind, by match."""
    rows = await connection.fetch(
        "SELECT match_id, began_at, told_at FROM ledger WHERE person_id = $1 AND kind = $2 AND match_id = ANY ($3)",
        person_id,
        kind,
        match_ids,
    )
    found: dict[str, tuple[Telling, ...]] = {}
    for row in rows:
        found[row["match_id"]] = (*found.get(row["match_id"], ()), Telling(row["began_at"], row["told_at"]))
    return found


async def let_be_told_of(connection: Connection, person_ids: Sequence[str]) -> frozenset[str]:
    """Those of these people who are not erased; none of them can be until the transaction ends."""
    asked = sorted(set(person_ids))
    for person_id in asked:
        await connection.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", f"person:{person_id}")
    rows = await connection.fetch(
        "SELECT subject_id FROM erased WHERE subject = 'person' AND subject_id = ANY ($1)", asked
    )
    return frozenset(asked) - {row["subject_id"] for row in rows}
