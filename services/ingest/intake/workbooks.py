"""Reads the first sheet of a workbook line by line, each part once it is known to fit in memory."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from openpyxl.packaging.relationship import get_rels_path
from openpyxl.reader.excel import ExcelReader, _find_workbook_part  # type: ignore[attr-defined]  # its own steps need it too
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import ARC_CONTENT_TYPES, ARC_STYLE, SHARED_STRINGS, SHEET_MAIN_NS

_MOST_UNPACKED_BYTES = 100 * 1024 * 1024
_MOST_ELEMENTS = 2_000_000
_MOST_KEPT = 100_000
_MOST_KEPT_ATTRIBUTES = 500_000
_MOST_KEPT_BYTES = 16 * 1024 * 1024
_LONGEST_UNIT = 1_000_000
"""Bytes of a row, of a shared text or of one tag."""
_WIDEST = 16_384
"""Cells of a row: as many as spreadsheets have columns, empty ones that were given a colour among them."""
_DEEPEST = 40
_STEP = 1 << 16

_Unit = tuple[str, int]
_ROW: _Unit = (f"{SHEET_MAIN_NS} row", 3)
_SHARED_TEXT: _Unit = (f"{SHEET_MAIN_NS} si", 2)
"""What the reader of a part forgets once it has read it: its name and its depth."""


class BrokenWorkbook(Exception):
    """Nothing can be read of a workbook from here on; carries the line."""


class OversizedWorkbook(Exception):
    """A workbook that would take more memory or time than a file of submissions may."""


_BROKEN = (
    *(ValueError, TypeError, AttributeError, LookupError, EOFError, OSError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, ParseError),
)
"""What a damaged archive makes its readers raise."""


def sheet_lines(stream: BinaryIO, most_columns: int) -> Iterator[tuple[int, Sequence[Any], float]]:
    """The cells of the first sheet, line by line, with the part of it that was read (0..1).

    Raises `BrokenWorkbook`, and `OversizedWorkbook` before the first line.
    """
    line = 0
    try:
        sheet = _first_sheet(ExcelReader(stream, read_only=True, data_only=True, keep_links=False))
        height = max(sheet.max_row or 1, 1)
        sheet.reset_dimensions()  # type: ignore[attr-defined]  # what a file says of its size is not believed: rows beyond would be lost
        for line, cells in enumerate(sheet.iter_rows(values_only=True, max_col=most_columns), 1):
            yield line, list(cells), min(1.0, line / height)
    except _BROKEN:
        raise BrokenWorkbook(line + 1) from None


def _first_sheet(reader: ExcelReader) -> Worksheet:
    """The steps of `ExcelReader.read` that rows need, each part measured as that step reads it."""
    if sum(part.file_size for part in reader.archive.infolist()) > _MOST_UNPACKED_BYTES:
        raise OversizedWorkbook
    measured = _Measure(reader.archive)
    measured.take(ARC_CONTENT_TYPES)
    reader.read_manifest()
    strings = reader.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]  # the stubs leave it out
    if strings is not None:
        measured.take(strings.PartName[1:], _SHARED_TEXT)
    reader.read_strings()
    workbook_part = _find_workbook_part(reader.package).PartName[1:]
    relations: str = get_rels_path(workbook_part)  # type: ignore[no-untyped-call]  # the stubs leave it out
    for name in (workbook_part, relations, ARC_STYLE):
        measured.take(name)
    reader.read_workbook()
    apply_stylesheet(reader.archive, reader.wb)
    for sheet, relation in reader.parser.find_sheets():
        if relation.target in reader.valid_files and "chartsheet" not in relation.Type:
            measured.take(relation.target, _ROW)
            found = ReadOnlyWorksheet(reader.wb, sheet.name, relation.target, reader.shared_strings)
            return cast(Worksheet, found)  # as `Workbook.worksheets` promises it
    raise LookupError("no sheet")


class _Measure:
    """Counts what the parts of a workbook hold, all together; raises `OversizedWorkbook` where that is too much."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._elements = self._kept = self._kept_attributes = self._kept_bytes = 0

    def take(self, name: str, unit: _Unit | None = None) -> None:
        """Reads a part through, up to where it stops being XML; nothing when it is not there."""
        if name not in self._archive.namelist():
            return
        self._unit, self._depth, self._cells, self._began = unit, 0, 0, -1
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartNamespaceDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = _refused
        fed = 0
        with self._archive.open(name) as part:
            while piece := part.read(_STEP):
                fed += len(piece)
                try:
                    parser.Parse(piece, False)
                except expat.ExpatError:
                    break
                if fed - parser.CurrentByteIndex > _LONGEST_UNIT:
                    raise OversizedWorkbook
        self._kept_bytes += fed
        if self._kept_bytes > _MOST_KEPT_BYTES:
            raise OversizedWorkbook

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if (name, self._depth) == self._unit:
            self._cells, self._began = 0, self._parser.CurrentByteIndex
        elif self._began >= 0:
            self._cells += self._depth == _ROW[1] + 1
        else:
            self._kept += 1
            self._kept_attributes += len(attributes)
        if (
            (self._elements > _MOST_ELEMENTS or self._depth > _DEEPEST or self._cells > _WIDEST)
            or self._kept > _MOST_KEPT
            or self._kept_attributes > _MOST_KEPT_ATTRIBUTES
        ):
            raise OversizedWorkbook

    def _end(self, _name: str) -> None:
        if self._began >= 0 and self._unit is not None and self._depth == self._unit[1]:
            length = self._parser.CurrentByteIndex - self._began
            if length > _LONGEST_UNIT:
                raise OversizedWorkbook
            self._kept_bytes -= length
            self._began = -1
        self._depth -= 1

    def _declared(self, _prefix: str | None, _uri: str) -> None:
        self._kept_attributes += 1


def _refused(*_doctype: object) -> None:
    raise OversizedWorkbook
