"""Migrations are applied once and in order; history that was edited is refused."""

from pathlib import Path

import pytest

from shared import migrations
from shared.migrations import Migration, RefusedHistory, check_history, migrations_of

FIRST = Migration("shared", "0001_stream.sql", "CREATE TABLE a ()")
SECOND = Migration("shared", "0002_more.sql", "CREATE TABLE b ()")
OWN = Migration("ingest", "0001_submissions.sql", "CREATE TABLE c ()")


def as_applied(*applied: Migration) -> dict[tuple[str, str], str]:
    """What the database remembers."""
    return {(migration.origin, migration.name): migration.checksum for migration in applied}


def test_what_was_not_applied_is_waiting_in_order() -> None:
    assert check_history([FIRST, SECOND, OWN], as_applied(FIRST)) == [SECOND, OWN]


def test_nothing_waits_when_all_was_applied() -> None:
    assert check_history([FIRST, OWN], as_applied(FIRST, OWN)) == []


def test_an_edited_file_is_refused() -> None:
    edited = Migration(FIRST.origin, FIRST.name, FIRST.sql + ";")
    with pytest.raises(RefusedHistory, match=r"shared/0001_stream.sql was edited"):
        check_history([edited], as_applied(FIRST))


def test_a_file_that_is_gone_is_refused() -> None:
    with pytest.raises(RefusedHistory, match="is not in this version"):
        check_history([FIRST], as_applied(FIRST, SECOND))


def test_a_file_before_one_applied_is_refused() -> None:
    with pytest.raises(RefusedHistory, match="renumber"):
        check_history([FIRST, SECOND], as_applied(SECOND))


def test_a_repeated_number_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("0001_a.sql", "0001_b.sql"):
        (tmp_path / name).write_text("SELECT 1", "utf-8")
    monkeypatch.setattr(migrations, "SHARED", tmp_path)
    with pytest.raises(RefusedHistory, match="the same number"):
        migrations_of("nobody")


@pytest.mark.parametrize("service", ["ingest", "matcher", "notifier", "console"])
def test_the_shared_tables_come_first(service: str) -> None:
    assert migrations_of(service)[0].name == "0001_stream.sql"
