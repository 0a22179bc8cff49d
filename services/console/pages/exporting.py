"""Writes a table as CSV or XLSX, for download."""

import csv
import io

from fastapi import HTTPException
from fastapi.responses import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.console.views.export import Table

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def spreadsheet(table: Table, extension: str, name: str) -> Response:
    """The table as a file of that kind; 404 for another kind."""
    if extension == "csv":
        content, kind = _csv(table), "text/csv; charset=utf-8"
    elif extension == "xlsx":
        content, kind = _xlsx(table), XLSX
    else:
        raise HTTPException(404)
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
