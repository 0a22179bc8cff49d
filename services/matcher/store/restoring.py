"""What a restoration reads back, puts aside and states again: entities, heads, the answers that heads tell of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.matcher.matching.head import Head
from services.matcher.matching.life import next_day
from shared.database import Connection
from shared.restoring import LONG


@dataclass(frozen=True, slots=True)
class Found:
    """A head that the log tells of, with the partition of its project."""

    partition: int
    head: Head


async def forget_entities(connection: Connection) -> None:
    """Forget all that was heard; of what is erased the version stays."""
    await connection.execute("DELETE FROM projects WHERE body IS NOT NULL", timeout=LONG)
    await connection.execute("DELETE FROM whole_entities WHERE body IS NOT NULL", timeout=LONG)


async def end_project(connection: Connection, project_id: str) -> None:
    """Keep nothing of a project but its version."""
    await connection.execute(
        "UPDATE projects SET body = NULL, packed = NULL, packed_as = NULL WHERE project_id = $1", project_id
    )


async def end_whole_entity(connection: Connection, topic: str, key: str) -> None:
    """Keep nothing of an entity of a whole topic but its version."""
    await connection.execute(
        "UPDATE whole_entities SET body = NULL, packed = NULL, packed_as = NULL WHERE topic = $1 AND key = $2",
        topic,
        key,
    )


async def count_heads(connection: Connection) -> int:
    """How many matches there are."""
    found: int = await connection.fetchval("SELECT count(*) FROM match_heads WHERE head IS NOT NULL")
    return found


async def count_said(connection: Connection) -> int:
    """How many matches the log tells of."""
    found: int = await connection.fetchval("SELECT count(*) FROM said_in_log WHERE topic = 'matches'")
    return found


async def forget_said_heads(connection: Connection) -> None:
    """Forget the heads that the log can tell: those of which nothing was said that it does not hold."""
    await connection.execute(
        """
        DELETE FROM match_heads WHERE NOT EXISTS (
            SELECT FROM key_versions AS given LEFT JOIN said_in_log AS said USING (topic, key)
            WHERE topic = 'matches' AND key = match_id AND given.version > coalesce(said.version, 0)
            AND NOT given.erased)
        """,
        timeout=LONG,
    )


async def put_heads(connection: Connection, found: Sequence[Found], *, replace: bool) -> None:
    """Put heads that the log tells of in the place of those held, or, without `replace`, where none is held."""
    await connection.executemany(
        """
        INSERT INTO match_heads AS held (match_id, project_id, offer_type, offer_id, partition, in_project_list,
                                         in_offer_list, state, due_on, head)
        VALUES ($1, $2, $3, $4, $5, false, false, $6, $7, $8)
        ON CONFLICT (match_id) DO UPDATE SET partition = excluded.partition, state = excluded.state,
            due_on = excluded.due_on, head = excluded.head WHERE $9
        """,
        [
            (
                each.head.pair.match_id,
                each.head.project_id,
                each.head.offer_type,
                each.head.offer_id,
                each.partition,
                each.head.state,
                next_day(each.head),
                each.head.model_dump_json(exclude_none=True),
                replace,
            )
            for each in found
        ],
    )


async def delete_heads(connection: Connection, match_ids: Sequence[str]) -> None:
    """Forget heads whose tombstone the log holds."""
    await connection.execute("DELETE FROM match_heads WHERE match_id = ANY ($1)", list(match_ids))


async def end_orphans(connection: Connection) -> list[str]:
    """Forget the heads of which a party is not held, or is erased; returns their ids."""
    rows = await connection.fetch(
        """
        DELETE FROM match_heads AS held WHERE head IS NOT NULL AND (
            NOT EXISTS (SELECT FROM projects WHERE projects.project_id = held.project_id AND body IS NOT NULL)
            OR NOT EXISTS (SELECT FROM whole_entities WHERE topic = offer_type || 's' AND key = offer_id
                           AND body IS NOT NULL))
        RETURNING match_id
        """,
        timeout=LONG,
    )
    return [row["match_id"] for row in rows]


async def note_handled(connection: Connection, versions: Mapping[str, int]) -> None:
    """Note up to which version the answers to each match are handled."""
    await connection.executemany(
        """
        INSERT INTO heard_versions AS held (topic, key, version) VALUES ('answers', $1, $2)
        ON CONFLICT (topic, key) DO UPDATE SET version = greatest(held.version, excluded.version)
        """,
        list(versions.items()),
    )


async def mark_answers_lost(connection: Connection, match_ids: Sequence[str]) -> None:
    """Mark these heads, and no others, as showing an answer that the log lacks."""
    await connection.execute(
        "UPDATE match_heads SET answers_lost = NOT answers_lost WHERE answers_lost <> (match_id = ANY ($1))",
        list(match_ids),
        timeout=LONG,
    )


async def forget_lists(connection: Connection) -> None:
    """Forget every list."""
    for table in ("project_lists", "offer_lists", "merged_lists", "next_project_lists", "next_offer_lists"):
        await connection.execute(f"DELETE FROM {table}", timeout=LONG)  # noqa: S608 - our own names


async def delete_empty_heads(connection: Connection) -> None:
    """Forget pairs that were listed and never said."""
    await connection.execute("DELETE FROM match_heads WHERE head IS NULL", timeout=LONG)


async def mark_as_told(connection: Connection) -> None:
    """Mark each match as in the lists that were said to hold it."""
    await connection.execute(
        """
        UPDATE match_heads SET in_project_list = coalesce((head::jsonb -> 'listed_by') ? 'project', false),
                               in_offer_list = coalesce((head::jsonb -> 'listed_by') ? 'offer', false)
        """,
        timeout=LONG,
    )


async def list_projects_as_told(connection: Connection) -> None:
    """Make each project's list of the matches marked as in it: what it becomes is told by differences."""
    await connection.execute(
        """
        INSERT INTO project_lists (project_id, partition, offer_types, offer_ids, scores)
        SELECT project_id, partition, array_agg(offer_type ORDER BY score DESC, offer_id, offer_type),
            array_agg(offer_id ORDER BY score DESC, offer_id, offer_type),
            array_agg(score ORDER BY score DESC, offer_id, offer_type)
        FROM (SELECT *, (head ->> 'score_ppm')::integer AS score FROM match_heads WHERE in_project_list) AS listed
        GROUP BY project_id, partition
        """,
        timeout=LONG,
    )


