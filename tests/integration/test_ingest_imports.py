"""Files are taken in row by row, by HTTP and from a shell, on a real PostgreSQL."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from services.ingest import bulk
from services.ingest.bulk import Progress, ReportLine, import_file
from services.ingest.intake.rights import Submitter
from services.ingest.store.progress import Counts
from shared.database import Connection
from shared.reference import samples
from tests.factories import a_project, a_territory
from tests.integration.ingest_house import House, open_house

OPERATOR = Submitter(organisation_id="essaim", operator=True)


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


def json_lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def report(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def submission(project_id: str, **changes: Any) -> dict[str, Any]:
    return a_project(project_id, **changes).model_dump(mode="json", exclude_defaults=True, exclude_none=True)


HEADER = (
    "project_id", "title", "summary", "owner.owner_id", "owner.name", "owner.legal_form", "place.name",
    "place.postal_code", "categories", "stage", "needs.mecenat-financier.amount_eur", "needs.partenariat",
    "amount_sought_eur", "deadline", "status", "contact.email",
)  # fmt: skip
ROW = (
    "prj-1", "Épicerie du port", "Une épicerie\nde quartier", "por-1", "Les Paniers", "association", "Rezé",
    "44400", "alimentation|numerique", "amorcage", "20 000 €", "oui", "20000", "31/12/2027", "actif", "a@example.org",
)  # fmt: skip


async def test_samples_are_taken_in_and_a_second_time_change_nothing(house: House) -> None:
    partner = await house.partner("essaim", "admin")
    rows = [*samples.sample_projects(), *samples.sample_commitments(), *samples.funds()]
    first = report(await partner.post("/v1/imports", content=json_lines(*rows)))
    second = report(await partner.post("/v1/imports", content=json_lines(*rows)))
    assert [line["result"] for line in first] == ["accepted"] * 159
    assert [line["line"] for line in first] == list(range(1, 160))
    assert [line["result"] for line in second] == ["unchanged"] * 159
    assert len(await house.said()) == 159


async def test_bad_rows_are_refused_alone_with_field_reason_and_remedy(house: House) -> None:
    partner = await house.partner("org-a")
    good, bad = submission("prj-1"), submission("prj-2") | {"stage": "idée", "titre": "x"}
    body = json_lines(good, bad) + b"{not json\n\n" + json_lines({"title": "?"}, [1])
    french = report(await partner.post("/v1/imports", content=body))
    english = report(await partner.post("/v1/imports", content=body, headers={"Accept-Language": "en"}))
    assert [(line["line"], line["result"]) for line in french] == [
        (1, "accepted"), (2, "refused"), (3, "refused"), (5, "refused"), (6, "refused"),
    ]  # fmt: skip
    faults = {error["field"]: error for error in french[1]["errors"]}
    assert faults.keys() == {"stage", "titre"}
    assert faults["titre"]["remedy"].startswith("Vouliez-vous dire «\u00a0title\u00a0»")
    assert [line["errors"][0]["code"] for line in french[2:]] == ["json-invalide", "type-inconnu", "objet-attendu"]
    assert english[1]["errors"][0]["message"].startswith("This value is not in the list.")


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8-sig"), (",", "utf-8"), (";", "cp1252"), ("\t", "utf-8")]
)
async def test_csv_is_read_whatever_its_separator_and_encoding(house: House, delimiter: str, encoding: str) -> None:
    partner = await house.partner("org-a")
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADER, ROW])
    [line] = report(await partner.post("/v1/imports", content=text.getvalue().encode(encoding)))
    assert line == {"line": 2, "result": "accepted", "type": "project", "id": "prj-1", "version": 1}
    read = (await partner.get("/v1/projects/prj-1")).json()
    assert (read["title"], read["commune"], read["deadline"]) == ("Épicerie du port", "44143", "2027-12-31")
    assert read["needs"] == [{"kind": "mecenat-financier", "amount_eur": 20_000}, {"kind": "partenariat"}]
    assert read["contact"]["email"] == "a@example.org"


async def test_workbook_is_read_by_form_with_its_numbers_and_dates(house: House) -> None:
    partner = await house.partner("org-a")
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(HEADER)  # type: ignore[union-attr]
    cells: list[Any] = list(ROW)
    cells[7], cells[10], cells[12] = 44400, 20_000.0, 20_000
    book.active.append(cells)  # type: ignore[union-attr]
    book.save(file)
    form = {"file": ("depots.xlsx", file.getvalue())}
    [line] = report(await partner.post("/v1/imports", files=form))
    assert (line["line"], line["result"]) == (2, "accepted")


async def test_unknown_columns_are_named_before_any_row(house: House) -> None:
    partner = await house.partner("org-a")
    [line] = report(await partner.post("/v1/imports", content=b"project_id;titre;stade\nprj-1;x;idee\n"))
    assert [error["field"] for error in line["errors"]] == ["titre", "stade"]


@pytest.mark.parametrize("body", [b"", b"\n\n", b"PK\x03\x04 no archive"])
async def test_empty_or_broken_file_is_told(house: House, body: bytes) -> None:
    partner = await house.partner("org-a")
    [line] = report(await partner.post("/v1/imports?type=projects", content=body))
    assert line["errors"][0]["code"] in {"fichier-vide", "type-inconnu", "fichier-illisible"}


async def test_rows_need_their_own_scope_and_organisation(house: House) -> None:
    partner, other = await house.partner("org-a", "projects:write"), await house.partner("org-b")
    await other.put("/v1/projects/prj-b", json=submission("prj-b"))
    body = json_lines(submission("prj-b"), submission("prj-1"), samples.funds()[0])
    lines = report(await partner.post("/v1/imports", content=body))
    codes = [[error["code"] for error in line.get("errors", ())] for line in lines]
    assert codes == [["a-une-autre-organisation"] * 2, [], ["portee-manquante"]]


async def test_key_that_may_write_nothing_imports_nothing(house: House) -> None:
    partner = await house.partner("org-a", "read")
    answer = await partner.post("/v1/imports", content=json_lines(submission("prj-1")))
    assert (answer.status_code, answer.json()["type"]) == (403, "/docs#portee-manquante")


async def test_repeated_entity_is_refused_after_its_first_line(house: House) -> None:
    partner = await house.partner("org-a")
    body = json_lines(submission("prj-1"), submission("prj-1", title="Second titre"))
    lines = report(await partner.post("/v1/imports", content=body))
    assert [line["result"] for line in lines] == ["accepted", "refused"]
    assert lines[1]["errors"][0]["code"] == "identifiant-en-double"
    assert (await partner.get("/v1/projects/prj-1")).json()["version"] == 1


async def test_challenge_of_a_territory_earlier_in_the_file_is_known(house: House) -> None:
    partner = await house.partner("essaim", "admin")
    territory = a_territory("ter-a").model_dump(mode="json", exclude_none=True)
    body = json_lines(submission("prj-1"), territory, submission("prj-2", challenge_id="ter-a-d1"))
    assert [line["result"] for line in report(await partner.post("/v1/imports", content=body))] == ["accepted"] * 3


async def test_territory_cannot_take_the_name_of_one_that_was_submitted(house: House) -> None:
    partner = await house.partner("essaim", "admin")
    for territory_id, status in (("ter-a", 202), ("ter-b", 422), ("ter-a", 200)):
        territory = a_territory(territory_id, name="Pays d'Ici").model_dump(mode="json", exclude_none=True)
        assert (await partner.put(f"/v1/territories/{territory_id}", json=territory)).status_code == status


async def test_import_without_key_or_of_unknown_type_is_a_problem(house: House) -> None:
    partner = await house.partner("org-a")
    assert (await house.client().post("/v1/imports", content=b"{}")).status_code == 401
    assert (await partner.post("/v1/imports?type=projets", content=b"{}")).json()["errors"][0]["field"] == "type"


async def test_shell_import_resumes_after_an_interruption(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 10)
    path = tmp_path / "projects.jsonl"
    path.write_bytes(json_lines(*(submission(f"prj-{number:02}", title=f"Projet {number}") for number in range(35))))

    class Interrupted(Exception):
        pass

    def interrupt(progress: Progress) -> None:
        if progress.counts.rows == 20:
            raise Interrupted

    lines: list[ReportLine] = []
    with pytest.raises(Interrupted):
        await import_file(house.pool, path, OPERATOR, on_progress=interrupt, on_line=lines.append)
    seen: list[float] = []
    counts = await import_file(
        house.pool, path, OPERATOR, on_progress=lambda progress: seen.append(progress.read), on_line=lines.append
    )
    assert counts == Counts(35, 35, 0, 0)
    assert [line.line for line in lines] == list(range(1, 36))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    again = await import_file(house.pool, path, OPERATOR)
    assert again == Counts(35, 0, 35, 0)
    assert len(await house.said("projects")) == 35


async def test_chunk_that_fails_is_wholly_tried_again(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "projects.jsonl"
    path.write_bytes(json_lines(submission("prj-1"), submission("prj-2", title="Autre projet")))
    deposit, failed = bulk.deposit, []

    async def failing(connection: Connection, *args: Any, **kwargs: Any) -> Any:
        done = await deposit(connection, *args, **kwargs)
        if not failed:
            failed.append(True)
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return done

    monkeypatch.setattr(bulk, "deposit", failing)
    counts = await import_file(house.pool, path, OPERATOR)
    assert (counts, failed) == (Counts(2, 2, 0, 0), [True])
    assert len(await house.said("projects")) == 2
