"""What was heard: projects by partition, and the whole topics with their positions."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from asyncpg import Record

from services.matcher.matching.rows import ProjectRow, StoredProject, WholeRow
from shared.database import Connection
from shared.events.people import AnswerGiven
from shared.events.shapes import Project
from shared.restoring import LONG

_WHOLE = "topic, key, version, topic_partition, topic_offset, body, replay"
AT_ONCE = 5_000
"""Rows that are read at once at a start."""
PROJECT_VERSIONS = "SELECT project_id, version, body IS NOT NULL FROM projects"
WHOLE_VERSIONS = "SELECT key, version, body IS NOT NULL FROM whole_entities WHERE topic = $1"
"""What is held of a topic: key, version, and whether it is live."""


async def projects_of(connection: Connection, partition: int) -> list[StoredProject]:
    """Every project ever heard on a partition, by id."""
    rows = await connection.fetch(
        "SELECT project_id, partition, version, body FROM projects WHERE partition = $1 ORDER BY project_id", partition
    )
    return [_project(row) for row in rows]


async def packed_projects_of(connection: Connection, partition: int) -> list[ProjectRow]:
    """As `projects_of`, unread, with the bytes they are packed in."""
    rows = await connection.fetch(
        "SELECT project_id, partition, version, body, packed, packed_as FROM projects WHERE partition = $1"
        " ORDER BY project_id",
        partition,
    )
    return list(map(ProjectRow._make, rows))


async def projects_by_id(connection: Connection, project_ids: Sequence[str]) -> list[StoredProject]:
    """Those of the projects that were heard, whichever partition they are on."""
    rows = await connection.fetch(
        "SELECT project_id, partition, version, body FROM projects WHERE project_id = ANY($1) ORDER BY project_id",
        list(project_ids),
    )
    return [_project(row) for row in rows]


async def upsert_projects(connection: Connection, projects: Sequence[ProjectRow]) -> None:
    """Store what was heard; a version not above the stored one changes nothing."""
    await connection.executemany(
        """
        INSERT INTO projects AS held (project_id, partition, version, body, packed, packed_as)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (project_id) DO UPDATE SET version = excluded.version, body = excluded.body,
            packed = excluded.packed, packed_as = excluded.packed_as
        WHERE held.version < excluded.version
        """,
        projects,
    )


class PackedProject(NamedTuple):
    """A version of a project, its bytes, and the name of how it was packed."""

    project_id: str
    partition: int
    version: int
    packed: bytes
    packed_as: str


async def store_packed_projects(connection: Connection, projects: Sequence[PackedProject]) -> None:
    """Store the bytes of projects that are still in the version they were packed from, and not erased."""
    await connection.executemany(
        """
        UPDATE projects SET packed = $4, packed_as = $5
        WHERE project_id = $1 AND partition = $2 AND version = $3 AND body IS NOT NULL
        """,
        projects,
        timeout=LONG,
    )


async def packed_rows(connection: Connection) -> AsyncIterator[list[WholeRow]]:
    """Every key of the whole topics, erased ones too, in pieces, with the bytes they are packed in."""
    async with connection.transaction():
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
        rows = await connection.cursor(f"SELECT {_WHOLE}, packed, packed_as FROM whole_entities", timeout=LONG)  # noqa: S608 - ours
        while some := await rows.fetch(AT_ONCE, timeout=LONG):
            yield list(map(WholeRow._make, some))


class ToPack(NamedTuple):
    """A version of an offer that is to be packed."""

    topic: str
    key: str
    version: int


class Packed(NamedTuple):
    """A version of an offer, its bytes, and the name of how it was packed."""

    topic: str
    key: str
    version: int
    packed: bytes
    packed_as: str


async def packed_otherwise(connection: Connection, packed_as: str, after: tuple[str, str], limit: int) -> list[ToPack]:
    """The next offers after this topic and key that are not erased, and not packed in this way."""
    rows = await connection.fetch(
        """
        SELECT topic, key, version FROM whole_entities
        WHERE (topic, key) > ($1, $2) AND topic IN ('commitments', 'funds') AND body IS NOT NULL
            AND packed_as IS DISTINCT FROM $3
        ORDER BY topic, key LIMIT $4
        """,
        *after,
        packed_as,
        limit,
        timeout=LONG,
    )
    return [ToPack(*row) for row in rows]


async def store_packed(connection: Connection, packed: Sequence[Packed]) -> None:
    """Store the bytes of offers that are still in the version they were packed from, and not erased."""
    await connection.executemany(
        """
        UPDATE whole_entities SET packed = $4, packed_as = $5
        WHERE topic = $1 AND key = $2 AND version = $3 AND body IS NOT NULL
        """,
        packed,
        timeout=LONG,
    )


async def whole_rows(connection: Connection) -> list[WholeRow]:
    """Every key of the whole topics, erased ones too."""
    rows = await connection.fetch(
        f"SELECT {_WHOLE} FROM whole_entities ORDER BY topic, key",  # noqa: S608 - our own columns
    )
    return [WholeRow(*row) for row in rows]


async def replayed_rows(connection: Connection, after: int) -> list[WholeRow]:
    """The keys of whole topics that a replay later than number `after` stored."""
    rows = await connection.fetch(
        f"SELECT {_WHOLE} FROM whole_entities WHERE replay > 0 AND replay > $1 ORDER BY replay",  # noqa: S608 - ours
        after,
    )
    return [WholeRow(*row) for row in rows]


async def next_replay(connection: Connection) -> int:
    """The number of one more replay; this transaction has locked the lease of who stores whole topics."""
    number: int = await connection.fetchval("SELECT coalesce(max(replay), 0) + 1 FROM whole_entities WHERE replay > 0")
    return number


async def upsert_whole_rows(connection: Connection, rows: Sequence[WholeRow]) -> None:
    """Store what was heard on whole topics; a version not above the stored one changes nothing.

    The number of a replay is never taken back: who has not taken in that replay still finds the key by it.
    """
    await connection.executemany(
        """
        INSERT INTO whole_entities AS held
            (topic, key, version, topic_partition, topic_offset, body, replay, packed, packed_as)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (topic, key) DO UPDATE SET version = excluded.version, topic_partition = excluded.topic_partition,
            topic_offset = excluded.topic_offset, body = excluded.body, replay = greatest(held.replay, excluded.replay),
            packed = excluded.packed, packed_as = excluded.packed_as
        WHERE held.version < excluded.version
        """,
        rows,
    )


async def newer_answers(connection: Connection, answers: Sequence[AnswerGiven]) -> list[AnswerGiven]:
    """Those of the answers whose version is above the one noted for their match, in the same order."""
    rows = await connection.fetch(
        "SELECT key, version FROM heard_versions WHERE topic = $1 AND key = ANY ($2::text[])",
        AnswerGiven.topic,
        [answer.match_id for answer in answers],
    )
    noted: dict[str, int] = {row["key"]: row["version"] for row in rows}
    newer = []
    for answer in answers:
        if answer.version > noted.get(answer.match_id, 0):
            newer.append(answer)
            noted[answer.match_id] = answer.version
    return newer


async def note_answers(connection: Connection, answers: Sequence[AnswerGiven]) -> None:
    """Note the versions of answers that were handled, so that none is handled twice."""
    await connection.executemany(
        """
        INSERT INTO heard_versions AS held (topic, key, version) VALUES ($1, $2, $3)
        ON CONFLICT (topic, key) DO UPDATE SET version = greatest(held.version, excluded.version)
        """,
        [(AnswerGiven.topic, answer.match_id, answer.version) for answer in answers],
    )


def _project(row: Record) -> StoredProject:
    body = row["body"]
    project = None if body is None else Project.model_validate_json(body)
    return StoredProject(row["project_id"], row["partition"], row["version"], project)
