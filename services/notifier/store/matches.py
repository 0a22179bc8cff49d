"""Matches as they stand, and the notices that wait for a contact."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.notifier.messages.notices import Notice, Party, Telling
from shared.database import Connection, Pool
from shared.events.matches import MatchChanged
from shared.offsets import Received
from shared.tracing import current_trace


async def versions(connection: Connection, match_ids: Iterable[str]) -> dict[str, int]:
    """The versions held, their rows locked in the order of ids; freezing and erasure lock the same rows."""
    rows = await connection.fetch(
        "SELECT match_id, version FROM matches WHERE match_id = ANY ($1) ORDER BY match_id FOR UPDATE",
        sorted(set(match_ids)),
    )
    return {row["match_id"]: row["version"] for row in rows}


async def erased_at(connection: Connection, parties: Iterable[Party]) -> dict[Party, datetime]:
    """When each of these was erased, for those that were."""
    asked = sorted({(party.type, party.id) for party in parties})
    rows = await connection.fetch(
        """
        SELECT erased.* FROM erased JOIN unnest($1::text[], $2::text[]) AS asked (subject, subject_id)
        USING (subject, subject_id)
        """,
        [subject for subject, _ in asked],
        [subject_id for _, subject_id in asked],
    )
    return {Party(row["subject"], row["subject_id"]): row["erased_at"] for row in rows}


async def to_be_ended(connection: Connection, match_ids: Sequence[str]) -> dict[str, datetime]:
    """When a party of these was erased, for those that were held then and have not been ended since."""
    rows = await connection.fetch(
        "SELECT match_id, erased_at FROM matches WHERE match_id = ANY ($1) AND erased_at IS NOT NULL", match_ids
    )
    return {row["match_id"]: row["erased_at"] for row in rows}


async def note_ended(connection: Connection, match_ids: Sequence[str]) -> None:
    """Remember that their writer has heard of the erasure: what it says from now on is of new lives."""
    if match_ids:
        await connection.execute("UPDATE matches SET erased_at = NULL WHERE match_id = ANY ($1)", match_ids)


async def keep(connection: Connection, events: Sequence[MatchChanged]) -> None:
    """Hold these versions, and the bodies of the matches that something waits for. Call after `add_notices`."""
    await connection.execute(
        """
        INSERT INTO matches (match_id, version, project_id, offer_type, offer_id, began_at, trace, body)
        SELECT match_id, version, project_id, offer_type, offer_id, began_at, $8,
               CASE WHEN EXISTS (SELECT FROM notices WHERE notices.match_id = said.match_id)
                      OR EXISTS (SELECT FROM pending WHERE pending.match_id = said.match_id)
                      OR EXISTS (SELECT FROM ledger JOIN mails USING (mail_id)
                                 WHERE ledger.match_id = said.match_id AND state = 'frozen')
                    THEN body END
        FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                    $7::text[])
             AS said (match_id, version, project_id, offer_type, offer_id, began_at, body)
        ORDER BY match_id
        ON CONFLICT (match_id) DO UPDATE SET version = excluded.version, began_at = excluded.began_at,
            trace = excluded.trace, body = excluded.body
        """,
        [event.match_id for event in events],
        [event.version for event in events],
        [event.project_id for event in events],
        [event.offer_type for event in events],
        [event.offer_id for event in events],
        [event.began_at or event.occurred_at for event in events],
        [event.to_bytes().decode() for event in events],
        current_trace(),
    )


async def traces_of(connection: Connection, match_ids: Sequence[str]) -> list[str]:
    """The traces in which these matches were heard of last, of those that were traced."""
    rows = await connection.fetch(
        "SELECT DISTINCT trace FROM matches WHERE match_id = ANY ($1) AND trace IS NOT NULL ORDER BY trace", match_ids
    )
    return [row["trace"] for row in rows]


async def end(connection: Connection, tombstones: Sequence[Received]) -> None:
    """Remember the versions of matches that are gone, and forget what was told and to be told of them."""
    gone = [record.key for record in tombstones]
    await connection.execute(
        """
        INSERT INTO matches (match_id, version, project_id, offer_type, offer_id)
        SELECT match_id, version, split_part(match_id, '~', 1), split_part(match_id, '~', 2),
               split_part(match_id, '~', 3)
        FROM unnest($1::text[], $2::bigint[]) AS gone (match_id, version) ORDER BY match_id
        ON CONFLICT (match_id) DO UPDATE SET version = excluded.version, began_at = NULL, body = NULL
        """,
        gone,
        [record.version for record in tombstones],
    )
    await connection.execute("DELETE FROM notices WHERE match_id = ANY ($1)", gone)
    await connection.execute("DELETE FROM pending WHERE match_id = ANY ($1)", gone)
    # What a mail on its way tells stays until it has left: it is said with it.
    await connection.execute(
        """
        DELETE FROM ledger WHERE match_id = ANY ($1)
        AND NOT EXISTS (SELECT FROM mails WHERE mails.mail_id = ledger.mail_id AND state = 'frozen')
        """,
        gone,
    )


async def tellings(connection: Connection, notices: Iterable[Notice]) -> dict[Notice, list[Telling]]:
    """What anybody was told of these, where somebody was."""
    asked = list(notices)
    rows = await connection.fetch(
        """
        SELECT match_id, kind, party_type, party_id, began_at, told_at
        FROM ledger JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[])
            AS asked (match_id, kind, party_type, party_id) USING (match_id, kind, party_type, party_id)
        """,
        [notice.match_id for notice in asked],
        [notice.kind for notice in asked],
        [notice.party.type for notice in asked],
        [notice.party.id for notice in asked],
    )
    found: dict[Notice, list[Telling]] = {}
    for row in rows:
        notice = Notice(Party(row["party_type"], row["party_id"]), row["match_id"], row["kind"])
        found.setdefault(notice, []).append(Telling(row["began_at"], row["told_at"]))
    return found


async def add_notices(connection: Connection, notices: Iterable[Notice]) -> None:
    """Let these wait for their parties' contacts; one that waits already changes nothing."""
    rows = sorted({(n.match_id, n.kind, n.party.type, n.party.id) for n in notices})
    await connection.executemany(
        """
        INSERT INTO notices (match_id, kind, party_type, party_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
        """,
        rows,
    )


