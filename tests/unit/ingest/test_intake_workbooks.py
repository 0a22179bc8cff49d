"""Workbooks that would exhaust the memory are refused in words before anything is made of them."""

import io
import tracemalloc
import zipfile

import openpyxl
import pytest
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from services.ingest.intake import files, say, workbooks
from services.ingest.intake.files import Row, read_stream

_ROOT = f'xmlns="{SHEET_MAIN_NS}"'
_SHEET, _STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def with_part(part: str, content: str) -> bytes:
    """A workbook of two lines, that part replaced or added."""
    book, file, made = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for line in (["project_id", "title"], ["a", "b"]):
        book.active.append(line)  # type: ignore[union-attr]
    book.save(file)
    shared = f'<Override PartName="/{_STRINGS}" ContentType="{SHARED_STRINGS}"/></Types>'.encode()
    with zipfile.ZipFile(file) as kept, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in {*kept.namelist()} - {part}:
            said = kept.read(name)
            archive.writestr(name, said.replace(b"</Types>", shared) if part == _STRINGS else said)
        archive.writestr(part, content)
    return made.getvalue()


def sheet(rows: str) -> str:
    return f"<worksheet {_ROOT}><sheetData>{rows}</sheetData></worksheet>"


def rows(content: bytes) -> list[Row]:
    return list(read_stream(io.BytesIO(content), "project"))


HEAVY = {
    "cells in a row": (_SHEET, sheet('<row r="1">' + "<c/>" * 2_100_000 + "</row>")),
    "shared texts": (_STRINGS, f"<sst {_ROOT}>" + "<si><t/></si>" * 110_000 + "</sst>"),
    "parts of a shared text": (_STRINGS, f"<sst {_ROOT}><si>" + "<r><t/></r>" * 200_000 + "</si></sst>"),
    "rows": (_SHEET, sheet("<row/>" * 210_000)),
    "rows of another reader's": (_STRINGS, sheet("<row><c/></row>" * 200_000)),
    "shared texts of another reader's": (_SHEET, f"<sst {_ROOT}>" + "<si><t/></si>" * 200_000 + "</sst>"),
    "styles": ("xl/styles.xml", f"<styleSheet {_ROOT}>" + "<xf/>" * 200_000 + "</styleSheet>"),
    "attributes": (_SHEET, sheet("<row " + " ".join(f'a{number}=""' for number in range(200_000)) + "/>")),
    "text": (_SHEET, sheet("x" * 20_000_000)),
    "depth": ("xl/workbook.xml", "<a>" * 1_000 + "</a>" * 1_000),
    "entities": (_SHEET, '<!DOCTYPE a [<!ENTITY b "c">]>' + sheet("<row/>")),
    "unpacked size": (_SHEET, " " * 110_000_000),
}


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_workbook_is_refused_in_words_and_little_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_MOST_ELEMENTS", 200_000)
    content = with_part(*HEAVY[name])
    tracemalloc.start()
    try:
        [row] = rows(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [fault.code for fault in row.faults] == ["classeur-trop-lourd"]
    assert "CSV" in say(row.faults[0]).remedy
    assert peak < 60_000_000


def test_workbook_of_coloured_empty_cells_is_read() -> None:
    empty = "<c s='0'/>" * 5_000
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in ("project_id", "title"))
    found = rows(with_part(_SHEET, sheet(f"<row>{cells}{empty}</row><row>{cells}{empty}</row>")))
    assert [row.data for row in found] == [
        {"project_id": "project_id", "title": "title", "categories": [], "needs": []},
    ]


def test_workbook_of_too_many_columns_is_told() -> None:
    cells = '<c t="inlineStr"><is><t>title</t></is></c>' * (files._MOST_COLUMNS + 1)
    [row] = rows(with_part(_SHEET, sheet(f"<row>{cells}</row>")))
    assert [fault.code for fault in row.faults] == ["trop-de-colonnes"]


def test_shared_texts_are_read() -> None:
    texts = "".join(f"<si><t>{text}</t></si>" for text in ("project_id", "title"))
    content, made = with_part(_STRINGS, f"<sst {_ROOT}>{texts}</sst>"), io.BytesIO()
    line = "<row>" + "".join(f'<c t="s"><v>{number}</v></c>' for number in (0, 1)) + "</row>"
    with zipfile.ZipFile(io.BytesIO(content)) as kept, zipfile.ZipFile(made, "w") as archive:
        for name in kept.namelist():
            archive.writestr(name, sheet(line * 2) if name == _SHEET else kept.read(name))
    [row] = rows(made.getvalue())
    assert row.data is not None
    assert row.data["project_id"] == "project_id"


def test_workbook_without_styles_or_shared_texts_is_read() -> None:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in ("project_id", "title"))
    content, made = with_part(_SHEET, sheet(f"<row>{cells}</row><row>{cells}</row>")), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as kept, zipfile.ZipFile(made, "w") as archive:
        for name in (name for name in kept.namelist() if name not in {"xl/styles.xml", "docProps/core.xml"}):
            archive.writestr(name, kept.read(name))
    assert [row.faults for row in rows(made.getvalue())] == [()]
