"""The help of `essaim` and what it lists are for people who read French."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.cli.accounts import show_table

ENGLISH = ("Show this message", "[required]", "[default", "Commands", "COMMAND ")


@pytest.mark.parametrize("words", [[], ["import"], ["rank"], ["restored"], ["key"], ["key", "add"], ["key", "list"]])
def test_help_is_in_french(words: list[str]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    assert "Montre cette aide" in result.output
    assert [found for found in ENGLISH if found in result.output] == []


def test_rows_are_shown_as_a_table_with_french_headings(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    show_table([{"organisation_id": "a", "name": "[A]", "created_at": at, "revoked_at": None}])
    shown = capsys.readouterr().out
    assert "Organisation" in shown
    assert "[A]" in shown
    assert "01/12/2026" in shown
