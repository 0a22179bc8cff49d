"""Files are read row by row whatever wrote them."""

import io
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from services.ingest.api.examples import EXAMPLES
from services.ingest.intake import Accepted, Refused, read, say
from services.ingest.intake import files as intake_files
from services.ingest.intake.columns import columns_of
from services.ingest.intake.files import Row, format_of, read_stream
from services.ingest.intake.outcome import MOST_FAULTS
from shared.events.vocabulary import EntityType


def rows(content: bytes | str, entity_type: EntityType | None = None) -> list[Row]:
    return list(read_stream(io.BytesIO(content.encode() if isinstance(content, str) else content), entity_type))


def only_codes(found: list[Row]) -> list[tuple[int, list[str]]]:
    return [(row.line, [fault.code for fault in row.faults]) for row in found]


def workbook(*lines: list[Any]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)  # type: ignore[union-attr]
    book.save(file)
    return file.getvalue()


def test_faults_of_a_table_name_its_columns_with_remedies_for_cells() -> None:
    [row] = rows("project_id;needs.mecenat-nature;needs.mecenat-financier.amount_eur;owner.name\np;oui;beaucoup;x\n")
    assert row.data is not None
    reading = read("project", row.data)
    assert isinstance(reading, Refused)
    said = {fault.field: say(fault) for fault in row.said(reading.faults)}
    assert "sans guillemets" not in said["needs.mecenat-financier.amount_eur"].remedy
    assert said["title"].remedy == "Remplissez «\u00a0title\u00a0», ou ajoutez cette colonne."
    assert "status" not in said


def test_table_without_type_is_refused_once_for_the_file() -> None:
    [row] = rows("title;summary\na;b\nc;d\n")
    assert "rien n'est pris de ce fichier" in say(row.faults[0]).message


@pytest.mark.parametrize("entity_type", ["project", "commitment", "fund"])
def test_submission_that_leaves_its_status_out_is_active(entity_type: EntityType) -> None:
    said = {name: value for name, value in EXAMPLES[entity_type].items() if name != "status"}
    reading = read(entity_type, said | {f"{entity_type}_id": "one"})
    assert isinstance(reading, Accepted)
    assert reading.content["status"] == "actif"


def test_format_is_told_by_content() -> None:
    assert format_of(io.BytesIO(b"\xef\xbb\xbf \n{}")) == "jsonl"
    assert format_of(io.BytesIO(b"a;b")) == "csv"
    assert format_of(io.BytesIO(workbook(["a"]))) == "xlsx"


def test_json_lines_are_numbered_and_blank_ones_skipped() -> None:
    found = rows('{"project_id": "a"}\n\n  \n{"fund_id": "b"}\r\n{"title": 1}\n[1]\n{"a"')
    assert [(row.line, row.entity_type) for row in found[:2]] == [(1, "project"), (4, "fund")]
    assert only_codes(found)[2:] == [(5, ["type-inconnu"]), (6, ["objet-attendu"]), (7, ["json-invalide"])]
    assert found[-1].read == 1.0


def test_field_given_twice_is_named() -> None:
    found = rows('{"project_id": "a", "owner": {"name": "x", "name": "y"}}')
    assert [(fault.field, fault.code) for fault in found[0].faults] == [("name", "champ-en-double")]


def test_type_asked_for_serves_rows_without_id() -> None:
    assert rows('{"title": 1}', "fund")[0].entity_type == "fund"


def test_too_long_a_line_is_refused_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_files, "LONGEST_LINE", 40)
    found = rows('{"project_id": "' + "a" * 100 + '"}\n{"project_id": "b"}\n')
    assert only_codes(found) == [(1, ["ligne-trop-longue"]), (2, [])]


def test_too_many_lines_end_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_files, "MOST_ROWS", 2)
    found = rows("".join(f'{{"project_id": "p{number}"}}\n' for number in range(5)))
    assert only_codes(found) == [(1, []), (2, []), (3, ["trop-de-lignes"])]


@pytest.mark.parametrize("content", ["{}" + "\n" * 9, "project_id;title" + "\n" * 9])
def test_blank_lines_count_among_too_many(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_files, "MOST_ROWS", 4)
    assert only_codes(rows(content, "project"))[-1] == (5, ["trop-de-lignes"])


