"""Twins are told apart by organisation, kind, place, period and title alone; the smallest id stays, in any order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.intake import marked, twin_key
from tests.factories import a_commitment, a_fund, a_project, a_territory

COMPANY = {"company_id": "ent-1", "name": "Entreprise 1"}


@pytest.mark.parametrize(
    ("changes", "is_twin"),
    [
        ({"commitment_id": "eng-z"}, True),
        ({"title": "DÉS  quais vides LA nuit "}, True),
        ({"description": "Un autre texte.", "total_eur": 5_000, "per_project_eur": None, "stages": []}, True),
        ({"company": {**COMPANY, "name": "Autre nom"}}, True),
        ({"title": "Des quais vides le jour"}, False),
        ({"kind": "partenariat"}, False),
        ({"perimeter": [{"level": "commune", "code": "44109"}]}, False),
        ({"opens_on": "2026-09-02"}, False),
        ({"closes_on": None}, False),
        ({"company": {"company_id": "ent-2", "name": "Entreprise 1"}}, False),
    ],
)
def test_twins_of_a_commitment(changes: dict[str, Any], is_twin: bool) -> None:
    one = a_commitment(company=COMPANY)
    other = a_commitment(**{"company": COMPANY, **changes})
    assert (twin_key(one) == twin_key(other)) is is_twin


def test_organisation_is_its_siren_before_its_id() -> None:
    one = a_commitment(company={"company_id": "ent-1", "name": "A", "siren": "732829320"})
    other = a_commitment(company={"company_id": "ent-2", "name": "B", "siren": "732829320"})
    assert twin_key(one) == twin_key(other)


def test_projects_default_to_their_commune_and_ignore_their_needs() -> None:
    owner = {"owner_id": "por-1", "name": "P", "legal_form": "association"}
    one = a_project("prj-1", owner=owner)
    other = a_project("prj-2", owner=owner, perimeter=[{"level": "commune", "code": "44143"}], needs=[])
    elsewhere = a_project("prj-3", owner=owner, commune="44109")
    assert twin_key(one) == twin_key(other) != twin_key(elsewhere)


@pytest.mark.parametrize("status", ["suspendu", "clos", "retire"])
def test_what_is_not_active_is_no_twin(status: str) -> None:
    assert twin_key(a_commitment(status=status)) is None


def test_territories_and_funds_of_unknown_operators_have_no_twins() -> None:
    assert twin_key(a_territory()) is None
    assert twin_key(a_fund(operator=None)) is None
    assert twin_key(a_fund("a")) == twin_key(a_fund("b", operator="BANQUE  solidaire"))


@given(st.permutations([f"eng-{number}" for number in range(6)]))
def test_smallest_id_stays_in_any_order(ids: list[str]) -> None:
    twins = [a_commitment(commitment_id, company=COMPANY) for commitment_id in ids]
    alone = a_commitment("eng-alone")
    result = {each.commitment_id: each.duplicate_of for each in marked([*twins, alone])}
    assert result == {**dict.fromkeys(ids, "eng-0"), "eng-0": None, "eng-alone": None}
