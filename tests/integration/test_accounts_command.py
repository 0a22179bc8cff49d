"""What was there already is not said to be added, and a dead letter that is none is named."""

from pathlib import Path

import pytest

from deploy.local.servers import run_apart
from tests.conftest import ServiceDsn
from tests.integration.test_restored_command import essaim
from tests.streams import opened


@pytest.fixture
def dsn(database: ServiceDsn, monkeypatch: pytest.MonkeyPatch) -> str:
    """An ingest of this test's own."""
    monkeypatch.setenv("INGEST_DATABASE_URL", database("ingest"))
    return database("ingest")


def test_an_organisation_is_added_renamed_or_as_it_was(dsn: str) -> None:
    said = [essaim("organisation", "add", "ccas-reze", name).output for name in ("CCAS", "CCAS ", "CCAS de Rezé")]
    assert said == ["ccas-reze ajoutée\n", "ccas-reze inchangée : elle l'était déjà\n", "ccas-reze renommée\n"]
    essaim("organisation", "revoke", "ccas-reze")
    assert "rétablie" in essaim("organisation", "add", "ccas-reze", "CCAS de Rezé").output


def test_a_dead_letter_that_is_none_is_named(dsn: str) -> None:
    async def put() -> int:
        async with opened(dsn, "ingest") as pool:
            found: int = await pool.fetchval(
                "INSERT INTO dead_letters (topic, partition, record_offset, record_timestamp, reason)"
                " VALUES ('matches', 0, 0, 0, 'test') RETURNING id"
            )
            return found

    known = run_apart(put())
    done = essaim("replay", "ingest", "--id", str(known), "--id", "999")
    assert done.exit_code == 1
    assert "1\u00a0message à reprendre par ingest" in done.output
    assert "aucune lettre morte de ingest n'a l'identifiant 999" in done.output


def test_a_table_that_does_not_say_what_it_holds_is_asked_by_the_option(dsn: str, tmp_path: Path) -> None:
    essaim("organisation", "add", "ccas-reze", "CCAS")
    (tmp_path / "a.csv").write_text("title;summary\na;b\n", encoding="utf-8")
    done = essaim("import", str(tmp_path / "a.csv"), "--organisation", "ccas-reze")
    assert "--type project, commitment ou fund" in done.output
