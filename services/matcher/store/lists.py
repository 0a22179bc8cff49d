"""Lists: a project's, an offer's within one partition, and the merge of the latter, whose row is the offer's lock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from asyncpg import Record

from services.matcher.matching.laid import Gathering, Gathers
from services.matcher.matching.rows import MergedList, PartitionList
from services.matcher.matching.shortlists import OfferKey, OfferList, OfferRank, ProjectList, ProjectRank
from shared.database import Connection
from shared.restoring import LONG

Prefix = Literal["", "next_"]
"""Of the tables that hold the lists, and those that are built aside for the next model."""
AT_ONCE = 250
"""Lists that are read at once where nothing streams them: a millisecond or two."""


async def project_lists(connection: Connection, partition: int) -> dict[str, ProjectList]:
    """The list of each project of a partition that has one."""
    rows = await connection.fetch(
        "SELECT project_id, offer_types, offer_ids, scores FROM project_lists WHERE partition = $1", partition
    )
    return {
        row["project_id"]: tuple(
            OfferRank(-score, OfferKey(offer_id, offer_type))
            for score, offer_id, offer_type in zip(row["scores"], row["offer_ids"], row["offer_types"], strict=True)
        )
        for row in rows
    }


async def gathered_project_lists(connection: Connection, partition: int, *, is_compiled: bool) -> Gathers:
    """The list of each project of a partition that has one, offers named as `text_of` does; within a transaction.

    Streamed where what takes them in `is_compiled`, else read in pieces.
    """
    offers = """ARRAY(SELECT left(offer_type, 1) || offer_id
        FROM unnest(offer_types, offer_ids) WITH ORDINALITY AS each (offer_type, offer_id, place) ORDER BY place)"""
    statement = f"SELECT project_id, {offers}, scores FROM project_lists WHERE partition = {int(partition)}"  # noqa: S608 - ours
    return await (_streamed if is_compiled else _gathered_in_pieces)(connection, statement)


async def gathered_offer_lists(connection: Connection, partition: int, *, is_compiled: bool) -> Gathers:
    """The offers' lists that one partition stored, in the same manner."""
    offer = "left(offer_type, 1) || offer_id"
    statement = f"SELECT {offer}, project_ids, scores FROM offer_lists WHERE partition = {int(partition)}"  # noqa: S608 - ours
    return await (_streamed if is_compiled else _gathered_in_pieces)(connection, statement)


async def _streamed(connection: Connection, statement: str) -> Gathers:
    from services.matcher.matching.streamed import Streamed

    found = Streamed()

    async def take_in(data: bytes) -> None:
        found.add(data)

    await connection.copy_from_query(statement, output=take_in, format="binary", timeout=LONG)
    return found


async def _gathered_in_pieces(connection: Connection, statement: str) -> Gathers:
    found = Gathering()
    rows = await connection.cursor(statement, timeout=LONG)
    while some := await rows.fetch(AT_ONCE, timeout=LONG):
        found.add(*zip(*some, strict=True))
    return found


async def store_project_lists(
    connection: Connection, partition: int, lists: Mapping[str, ProjectList], prefix: Prefix = ""
) -> None:
    """Store the lists that changed; an empty one is deleted. With `prefix`, those that are built aside."""
    gone = [project_id for project_id, entries in lists.items() if not entries]
    timeout = LONG if prefix else None
    if gone:
        statement = f"DELETE FROM {prefix}project_lists WHERE project_id = ANY($1)"  # noqa: S608 - our own names
        await connection.execute(statement, gone, timeout=timeout)
    await connection.executemany(
        f"""
        INSERT INTO {prefix}project_lists (project_id, partition, offer_types, offer_ids, scores)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (project_id) DO UPDATE SET offer_types = excluded.offer_types, offer_ids = excluded.offer_ids,
            scores = excluded.scores
        """,  # noqa: S608 - our own names
        [
            (
                project_id,
                partition,
                [rank.offer.offer_type for rank in entries],
                [rank.offer.offer_id for rank in entries],
                [rank.score for rank in entries],
            )
            for project_id, entries in lists.items()
            if entries
        ],
        timeout=timeout,
    )


async def offer_lists_of(connection: Connection, partition: int) -> list[PartitionList]:
    """The offers' lists that one partition stored."""
    rows = await connection.fetch(
        "SELECT offer_type, offer_id, partition, offer_version, project_ids, scores FROM offer_lists"
        " WHERE partition = $1",
        partition,
    )
    return [_partition_list(row) for row in rows]


async def store_offer_lists(connection: Connection, lists: Sequence[PartitionList], prefix: Prefix = "") -> None:
    """Store this partition's lists that changed; an empty one is deleted. With `prefix`, those that are built aside."""
    gone = [each for each in lists if not each.entries]
    timeout = LONG if prefix else None
    await connection.executemany(
        f"DELETE FROM {prefix}offer_lists WHERE offer_type = $1 AND offer_id = $2 AND partition = $3",  # noqa: S608 - ours
        [(each.offer.offer_type, each.offer.offer_id, each.partition) for each in gone],
        timeout=timeout,
    )
    await connection.executemany(
        f"""
        INSERT INTO {prefix}offer_lists (offer_type, offer_id, partition, offer_version, project_ids, scores)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (offer_type, offer_id, partition) DO UPDATE SET offer_version = excluded.offer_version,
            project_ids = excluded.project_ids, scores = excluded.scores
        """,  # noqa: S608 - our own names
        [
            (
                each.offer.offer_type,
                each.offer.offer_id,
                each.partition,
                each.offer_version,
                [rank.project_id for rank in each.entries],
                [rank.score for rank in each.entries],
            )
            for each in lists
            if each.entries
        ],
        timeout=timeout,
    )


