"""Match heads: each pair that is or was a match, or that a list holds."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from asyncpg import Record, SerializationError

from services.matcher.matching.life import next_day
from services.matcher.matching.model import Pair
from services.matcher.matching.rows import HeadRow, StoredHead
from services.matcher.matching.shortlists import OfferKey
from shared.database import Connection
from shared.restoring import LONG

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which heads are needed: of pairs (with their partitions), of matches, of projects, of offers, and those due.

    With `all_own`, every head of the partition, however long that takes.
    """

    pairs: Mapping[Pair, int] = field(default_factory=dict)
    match_ids: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    offers: frozenset[OfferKey] = frozenset()
    due: date | None = None
    all_own: bool = False

    @property
    def seconds(self) -> float | None:
        """Seconds that a statement may take, where that is not what any other may."""
        return LONG if self.all_own else None


async def lock_heads(connection: Connection, partition: int, wanted: Wanted) -> dict[Pair, StoredHead]:
    """Lock the heads that are wanted, by match id; one of `pairs` that has none gets an empty one.

    Heads of offers, and those due, are those of the partition alone.
    """
    found: dict[Pair, StoredHead] = {}
    while not found.keys() >= wanted.pairs.keys():
        # Again where a row was there, and deleted by the transaction that this one waited for.
        missing = {pair: number for pair, number in wanted.pairs.items() if pair not in found}
        await _reserve(connection, missing, wanted.seconds)
        found = await _lock(connection, partition, wanted)
    return found or await _lock(connection, partition, wanted)


async def _reserve(connection: Connection, pairs: Mapping[Pair, int], seconds: float | None) -> None:
    ordered = sorted(pairs, key=lambda pair: pair.match_id)
    await connection.execute(
        """
        INSERT INTO match_heads (match_id, project_id, offer_type, offer_id, partition, in_project_list, in_offer_list)
        SELECT match_id, project_id, offer_type, offer_id, partition, false, false
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[])
            AS wanted (match_id, project_id, offer_type, offer_id, partition)
        ORDER BY match_id
        ON CONFLICT DO NOTHING
        """,
        [pair.match_id for pair in ordered],
        [pair.project_id for pair in ordered],
        [pair.offer_type for pair in ordered],
        [pair.offer_id for pair in ordered],
        [pairs[pair] for pair in ordered],
        timeout=seconds,
    )


async def _lock(connection: Connection, partition: int, wanted: Wanted) -> dict[Pair, StoredHead]:
    rows = await connection.fetch(
        """
        SELECT project_id, offer_type, offer_id, partition, in_project_list, in_offer_list, head FROM match_heads
        WHERE match_id = ANY (ARRAY(
            SELECT unnest($2::text[])
            UNION SELECT match_id FROM match_heads WHERE project_id = ANY ($3::text[])
            UNION SELECT match_id FROM match_heads JOIN unnest($4::text[], $5::text[]) AS wanted (offer_type, offer_id)
                USING (offer_type, offer_id) WHERE partition = $1
            UNION SELECT match_id FROM match_heads WHERE partition = $1 AND (due_on <= $6::date OR $7)
        ))
        ORDER BY match_id
        FOR UPDATE
        """,
        partition,
        [*(pair.match_id for pair in wanted.pairs), *wanted.match_ids],
        list(wanted.projects),
        [offer.offer_type for offer in wanted.offers],
        [offer.offer_id for offer in wanted.offers],
        wanted.due,
        wanted.all_own,
        timeout=wanted.seconds,
    )
    found = [_row(row) for row in rows]
    return {each.pair: each for each in found}


async def heads_of(connection: Connection, match_ids: Sequence[str]) -> dict[str, StoredHead]:
    """The heads of matches that are there, by match id, without any lock."""
    rows = await connection.fetch(
        """
        SELECT project_id, offer_type, offer_id, partition, in_project_list, in_offer_list, head FROM match_heads
        WHERE match_id = ANY ($1::text[])
        """,
        list(match_ids),
    )
    found = [_row(row) for row in rows]
    return {each.pair.match_id: each for each in found}


def refuse_moved(known: Mapping[str, StoredHead], locked: Mapping[Pair, StoredHead]) -> None:
    """Have the transaction tried again where one of these, by match id, moved before it was locked."""
    bodies = {pair.match_id: row.body for pair, row in locked.items()}
    if any(row.body != bodies.get(match_id) for match_id, row in known.items()):
        raise SerializationError("an answered match moved meanwhile")


async def all_heads(connection: Connection, states: Sequence[str] | None = None) -> AsyncIterator[list[HeadRow]]:
    """Every head, or those of matches in `states`, by match id, some at a time; needs a transaction."""
    statement = """
        SELECT project_id, offer_type, offer_id, partition, in_project_list, in_offer_list, head FROM match_heads
        WHERE $1::text[] IS NULL OR state = ANY ($1) ORDER BY match_id
        """
    given = None if states is None else list(states)
    cursor = await connection.cursor(statement, given, timeout=LONG)
    while rows := await cursor.fetch(_AT_ONCE):
        yield [_row(row).read() for row in rows]


async def declined_pairs(connection: Connection, partition: int) -> list[Pair]:
    """The pairs of a partition that a side has declined."""
    rows = await connection.fetch(
        "SELECT project_id, offer_type, offer_id FROM match_heads WHERE partition = $1 AND state = 'declined'",
        partition,
    )
    return [Pair(*row) for row in rows]


async def declined_offers(connection: Connection, project_id: str) -> set[OfferKey]:
    """The offers that a project declined, or that declined it."""
    rows = await connection.fetch(
        "SELECT offer_id, offer_type FROM match_heads WHERE project_id = $1 AND state = 'declined'", project_id
    )
    return {OfferKey(row["offer_id"], row["offer_type"]) for row in rows}


async def store_heads(connection: Connection, rows: Iterable[HeadRow]) -> None:
    """Store heads whose rows this transaction has locked; those that nothing needs any more are deleted."""
    given = sorted(rows, key=lambda row: row.pair.match_id)
    gone = [row.pair.match_id for row in given if row.is_empty]
    if gone:
        await connection.execute("DELETE FROM match_heads WHERE match_id = ANY ($1::text[])", gone)
    await connection.executemany(
        """
        UPDATE match_heads SET in_project_list = $2, in_offer_list = $3, state = $4, due_on = $5, head = $6
        WHERE match_id = $1
        """,
        [
            (
                row.pair.match_id,
                row.in_project_list,
                row.in_offer_list,
                row.head and row.head.state,
                row.head and next_day(row.head),
                row.head and row.head.model_dump_json(exclude_none=True),
            )
            for row in given
            if not row.is_empty
        ],
    )


def _row(row: Record) -> StoredHead:
    *names, partition, in_project_list, in_offer_list, body = row
    return StoredHead(Pair(*names), partition, in_project_list, in_offer_list, body)
