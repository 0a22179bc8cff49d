"""Whatever a command cannot do, it says in one French sentence with the remedy."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from services.cli import app

ENGLISH = re.compile(r"\b(error|usage|missing|invalid|option|try|does|not|trying|value|input)\b", re.IGNORECASE)
AWAY = {"INGEST_DATABASE_URL": "postgresql://a:b@127.0.0.1:1/essaim"}

MISTYPED: list[tuple[list[str], str, int]] = [
    (["classer"], "il y a : demo, replay", 2),
    (["rank"], "il manque --projects ; voyez essaim rank --help", 2),
    (["rank", "--pour", "x"], "l'option --pour n'existe pas", 2),
    (["import", "absent.csv", "--organisation", "a"], "« absent.csv » n'est pas un fichier", 2),
    (["import"], "il manque l'argument « files »", 2),
    (["demo", "--pace", "vite"], "cette valeur ne convient pas à --pace", 2),
    (["replay", "truc"], "(possibles : ingest, matcher, notifier, console)", 2),
    (["replay", "ingest", "--id", "9" * 20], "cette valeur ne convient pas à --id", 2),
    (["replay", "matcher", "--topic", "rien"], "matcher ne lit pas le sujet « rien » ; il lit : projects, answers", 2),
    (["key", "prendre"], "il y a : add, list, revoke ; voyez essaim key --help", 2),
    (["classify", "x"], "voyez essaim classify --help", 2),
]


def said(arguments: list[str], env: dict[str, str | None] | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, env=env)
    assert result.stdout == ""
    return result.exit_code, result.stderr.strip()


@pytest.mark.parametrize(("arguments", "sentence", "code"), MISTYPED)
def test_what_is_mistyped_is_said_in_one_french_line(arguments: list[str], sentence: str, code: int) -> None:
    exit_code, line = said(arguments)
    assert exit_code == code
    assert sentence in line
    assert "\n" not in line
    assert not ENGLISH.search(line.replace("l'option", ""))


@pytest.mark.parametrize(
    "arguments",
    [
        ["organisation", "list"],
        ["key", "revoke", "abcd"],
        ["coordinator", "add", "nantes-metropole", "a@example.org"],
        ["import", __file__, "--organisation", "a"],
    ],
)
def test_an_absent_database_is_one_sentence_with_the_variable(arguments: list[str]) -> None:
    where = urlsplit(AWAY["INGEST_DATABASE_URL"]).netloc.rpartition("@")[2]
    line = f"PostgreSQL ne répond pas sur {where} : démarrez-le, ou corrigez INGEST_DATABASE_URL"
    assert said(arguments, {**AWAY}) == (1, line)


def test_an_address_that_is_none_is_said() -> None:
    code, line = said(["organisation", "list"], {"INGEST_DATABASE_URL": "nimporte quoi"})
    assert (code, line.splitlines()) == (
        1,
        ["INGEST_DATABASE_URL n'est pas une adresse de PostgreSQL : postgresql://nom:mot-de-passe@hôte:port/base"],
    )


def test_without_any_database_the_demonstration_is_named(tmp_path: Path) -> None:
    code, line = said(["organisation", "list"], {"INGEST_DATABASE_URL": None, "ESSAIM_HOME": str(tmp_path)})
    assert code == 1
    assert line == "aucune démonstration n'a été lancée ici : lancez « make demo », ou définissez INGEST_DATABASE_URL"