async def forget_next_lists(connection: Connection, partition: int) -> None:
    """Forget the partition's lists that were built aside."""
    for table in ("next_project_lists", "next_offer_lists"):
        await connection.execute(f"DELETE FROM {table} WHERE partition = $1", partition, timeout=LONG)  # noqa: S608 - ours


async def merged_offers(connection: Connection) -> list[OfferKey]:
    """Every offer that has, or may get, a merged list."""
    rows = await connection.fetch("SELECT offer_id, offer_type FROM merged_lists", timeout=LONG)
    return [OfferKey(row["offer_id"], row["offer_type"]) for row in rows]


async def lock_offers(
    connection: Connection, offers: Iterable[OfferKey], seconds: float | None = None
) -> dict[OfferKey, MergedList]:
    """Lock the offers, by id then type, and return their merged lists as last committed.

    Each of the two statements may take so many `seconds`, where they are not what any other may take.

    The lists of the partitions must be read by a later statement: this one's snapshot was taken before it waited.
    """
    keys = sorted(offers)
    types, ids = [key.offer_type for key in keys], [key.offer_id for key in keys]
    await connection.execute(
        """
        INSERT INTO merged_lists (offer_type, offer_id)
        SELECT wanted.offer_type, wanted.offer_id
        FROM unnest($1::text[], $2::text[]) AS wanted (offer_type, offer_id)
        WHERE NOT EXISTS (SELECT FROM merged_lists AS held
            WHERE held.offer_type = wanted.offer_type AND held.offer_id = wanted.offer_id)
        ORDER BY wanted.offer_id, wanted.offer_type
        ON CONFLICT DO NOTHING
        """,
        types,
        ids,
        timeout=seconds,
    )
    rows = await connection.fetch(
        """
        SELECT held.offer_type, held.offer_id, offer_version, project_ids, scores, pending_version, pending_since
        FROM merged_lists AS held
        JOIN unnest($1::text[], $2::text[]) AS wanted (offer_type, offer_id)
            ON held.offer_type = wanted.offer_type AND held.offer_id = wanted.offer_id
        ORDER BY held.offer_id, held.offer_type
        FOR UPDATE OF held
        """,
        types,
        ids,
        timeout=seconds,
    )
    merged = [_merged_list(row) for row in rows]
    return {each.offer: each for each in merged}


async def lists_to_merge(connection: Connection, offers: Iterable[OfferKey]) -> dict[OfferKey, list[PartitionList]]:
    """The lists that every partition stored for the offers, which this transaction has locked."""
    keys = sorted(offers)
    rows = await connection.fetch(
        """
        SELECT held.offer_type, held.offer_id, partition, offer_version, project_ids, scores
        FROM offer_lists AS held
        JOIN unnest($1::text[], $2::text[]) AS wanted (offer_type, offer_id)
            ON held.offer_type = wanted.offer_type AND held.offer_id = wanted.offer_id
        """,
        [key.offer_type for key in keys],
        [key.offer_id for key in keys],
    )
    by_offer: dict[OfferKey, list[PartitionList]] = {key: [] for key in keys}
    for row in rows:
        each = _partition_list(row)
        by_offer[each.offer].append(each)
    return by_offer


async def store_merged_lists(connection: Connection, lists: Sequence[MergedList]) -> None:
    """Store what was merged, or since when a version waits; the rows are locked by this transaction."""
    await connection.executemany(
        """
        UPDATE merged_lists SET offer_version = $3, project_ids = $4, scores = $5,
            pending_version = $6, pending_since = $7
        WHERE offer_type = $1 AND offer_id = $2
        """,
        [
            (
                each.offer.offer_type,
                each.offer.offer_id,
                each.offer_version,
                [rank.project_id for rank in each.entries],
                [rank.score for rank in each.entries],
                each.pending_version,
                each.pending_since,
            )
            for each in lists
        ],
    )


async def merged_lists(connection: Connection) -> dict[OfferKey, OfferList]:
    """The merged list of each offer that has one."""
    rows = await connection.fetch(
        """
        SELECT offer_type, offer_id, offer_version, project_ids, scores, pending_version, pending_since
        FROM merged_lists WHERE project_ids <> '{}'
        """
    )
    return {each.offer: each.entries for each in map(_merged_list, rows)}


async def long_pending(connection: Connection, before: datetime) -> list[OfferKey]:
    """Offers whose newest version waits to be merged since before `before`, the oldest first."""
    rows = await connection.fetch(
        "SELECT offer_id, offer_type FROM merged_lists WHERE pending_since < $1 ORDER BY pending_since", before
    )
    return [OfferKey(row["offer_id"], row["offer_type"]) for row in rows]


def _partition_list(row: Record) -> PartitionList:
    offer = OfferKey(row["offer_id"], row["offer_type"])
    return PartitionList(offer, row["partition"], row["offer_version"], _entries(row))


def _merged_list(row: Record) -> MergedList:
    offer = OfferKey(row["offer_id"], row["offer_type"])
    return MergedList(offer, row["offer_version"], _entries(row), row["pending_version"], row["pending_since"])


def _entries(row: Record) -> OfferList:
    return tuple(
        ProjectRank(-score, project_id) for score, project_id in zip(row["scores"], row["project_ids"], strict=True)
    )
