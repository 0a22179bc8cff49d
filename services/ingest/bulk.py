"""Takes in whole files, a transaction per chunk and a report line per row; resumes where it stopped."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from services.ingest.announcing import TOPICS
from services.ingest.intake.files import Row, read_file
from services.ingest.intake.known import Known, known_of
from services.ingest.intake.outcome import Accepted, Fault
from services.ingest.intake.reading import KINDS, read
from services.ingest.intake.rights import Submitter
from services.ingest.intake.warnings import warnings
from services.ingest.intake.wording import Language, say_all
from services.ingest.store import entities, progress
from services.ingest.store.progress import Counts
from services.ingest.submissions import Outcome, deposit
from shared.clock import today_in_paris
from shared.database import Connection, Pool, in_transaction
from shared.events.vocabulary import EntityType

CHUNK = 50

_THREADS = ThreadPoolExecutor(2, thread_name_prefix="import")
"""Files are read here, so that however many come together, other work finds the loop's own threads free."""

Result = Literal["accepted", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What became of one row."""

    line: int
    result: Result
    entity_type: EntityType | None = None
    entity_id: str | None = None
    version: int | None = None
    duplicate_of: str | None = None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()

    def as_json(self, language: Language = "fr") -> dict[str, Any]:
        """The line as a report carries it; what is not known is left out."""
        body = {
            "line": self.line,
            "result": self.result,
            "type": self.entity_type,
            "id": self.entity_id,
            "version": self.version,
            "duplicate_of": self.duplicate_of,
            "errors": say_all(self.faults, language) or None,
            "warnings": say_all(self.warnings, language) or None,
        }
        return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: rows by what became of them, and the part of the file that was read (0..1)."""

    counts: Counts
    read: float


async def take_in(
    pool: Pool, who: Submitter, rows: Iterable[Row], *, scopes: frozenset[str] | None = None
) -> AsyncIterator[tuple[list[ReportLine], float]]:
    """The report of each chunk once it is committed, with the part of the file read by then.

    A row is refused alone, without harm to the others. `scopes`, where given, must allow each row's type.
    """
    async for chunk, readings in _read_chunks(pool, rows, scopes):
        lines = await in_transaction(pool, lambda c, r=readings: _take(c, who, *r))  # type: ignore[misc]
        yield lines, chunk[-1].read


async def import_file(
    pool: Pool,
    path: Path,
    who: Submitter,
    *,
    entity_type: EntityType | None = None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    on_line: Callable[[ReportLine], None] = lambda _line: None,
) -> Counts:
    """Imports a file on behalf of an organisation, from where an interrupted import of the same bytes stopped.

    Raises `OSError` when the file cannot be read, and what PostgreSQL being away raises: call again to resume.
    """
    assert who.organisation_id is not None
    place = _Place(_digest_of(path), who.organisation_id)
    counts = await progress.import_position(pool, place.digest, place.organisation_id)
    rows = read_file(path, entity_type)
    for _ in range(counts.rows):
        next(rows, None)
    async for chunk, readings in _read_chunks(pool, rows, None):
        work = partial(_take_and_note, who=who, readings=readings, place=place, before=counts)
        lines = await in_transaction(pool, work)
        counts = _counted(counts, lines)
        for line in lines:
            on_line(line)
        on_progress(Progress(counts, chunk[-1].read))
    await in_transaction(pool, lambda c: _note(c, place, counts, finished=True))
    return counts


@dataclass(frozen=True, slots=True)
class _Place:
    """Which file is imported for whom."""

    digest: bytes
    organisation_id: str


async def _take_and_note(
    connection: Connection, *, who: Submitter, readings: "_Readings", place: _Place, before: Counts
) -> list[ReportLine]:
    lines = await _take(connection, who, *readings)
    await _note(connection, place, _counted(before, lines), finished=False)
    return lines


async def _note(connection: Connection, place: _Place, counts: Counts, *, finished: bool) -> None:
    await progress.set_import_position(connection, place.digest, place.organisation_id, counts, finished=finished)


def chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in order, at most `CHUNK` together, no entity twice in one chunk, no territory with what may name it."""
    chunk: list[Row] = []
    seen: set[tuple[object, object]] = set()
    for row in rows:
        about = (row.entity_type, _id_of(row))
        after_territory = bool(chunk) and (chunk[-1].entity_type == "territory") is not (row.entity_type == "territory")
        if len(chunk) == CHUNK or after_territory or (row.data is not None and about in seen):
            yield chunk
            chunk, seen = [], set()
        chunk.append(row)
        seen.add(about)
    if chunk:
        yield chunk


_Readings = tuple[list[Row], "list[Accepted | ReportLine]", Known]


async def _read_chunks(
    pool: Pool, rows: Iterable[Row], scopes: frozenset[str] | None
) -> AsyncIterator[tuple[list[Row], _Readings]]:
    """Each chunk with its readings; parsing and reading leave the event loop to others."""
    cut = chunks(rows)
    loop = asyncio.get_running_loop()
    while (chunk := await loop.run_in_executor(_THREADS, _next_of, cut)) is not None:
        known = known_of(*await entities.published_challenges(pool))
        readings = await loop.run_in_executor(_THREADS, _read_all, chunk, known, scopes)
        yield chunk, (chunk, readings, known)


def _next_of(cut: Iterator[list[Row]]) -> list[Row] | None:
    return next(cut, None)


def _read_all(chunk: Sequence[Row], known: Known, scopes: frozenset[str] | None) -> list[Accepted | ReportLine]:
    return [_read(row, known, scopes) for row in chunk]


async def _take(
    connection: Connection,
    who: Submitter,
    chunk: Sequence[Row],
    readings: Sequence[Accepted | ReportLine],
    known: Known,
) -> list[ReportLine]:
    accepted = [reading for reading in readings if isinstance(reading, Accepted)]
    outcomes = iter(await deposit(connection, who, accepted, known=known))
    return [
        _line_of(row, next(outcomes)) if isinstance(reading, Accepted) else reading
        for row, reading in zip(chunk, readings, strict=True)
    ]


def _read(row: Row, known: Known, scopes: frozenset[str] | None) -> Accepted | ReportLine:
    if row.data is None or row.entity_type is None:
        return ReportLine(row.line, "refused", row.entity_type, faults=row.faults)
    scope = f"{TOPICS[row.entity_type]}:write"
    if scopes is not None and scope not in scopes:
        return ReportLine(
            row.line, "refused", row.entity_type, _id_of(row), faults=(Fault("", "portee-manquante", {"scope": scope}),)
        )
    reading = read(row.entity_type, row.data, known)
    if isinstance(reading, Accepted):
        return reading
    return ReportLine(row.line, "refused", row.entity_type, reading.entity_id, faults=row.said(reading.faults))


def _line_of(row: Row, outcome: Outcome) -> ReportLine:
    accepted, kept = outcome.accepted, outcome.kept
    result: Result = "refused" if outcome.result in {"refused", "moved"} else outcome.result  # type: ignore[assignment]
    line = ReportLine(row.line, result, accepted.entity_type, accepted.entity_id, faults=outcome.faults)
    if result == "refused" or kept is None:
        return line
    warned = warnings(accepted, today_in_paris())
    return replace(line, version=kept.version, duplicate_of=kept.duplicate_of, warnings=warned)


def _id_of(row: Row) -> str | None:
    if row.data is None or row.entity_type is None:
        return None
    value = row.data.get(KINDS[row.entity_type].id_field)
    return value if isinstance(value, str) else None


def _counted(before: Counts, lines: Sequence[ReportLine]) -> Counts:
    results = [line.result for line in lines]
    return Counts(
        before.rows + len(lines),
        before.accepted + results.count("accepted"),
        before.unchanged + results.count("unchanged"),
        before.refused + results.count("refused"),
    )


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