def test_workbook_whose_last_row_is_very_far_ends_at_the_limit() -> None:
    content, file = workbook(["project_id", "title"], ["a", "b"]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as kept, zipfile.ZipFile(file, "w") as archive:
        for name in kept.namelist():
            far = kept.read(name).replace(b'<row r="2"', b'<row r="1000000000"')
            archive.writestr(name, far.replace(b'r="A2"', b'r="A1000000000"').replace(b'r="B2"', b'r="B1000000000"'))
    assert only_codes(rows(file.getvalue())) == [(intake_files.MOST_ROWS + 1, ["trop-de-lignes"])]


def test_too_long_a_line_of_a_csv_is_refused_alone() -> None:
    found = rows("project_id;title\n" + ";" * (intake_files.LONGEST_LINE + 1) + "\nb;c\n")
    assert only_codes(found) == [(2, ["ligne-trop-longue"]), (3, [])]


@pytest.mark.parametrize("content", ["", "\n\n", b"\xef\xbb\xbf"])
def test_empty_file_is_told(content: Any) -> None:
    assert only_codes(rows(content)) == [(1, ["fichier-vide"])]


def test_header_is_judged_before_any_row() -> None:
    found = rows("project_id;title;titel;title\na;b;c;d\n")
    assert [(fault.field, fault.code) for fault in found[0].faults] == [
        ("title", "colonne-en-double"),
        ("titel", "champ-inconnu"),
    ]
    assert len(found) == 1


def test_header_without_an_id_needs_the_type() -> None:
    assert only_codes(rows("title;summary\na;b\n")) == [(1, ["type-inconnu"])]
    assert rows("title;summary\na;b\n", "project")[0].data == {
        "title": "a",
        "summary": "b",
        "categories": [],
        "needs": [],
    }


@pytest.mark.parametrize(
    "content", [bytes(range(255, -1, -1)), b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(600), b"a;b\x00c\n"]
)
def test_bytes_that_are_neither_a_workbook_nor_a_text_are_called_so(content: bytes) -> None:
    (row,) = rows(content)
    assert only_codes([row]) == [(1, ["fichier-illisible"])]
    assert "ni un classeur XLSX en bon état ni un texte" in say(row.faults[0]).message


def test_a_text_of_old_is_still_one() -> None:
    assert rows("project_id;title\nprj-a;Épicerie\n\x1a".encode("cp1252"))[0].data is not None


def test_lines_of_a_csv_count_those_inside_quotes() -> None:
    found = rows('project_id;summary\na;"un\ndeux"\n\nb;trois\nc;d;e\n')
    assert only_codes(found) == [(2, []), (5, []), (6, ["colonnes-en-trop"])]
    assert found[0].data is not None
    assert found[0].data["summary"] == "un\ndeux"


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("amount_sought_eur", "20 000 €", 20_000),
        ("amount_sought_eur", "20\u202f000,00", 20_000),
        ("amount_sought_eur", 20_000.0, 20_000),
        ("amount_sought_eur", "vingt", "vingt"),
        ("amount_sought_eur", 10.5, 10.5),
        ("deadline", "31/12/2027", "2027-12-31"),
        ("deadline", "2027-12-31", "2027-12-31"),
        ("deadline", datetime(2027, 12, 31), "2027-12-31"),  # noqa: DTZ001 - a workbook's dates have no zone
        ("illustrative", "Oui", True),
        ("illustrative", 0, False),
        ("illustrative", "peut-être", "peut-être"),
        ("commune", 1001, "01001"),
        ("owner.siren", 5420.0, "000005420"),
        ("place.postal_code", "44400", "44400"),
        ("categories", "alimentation | seniors", ["alimentation", "seniors"]),
        ("categories", "alimentation, seniors", ["alimentation", "seniors"]),
        ("notes", "a, b|c", ["a, b", "c"]),
        ("perimeter", "epci:2444|ept:T1", [{"level": "epci", "code": "2444"}, {"level": "ept", "code": "T1"}]),
        ("title", 12, "12"),
        ("needs.rse", "x", True),
        ("needs.mecenat-competences.days", "5", 5),
        ("needs.mecenat-nature.objects", "locaux|velos", ["locaux", "velos"]),
    ],
)  # fmt: skip
def test_cells_become_values(column: str, cell: Any, value: Any) -> None:
    assert columns_of("project")[column](cell) == value


def test_workbook_becomes_a_submission() -> None:
    cells: dict[str, Any] = {
        "fund_id": "fds-1",
        "title": "Fonds vélo",
        "description": "Des vélos pour tous.",
        "nature": "fonds",
        "kinds": "subvention",
        "recipients": "porteur",
        "perimeter": "national:FR",
        "accepts_neighbours": "non",
        "labelled_territories_only": False,
        "needs_barrier": 0,
        "direct_funding": "oui",
        "envelope_eur": 1e6,
        "closes_on": datetime(2028, 1, 31),  # noqa: DTZ001 - a workbook's dates have no zone
        "status": "actif",
    }
    header, line = list(cells), list(cells.values())
    [row] = rows(workbook(header, [None] * 14, line))
    assert row.line == 3
    reading = read("fund", row.data)
    assert isinstance(reading, Accepted), reading
    assert reading.content["envelope_eur"] == 1_000_000
    assert reading.content["stages"] == []


def test_every_shape_has_a_column_for_each_plain_field() -> None:
    assert {"owner.owner_id", "barrier.kind", "contact.email"} <= columns_of("project").keys()
    assert {"company.commune", "per_project_days.max"} <= columns_of("commitment").keys()
    assert {"ticket_eur.min", "source.url"} <= columns_of("fund").keys()
    assert not {"managed", "duplicate_of", "suggested_categories"} & columns_of("fund").keys()


@pytest.mark.parametrize("header", [["title"] * 50_000, [f"colonne{number}" for number in range(24_501)]])
def test_csv_of_too_many_columns_is_told_once(header: list[str]) -> None:
    [row] = rows(";".join(header)[: intake_files.LONGEST_LINE - 1] + "\n", "project")
    assert [fault.code for fault in row.faults] == ["trop-de-colonnes"]


def test_faults_of_one_row_are_cut() -> None:
    [row] = rows(";".join(f"colonne{number}" for number in range(200)) + "\n", "project")
    assert len(row.faults) == MOST_FAULTS
    reading = read("project", {f"champ{number}": 1 for number in range(200)})
    assert isinstance(reading, Refused)
    assert len(reading.faults) == MOST_FAULTS


def test_id_that_an_earlier_line_has_is_refused_with_that_line() -> None:
    found = rows('{"project_id": "a"}\n{"fund_id": "a"}\n{"project_id": "a"}\n')
    assert only_codes(found) == [(1, []), (2, []), (3, ["identifiant-en-double"])]
    assert "La ligne 1" in say(found[2].faults[0]).message
