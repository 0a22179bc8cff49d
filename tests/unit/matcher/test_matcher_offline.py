"""What `essaim rank` and `essaim classify` print, on the samples."""

import json
from datetime import date
from typing import Any

import pytest

from benchmarks.quality.samples import DAYS, challenges_first
from services.matcher.offline import classify, rank
from shared.events.shapes import Commitment, Fund, Project
from shared.reference.samples import SAMPLE_DAY, funds, sample_commitments, sample_projects
from tests.factories import a_commitment, a_fund, a_project

DAY = date(2026, 12, 1)
PROJECTS = [Project.model_validate(record) for record in sample_projects()]
COMMITMENTS = [Commitment.model_validate(record) for record in sample_commitments()]
FUNDS = [Fund.model_validate(record) for record in funds()]


def ranked(**options: Any) -> list[dict[str, Any]]:
    return list(rank(PROJECTS, COMMITMENTS, FUNDS, **{"on": SAMPLE_DAY, **options}))


def test_a_line_says_who_for_whom_at_which_rank_and_why() -> None:
    line, *rest = rank([a_project()], [a_commitment()], [], on=DAY)
    assert rest == []
    assert list(line) == ["for", "candidate", "candidate_type", "rank", "score", "reasons"]
    assert [line["for"], line["candidate"], line["candidate_type"], line["rank"]] == ["prj-a", "eng-a", "commitment", 1]
    where = next(reason for reason in line["reasons"] if reason["code"] == "geo-contenu")
    assert (list(where), where["unit"]) == (["code", "share", "unit"], {"level": "epci", "code": "244400404"})
    assert {"code": "engagement-recherche", "share": 0, "kind": "mecenat-nature"} in line["reasons"]
    assert json.loads(json.dumps(line)) == line


def test_the_other_direction_ranks_projects() -> None:
    (line,) = rank([a_project()], [a_commitment()], [], on=DAY, direction="offer")
    assert [line["for"], line["candidate"], line["candidate_type"]] == ["eng-a", "prj-a", "project"]


def test_refused_candidates_follow_with_every_code() -> None:
    offers = [a_commitment("eng-b", status="clos"), a_commitment("eng-a", stages=["idee"], status="suspendu")]
    assert list(rank([a_project()], offers, [], on=DAY, refused=True)) == [
        {"for": "prj-a", "candidate": "eng-a", "refusals": ["suspendu", "stade-non-admis"]},
        {"for": "prj-a", "candidate": "eng-b", "refusals": ["clos"]},
    ]
    assert list(rank([a_project()], offers, [], on=DAY)) == []


def test_context_funds_are_neither_ranked_nor_refused() -> None:
    context = [
        a_fund("no-kind", kinds=[]),
        a_fund("collective", recipients=["collectif"]),
        a_fund("whole"),
        a_fund("part", part_of="whole"),
    ]
    lines = list(rank([a_project()], [], context, on=DAY, refused=True))
    assert [line["candidate"] for line in lines] == ["part"]
    assert [line["for"] for line in rank([a_project()], [], context, on=DAY, direction="offer", refused=True)] == [
        "part"
    ]


def test_both_directions_tell_the_same_fits() -> None:
    for_projects = {(line["for"], line["candidate"], line["score"]) for line in ranked(top=1_000)}
    for_offers = {(line["candidate"], line["for"], line["score"]) for line in ranked(top=1_000, direction="offer")}
    assert for_projects == for_offers
    assert len(for_projects) > 300


def test_top_keeps_the_first_ranks() -> None:
    lines = ranked(top=2)
    assert lines == [line for line in ranked(top=1_000) if line["rank"] <= 2]


@pytest.mark.parametrize("day", DAYS)
def test_a_commitment_that_names_a_challenge_has_a_project_of_it_first(day: date) -> None:
    counted = challenges_first(day)
    assert counted["eligible"] >= 20
    assert counted["first"] == 1


def test_the_words_for_scores_mean_something_on_the_samples() -> None:
    lines = [line for line in ranked(top=1_000) if line["candidate_type"] == "commitment"]
    codes = [({reason["code"] for reason in line["reasons"]}, line["score"]) for line in lines]
    strong = [found for found, score in codes if score >= 0.75]
    good = [found for found, score in codes if 0.5 <= score < 0.75]
    assert len(strong) >= 15
    assert len(good) >= 5
    assert all("defi-identique" in found and "theme-principal" in found for found in strong)
    assert all(found & {"theme-principal", "theme-secondaire"} for found in good)
    assert all(found & {"defi-identique", "objet-commun", "montant-compatible", "montant-partiel"} for found in good)
    assert all(score < 0.5 for found, score in codes if "geo-national" in found and "objet-commun" not in found)


def test_classify_says_categories_stage_and_needs() -> None:
    text = "Une conserverie solidaire transforme les invendus des maraîchers pour les cantines."
    first, second = classify([{"id": "a", "text": text}, {"id": 2, "text": ""}])
    assert list(first) == ["id", "categories", "stage", "needs"]
    assert first["categories"][0]["id"] == "alimentation"
    assert 0 < first["categories"][0]["score"] <= 1
    assert second == {"id": 2, "categories": [], "stage": None, "needs": []}


@pytest.mark.parametrize("line", [{"id": "a"}, {"text": "b"}, {"id": "a", "text": None}])
def test_classify_names_the_line_it_cannot_read(line: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="ligne 2"):
        list(classify([{"id": "a", "text": "b"}, line]))
