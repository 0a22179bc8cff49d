"""What an audit reads of the notifier's tables: versions heard, what was told, what waits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from services.notifier.messages.notices import Party, Telling
from shared.database import Connection

LONG = 600.0
MATCHES = "SELECT match_id, version, NULL::boolean FROM matches"
PREFERENCES = "SELECT person_id, version, NULL::boolean FROM recipients"
"""What is held of a topic: key, version, and whether it is live, which is not kept."""

Thing = tuple[str, str]
"""A match, and the kind of what is told of it."""


@dataclass(frozen=True)
class Books:
    """What was told and what waits of some matches; the person is empty where only the party is known yet."""

    told: dict[Thing, list[tuple[str, Party, Telling]]] = field(default_factory=dict)
    waiting: dict[Thing, list[tuple[str, Party]]] = field(default_factory=dict)
    choosers: frozenset[str] = frozenset()
    """People who chose when to be told, and people who were erased."""


async def erased_people(connection: Connection) -> frozenset[str]:
    """The people who were erased."""
    rows = await connection.fetch("SELECT subject_id FROM erased WHERE subject = 'person'", timeout=LONG)
    return frozenset(row["subject_id"] for row in rows)


async def old_deliveries(connection: Connection) -> frozenset[str]:
    """Mails of which it was said that they left, and that are erased, or so old that the log may have let them go."""
    rows = await connection.fetch(
        """
        SELECT key FROM key_versions WHERE topic = 'deliveries' AND NOT EXISTS (
            SELECT FROM mails WHERE mail_id = key AND finished_at > now() - interval '29 days')
        """,
        timeout=LONG,
    )
    return frozenset(row["key"] for row in rows)


async def told_twice(connection: Connection, again_after: timedelta) -> list[tuple[str, str, str]]:
    """(match, kind, person) of what one person was told in two mails though the match had not begun anew in between.

    A suggestion may come again only `again_after` the last one. What a restoration entered names no mail or no party,
    and an hour is how late we may have heard that a match began anew.
    """
    rows = await connection.fetch(
        """
        SELECT DISTINCT match_id, kind, person_id FROM ledger AS later JOIN ledger AS earlier
            USING (match_id, kind, person_id)
        WHERE (later.told_at, later.began_at) > (earlier.told_at, earlier.began_at)
        AND later.began_at < earlier.told_at + CASE kind WHEN 'suggestions' THEN $1 ELSE -interval '1 hour' END
        AND '' NOT IN (later.mail_id, earlier.mail_id) AND 'person' NOT IN (later.party_type, earlier.party_type)
        ORDER BY match_id, kind, person_id
        """,
        again_after,
        timeout=LONG,
    )
    return [(row["match_id"], row["kind"], row["person_id"]) for row in rows]


async def told_of_nothing(connection: Connection) -> list[str]:
    """Matches that the ledger names and nobody ever said; of what a restoration entered the match may be over."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT match_id FROM ledger WHERE mail_id <> '' AND party_type <> 'person'
        AND NOT EXISTS (SELECT FROM matches WHERE matches.match_id = ledger.match_id) ORDER BY match_id
        """,
        timeout=LONG,
    )
    return [row["match_id"] for row in rows]


async def books_of(connection: Connection, match_ids: Sequence[str]) -> Books:
    """What was told and what waits of these matches."""
    books = Books(choosers=await _choosers(connection))
    for row in await connection.fetch(
        "SELECT person_id, match_id, kind, party_type, party_id, began_at, told_at FROM ledger"
        " WHERE match_id = ANY ($1)",
        list(match_ids),
    ):
        telling = Telling(row["began_at"], row["told_at"])
        party = Party(row["party_type"], row["party_id"])
        books.told.setdefault((row["match_id"], row["kind"]), []).append((row["person_id"], party, telling))
    for row in await connection.fetch(
        """
        SELECT '' AS person_id, match_id, kind, party_type, party_id FROM notices WHERE match_id = ANY ($1)
        UNION ALL
        SELECT person_id, match_id, kind, party_type, party_id FROM pending WHERE match_id = ANY ($1)
        """,
        list(match_ids),
    ):
        party = Party(row["party_type"], row["party_id"])
        books.waiting.setdefault((row["match_id"], row["kind"]), []).append((row["person_id"], party))
    return books


async def _choosers(connection: Connection) -> frozenset[str]:
    rows = await connection.fetch(
        "SELECT person_id FROM recipients WHERE version > 0"
        " UNION SELECT subject_id FROM erased WHERE subject = 'person'",
        timeout=LONG,
    )
    return frozenset(row["person_id"] for row in rows)
