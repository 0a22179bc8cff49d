"""Reads whole lists, and writes them as CSV or XLSX, for download."""

import asyncio
import csv
import io
from collections.abc import Callable

from fastapi import HTTPException
from fastapi.responses import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.console.store import matches
from services.console.store.matches import Scope
from services.console.views.export import Table
from services.console.views.filters import Filters
from shared.database import Connection
from shared.events.matches import MatchChanged

MOST_EXPORTED = 10_000
EXPORTED_AT_ONCE = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def everything(connection: Connection, scope: Scope, filters: Filters) -> list[MatchChanged]:
    """All that the filters keep, in their order, as far as a file goes."""
    found: list[MatchChanged] = []
    for offset in range(0, MOST_EXPORTED, EXPORTED_AT_ONCE):
        some = await matches.page(connection, scope, filters, limit=EXPORTED_AT_ONCE, offset=offset)
        found += some
        if len(some) < EXPORTED_AT_ONCE:
            break
    return found


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