async def list_offers_as_told(connection: Connection) -> None:
    """Make each offer's list of the matches marked as in it, of no version: the first waits for all partitions."""
    await connection.execute(
        """
        INSERT INTO merged_lists (offer_type, offer_id, project_ids, scores)
        SELECT offer_type, offer_id, array_agg(project_id ORDER BY score DESC, project_id),
            array_agg(score ORDER BY score DESC, project_id)
        FROM (SELECT *, (head ->> 'score_ppm')::integer AS score FROM match_heads WHERE in_offer_list) AS listed
        GROUP BY offer_type, offer_id
        """,
        timeout=LONG,
    )


async def forget_reflected(connection: Connection) -> None:
    """Let whoever takes a partition judge everything in it anew: no day, no memory stays valid."""
    await connection.execute(
        """
        UPDATE leases SET revision = revision + 1, model = NULL, day = NULL, positions = '{}', next_model = NULL,
            next_revision = NULL, heads_behind = false
        """
    )


async def end_lost(connection: Connection) -> None:
    """Remember as erased every match that was said and is held no more."""
    await connection.execute(
        """
        UPDATE key_versions SET erased = true WHERE topic = 'matches' AND NOT erased
        AND NOT EXISTS (SELECT FROM match_heads WHERE match_id = key AND head IS NOT NULL)
        """,
        timeout=LONG,
    )


async def unsaid_matches(connection: Connection, after: str, limit: int) -> list[str]:
    """The ids of matches that nothing is waiting to be said of, after one of them."""
    rows = await connection.fetch(
        """
        SELECT match_id FROM match_heads WHERE head IS NOT NULL AND match_id > $1
        AND NOT EXISTS (SELECT FROM outbox WHERE topic = 'matches' AND key = match_id) ORDER BY match_id LIMIT $2
        """,
        after,
        limit,
    )
    return [row["match_id"] for row in rows]


async def live_entities(connection: Connection) -> Mapping[str, int]:
    """How many projects and entities of each whole topic are held."""
    rows: Iterable[tuple[str, int]] = [
        ("projects", await connection.fetchval("SELECT count(*) FROM projects WHERE body IS NOT NULL")),
        *(
            (row["topic"], row["count"])
            for row in await connection.fetch(
                "SELECT topic, count(*) FROM whole_entities WHERE body IS NOT NULL GROUP BY topic"
            )
        ),
    ]
    return dict(rows)
