"""Writes a table as CSV or XLSX, for download."""

import asyncio
import csv
import io
from collections.abc import Callable

from fastapi import HTTPException
from fastapi.responses import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.console.views.export import Table

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def spreadsheet(table: Callable[[], Table], extension: str, name: str) -> Response:
    """The table as a file of that kind, made in a thread of its own; 404 for another kind."""
    if extension not in WRITERS:
        raise HTTPException(404)
    write, kind = WRITERS[extension]
    content = await asyncio.to_thread(lambda: write(table()))
    disposition = f'attachment; filename="{name}.{extension}"'
    return Response(content, media_type=kind, headers={"Content-Disposition": disposition, "Cache-Control": "no-store"})


def _csv(table: Table) -> bytes:
    """With semicolons and a byte order mark: what a French spreadsheet opens without a question."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return out.getvalue().encode("utf-8-sig")


def _xlsx(table: Table) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Essaim")
    sheet.freeze_panes = "A2"
    heading = []
    for column in table.columns:
        cell = WriteOnlyCell(sheet, value=column)
        cell.font = Font(bold=True)
        heading.append(cell)
    sheet.append(heading)
    for row in table.rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


WRITERS: dict[str, tuple[Callable[[Table], bytes], str]] = {
    "csv": (_csv, "text/csv; charset=utf-8"),
    "xlsx": (_xlsx, XLSX),
}
"""Extension -> how the file is written, and what it is called on the web."""
