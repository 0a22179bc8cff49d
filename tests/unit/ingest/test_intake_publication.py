"""What is published of a submission: what remains, and no individual's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.intake import reference_known
from services.ingest.intake.publication import Concluded, published_commitment, published_project
from shared.events.shapes import Project
from tests.factories import a_commitment, a_project

GIFT = ("mecenat-financier",)


def published(project: Project, *concluded: Concluded) -> Project:
    return published_project(project, concluded, reference_known())


@pytest.mark.parametrize("legal_form", ["entreprise-individuelle", "collectif-informel"])
def test_individual_is_named_by_the_place(legal_form: str) -> None:
    owner = {"owner_id": "por-i", "name": "Camille Martin", "legal_form": legal_form, "siren": "732829320"}
    project = published(a_project(owner=owner))
    assert project.owner.name == "Porteur individuel, Rezé"
    assert "Camille" not in project.model_dump_json()
    assert project.owner.siren is None
    assert project.owner.owner_id == "por-i"


def test_association_keeps_its_name() -> None:
    assert published(a_project()) == a_project()


def test_partly_served_need_is_what_remains() -> None:
    project = published(a_project(), Concluded(GIFT, 5_000, 0))
    assert {need.kind: need.amount_eur for need in project.needs} == {
        "mecenat-nature": 12_000,
        "mecenat-financier": 15_000,
    }
    assert (project.amount_sought_eur, project.amount_secured_eur) == (15_000, 5_000)


def test_need_with_days_left_stays_when_its_euros_are_served() -> None:
    needs = [{"kind": "mecenat-competences", "amount_eur": 1_000, "days": 5}, {"kind": "partenariat"}]
    project = published(a_project(needs=needs), Concluded(("mecenat-competences", "partenariat"), 1_000, 2))
    assert [(need.kind, need.amount_eur, need.days) for need in project.needs] == [
        ("mecenat-competences", None, 3),
        ("partenariat", None, None),
    ]


def test_advice_brings_no_money() -> None:
    project = published(a_project(), Concluded(("ingenierie",), 3_000, 0))
    assert (project.amount_sought_eur, project.amount_secured_eur) == (20_000, None)


@given(st.lists(st.integers(0, 9_000), max_size=6))
def test_what_is_committed_grows_by_what_was_concluded_up_to_the_total(amounts: list[int]) -> None:
    commitment = published_commitment(a_commitment(committed_eur=4_000), [Concluded(GIFT, eur, 0) for eur in amounts])
    assert commitment.committed_eur == min(24_000, 4_000 + sum(amounts))


@given(st.lists(st.integers(0, 9_000), max_size=6), st.randoms())
def test_order_of_conclusions_changes_nothing(amounts: list[int], random: object) -> None:
    concluded = [Concluded(GIFT, eur, eur % 7) for eur in amounts]
    shuffled = sorted(concluded, key=lambda _each: random.random())  # type: ignore[attr-defined]
    assert published(a_project(), *concluded) == published(a_project(), *shuffled)


def test_nothing_committed_stays_unknown() -> None:
    commitment = a_commitment(committed_eur=None, total_eur=None, per_project_eur=None)
    assert published_commitment(commitment, []) == commitment
    assert published_commitment(commitment, [Concluded(GIFT, 10, 0)]).committed_eur == 10
