"""`essaim rank` and `essaim classify`: what they print, and what they say of files they cannot read."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from shared.reference.samples import funds, sample_commitments, sample_projects

DAY = "2026-12-01"


def _write(path: Path, records: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The options that name three files of the samples."""
    return [
        "--projects",
        _write(tmp_path / "p.jsonl", list(sample_projects())[:6]),
        "--commitments",
        _write(tmp_path / "c.jsonl", list(sample_commitments())[:60]),
        "--funds",
        _write(tmp_path / "f.jsonl", list(funds())),
    ]


def _lines(arguments: list[str]) -> list[dict[str, object]]:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_each_line_names_a_fit_whose_shares_add_up_to_its_score(files: list[str]) -> None:
    lines = _lines(["rank", *files, "--on", DAY])
    assert lines
    for line in lines:
        assert set(line) == {"for", "candidate", "candidate_type", "rank", "score", "reasons"}
        assert sum(round(reason["share"] * 1_000_000) for reason in line["reasons"]) == round(line["score"] * 1_000_000)  # type: ignore[attr-defined]


def test_ranks_start_at_one_and_scores_never_rise(files: list[str]) -> None:
    lines = _lines(["rank", *files, "--on", DAY, "--top", "5"])
    by_party: dict[object, list[dict[str, object]]] = {}
    for line in lines:
        by_party.setdefault(line["for"], []).append(line)
    for found in by_party.values():
        assert [line["rank"] for line in found] == list(range(1, len(found) + 1))
        assert len(found) <= 5
        scores = [line["score"] for line in found]
        assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]


def test_offers_can_be_ranked_for(files: list[str]) -> None:
    lines = _lines(["rank", *files, "--on", DAY, "--for", "offer"])
    assert {line["candidate_type"] for line in lines} == {"project"}


def test_refusals_are_all_given_with_their_codes(files: list[str]) -> None:
    lines = _lines(["rank", *files, "--on", DAY, "--refused"])
    refused = [line for line in lines if "refusals" in line]
    assert refused
    assert all(line["refusals"] for line in refused)
    fits = {(line["for"], line["candidate"]) for line in lines if "rank" in line}
    assert not fits & {(line["for"], line["candidate"]) for line in refused}


def test_the_order_of_files_changes_nothing(files: list[str], tmp_path: Path) -> None:
    turned = [*files[:1], _write(tmp_path / "p2.jsonl", list(sample_projects())[:6][::-1]), *files[2:]]
    key = lambda line: (str(line["for"]), line["rank"])  # noqa: E731 - a sort key
    first, second = (sorted(_lines(["rank", *each, "--on", DAY]), key=key) for each in (files, turned))
    assert first == second


def test_a_file_with_a_fault_is_refused_with_line_field_and_remedy(files: list[str], tmp_path: Path) -> None:
    broken = {**next(iter(sample_projects())), "stage": "naissance"}
    bad = [*files[:1], _write(tmp_path / "bad.jsonl", [broken]), *files[2:]]
    result = CliRunner().invoke(app, ["rank", *bad, "--on", DAY])
    assert result.exit_code == 1
    assert "bad.jsonl:1: stage:" in result.output


def test_a_day_that_is_none_is_said(files: list[str]) -> None:
    result = CliRunner().invoke(app, ["rank", *files, "--on", "demain"])
    assert result.exit_code == 1
    assert "2026-12-01" in result.output


def test_classify_gives_a_line_per_text() -> None:
    text = json.dumps({"id": "a", "text": "Une épicerie solidaire en circuit court avec des maraîchers"})
    result = CliRunner().invoke(app, ["classify"], input=text + "\n")
    assert result.exit_code == 0, result.output
    line = json.loads(result.output)
    assert line["id"] == "a"
    assert line["categories"][0]["id"] == "alimentation"
    assert set(line) == {"id", "categories", "stage", "needs"}


@pytest.mark.parametrize("bad", ['{"id": "b"}', "bonjour", '{"id": "b\\ud800", "text": "x"}', "[" * 100_000])
def test_classify_says_which_line_it_cannot_read(bad: str) -> None:
    result = CliRunner().invoke(app, ["classify"], input=f'{{"id": "a", "text": "x"}}\n{bad}\n')
    assert result.exit_code == 1
    assert json.loads(result.stdout)["id"] == "a"
    assert result.stderr.startswith("ligne 2 : ")


def test_replay_names_the_services_there_are() -> None:
    result = CliRunner().invoke(app, ["replay", "truc"])
    assert result.exit_code == 2
    assert "matcher" in result.output
