"""Reads files of submissions row by row: JSON Lines, CSV (`;`, `,` or tab) and XLSX, told apart by their content."""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Literal

from services.ingest.intake.columns import Cell, columns_of, in_columns, placed
from services.ingest.intake.outcome import MOST_FAULTS, Fault
from services.ingest.intake.reading import KINDS, type_of, valid_id
from services.ingest.intake.structure import RepeatedField, each_once, nearest
from services.ingest.intake.workbooks import BrokenWorkbook, OversizedWorkbook, sheet_lines
from shared.events.vocabulary import EntityType

MOST_ROWS = 100_000
LONGEST_LINE = 100_000
_MOST_COLUMNS = 300

_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1a")
"""Bytes that stand in no text, the end of a file of old apart."""

Format = Literal["jsonl", "csv", "xlsx"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its line, its data or what is wrong with it, how much of the file was read by then (0..1)."""

    line: int
    entity_type: EntityType | None
    data: Mapping[str, Any] | None
    faults: tuple[Fault, ...] = ()
    read: float = 0.0
    is_table: bool = False
    """Whether it is of a spreadsheet: what is wrong with it is said of columns."""

    def said(self, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        """Faults found in its data, named as the file names things."""
        return in_columns(faults, self.data) if self.is_table and self.data is not None else faults


def read_file(path: Path, entity_type: EntityType | None = None) -> Iterator[Row]:
    """The rows of a file, in order; raises `OSError` when it cannot be opened."""
    with path.open("rb") as stream:
        yield from read_stream(stream, entity_type)


def read_stream(stream: BinaryIO, entity_type: EntityType | None = None) -> Iterator[Row]:
    """The rows of a seekable stream; blank ones are skipped, yet count among `MOST_ROWS`.

    What cannot be read at all is one row with its fault, as is a line whose id an earlier one has.
    `entity_type` is that of rows whose own id does not tell it.
    """
    size = stream.seek(0, io.SEEK_END) or 1
    stream.seek(0)
    if _is_binary(stream):
        yield Row(1, None, None, (Fault("", "fichier-illisible"),), 1.0)
        return
    reader = {"jsonl": _json_rows, "csv": _csv_rows, "xlsx": _sheet_rows}[format_of(stream)]
    found = False
    lines: dict[tuple[EntityType, str], int] = {}
    for row in reader(stream, entity_type, size):
        found = True
        if row.line > MOST_ROWS:
            yield Row(row.line, None, None, (Fault("", "trop-de-lignes", {"limit": MOST_ROWS}),), 1.0)
            return
        yield _once(row, lines)
    if not found:
        yield Row(1, None, None, (Fault("", "fichier-vide"),), 1.0)


def _once(row: Row, lines: dict[tuple[EntityType, str], int]) -> Row:
    """The row, refused when an earlier line of the file has its id; `lines` are those read so far."""
    if row.data is None or row.entity_type is None:
        return row
    id_field = KINDS[row.entity_type].id_field
    entity_id = row.data.get(id_field)
    if not isinstance(entity_id, str) or not valid_id(entity_id):
        return row
    first = lines.setdefault((row.entity_type, entity_id), row.line)
    if first == row.line:
        return row
    fault = Fault(id_field, "identifiant-en-double", {"value": entity_id, "first": first})
    return replace(row, data=None, faults=(fault,))


def format_of(stream: BinaryIO) -> Format:
    """What the first bytes tell; the stream is left at its beginning."""
    head = stream.read(4096)
    stream.seek(0)
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    return "jsonl" if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{") else "csv"


def _is_binary(stream: BinaryIO) -> bool:
    """Whether the first bytes are neither a workbook's nor a text's; the stream is left at its beginning."""
    head = stream.read(4096)
    stream.seek(0)
    if head.startswith(b"PK\x03\x04") or not _CONTROLS & set(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return True
    return 0 in head


def _json_rows(stream: BinaryIO, entity_type: EntityType | None, size: int) -> Iterator[Row]:
    line = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        line += 1
        read = stream.tell() / size
        if len(raw) > LONGEST_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LONGEST_LINE)
            yield Row(line, None, None, (Fault("", "ligne-trop-longue", {"limit": LONGEST_LINE}),), read)
        elif line > MOST_ROWS:
            yield Row(line, None, None)
        elif raw.strip():
            yield _json_row(raw.removeprefix(codecs.BOM_UTF8), line, entity_type, read)


def _json_row(raw: bytes, line: int, entity_type: EntityType | None, read: float) -> Row:
    try:
        data = json.loads(raw.decode(), parse_constant=_refused, object_pairs_hook=each_once)
    except RepeatedField as error:
        return Row(line, None, None, (error.fault,), read)
    except (ValueError, RecursionError):
        return Row(line, None, None, (Fault("", "json-invalide"),), read)
    kind = type_of(data) or entity_type
    if not isinstance(data, dict) or kind is None:
        return Row(line, None, None, (Fault("", "type-inconnu" if isinstance(data, dict) else "objet-attendu"),), read)
    return Row(line, kind, data, (), read)


def _refused(name: str) -> float:
    raise ValueError(name)


def _csv_rows(stream: BinaryIO, entity_type: EntityType | None, size: int) -> Iterator[Row]:
    text = io.TextIOWrapper(stream, encoding=_encoding_of(stream), newline="", errors="replace")
    lines_of_text = _bounded(text)
    first = next(lines_of_text, "")
    delimiter = max(";,\t", key=first.count)
    cells = csv.reader(chain([first], lines_of_text), delimiter=delimiter)
    lines = ((start, row, stream.tell() / size) for start, row in _numbered(cells))
    yield from _table_rows(lines, entity_type)
    text.detach()


def _bounded(text: io.TextIOBase) -> Iterator[str]:
    """The lines, their ends with them; one too long becomes a field that the reader of CSV refuses alone."""
    while line := text.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE:
            yield line
            continue
        while line and not line.endswith(("\n", "\r")):
            line = text.readline(LONGEST_LINE)
        yield "x" * (csv.field_size_limit() + 1)


def _sheet_rows(stream: BinaryIO, entity_type: EntityType | None, _size: int) -> Iterator[Row]:
    try:
        # One column more, to see that there are too many.
        yield from _table_rows(sheet_lines(stream, _MOST_COLUMNS + 1), entity_type)
    except BrokenWorkbook as error:
        yield Row(error.args[0], None, None, (Fault("", "fichier-illisible"),), 1.0)
    except OversizedWorkbook:
        yield Row(1, None, None, (Fault("", "classeur-trop-lourd"),), 1.0)


def _table_rows(
    lines: Iterable[tuple[int, Sequence[Any] | None, float]], entity_type: EntityType | None
) -> Iterator[Row]:
    header: list[str] = []
    for line, cells, read in lines:
        if cells is None:
            yield Row(line, None, None, (Fault("", "ligne-trop-longue", {"limit": LONGEST_LINE}),), read)
            continue
        if line > MOST_ROWS:
            yield Row(line, None, None)
            return
        if not any(cell not in (None, "") for cell in cells):
            continue
        if not header:
            header = [str(cell or "").strip().lower() for cell in cells]
            entity_type = type_of(dict.fromkeys(header)) or entity_type
            faults = _header_faults(header, entity_type)[:MOST_FAULTS]
            if faults or entity_type is None:
                yield Row(line, None, None, tuple(faults), 1.0)
                return
        else:
            assert entity_type is not None
            yield _table_row(line, header, cells, entity_type, read)


def _header_faults(header: list[str], entity_type: EntityType | None) -> list[Fault]:
    if entity_type is None:
        return [Fault("", "type-inconnu", in_table=True)]
    if any(header[_MOST_COLUMNS:]):
        return [Fault("", "trop-de-colonnes", {"limit": _MOST_COLUMNS})]
    known = columns_of(entity_type)
    faults = [
        Fault(name, "colonne-en-double", {"name": name})
        for name in sorted(set(header))
        if header.count(name) > 1 and name
    ]
    for name in header:
        if name and name not in known:
            faults.append(Fault(name[:80], "champ-inconnu", {"name": name[:80], **nearest(name, list(known))}))
    return faults


def _table_row(line: int, header: Sequence[str], cells: Sequence[Cell], entity_type: EntityType, read: float) -> Row:
    if any(cell not in (None, "") for cell in cells[len(header) :]):
        return Row(line, entity_type, None, (Fault("", "colonnes-en-trop"),), read)
    columns = columns_of(entity_type)
    data: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=False):
        if name and cell not in (None, "") and not (isinstance(cell, str) and not cell.strip()):
            placed(data, name, columns[name](cell))
    for name in _LISTS & KINDS[entity_type].shape.model_fields.keys():
        # An empty cell of an offer's list means all, as an empty list does.
        data.setdefault(name, [])
    return Row(line, entity_type, data, (), read, is_table=True)


_LISTS = frozenset({"categories", "stages", "legal_forms", "kinds", "recipients", "needs"})


def _numbered(rows: Any) -> Iterator[tuple[int, list[str] | None]]:
    """Each record with the line it begins on; None for one that is too long to be read."""
    start = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            row = None
        yield start, row
        start = rows.line_num + 1


def _encoding_of(stream: BinaryIO) -> str:
    """UTF-8 when the whole stream is, else what French spreadsheets write."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while part := stream.read(1 << 20):
            decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        stream.seek(0)
    return "utf-8-sig"