async def waiting_parties(pool: Pool, now: datetime, limit: int) -> list[Party]:
    """Parties that something waits to be told to, longest due first."""
    rows = await pool.fetch(
        """
        SELECT party_type, party_id FROM notices WHERE ask_at <= $1
        GROUP BY party_type, party_id ORDER BY min(ask_at), party_type, party_id LIMIT $2
        """,
        now,
        limit,
    )
    return [Party(row["party_type"], row["party_id"]) for row in rows]


async def claim_notices(
    connection: Connection, parties: Sequence[Party], now: datetime
) -> list[tuple[Notice, datetime]]:
    """The due notices of these parties with the time each arose, locked; those another process holds are left to it."""
    rows = await connection.fetch(
        """
        SELECT notices.* FROM notices JOIN unnest($1::text[], $2::text[]) AS asked (party_type, party_id)
        USING (party_type, party_id) WHERE ask_at <= $3 ORDER BY match_id, kind FOR UPDATE OF notices SKIP LOCKED
        """,
        [party.type for party in parties],
        [party.id for party in parties],
        now,
    )
    return [
        (Notice(Party(row["party_type"], row["party_id"]), row["match_id"], row["kind"]), row["since"]) for row in rows
    ]


async def drop_notices(connection: Connection, notices: Iterable[Notice]) -> None:
    """Forget notices: they wait for people now, or have waited too long."""
    await connection.executemany(
        "DELETE FROM notices WHERE match_id = $1 AND kind = $2 AND party_type = $3 AND party_id = $4",
        [(n.match_id, n.kind, n.party.type, n.party.id) for n in notices],
    )


async def ask_later(connection: Connection, notices: Iterable[tuple[Notice, datetime]]) -> None:
    """Ask again for the contacts of these at those times."""
    await connection.executemany(
        "UPDATE notices SET ask_at = $5 WHERE match_id = $1 AND kind = $2 AND party_type = $3 AND party_id = $4",
        [(n.match_id, n.kind, n.party.type, n.party.id, at) for n, at in notices],
    )
