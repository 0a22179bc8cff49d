"""What a published entity tells of its submission is what was submitted."""

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.intake.known import reference_known
from services.ingest.intake.publication import Concluded, published_commitment, published_project
from services.ingest.intake.reading_back import as_submitted
from shared.events.shapes import Commitment, Project
from tests.factories import a_commitment, a_project, a_territory

FINANCIAL = Concluded(("mecenat-financier",), 5_000, 0)
IN_KIND = Concluded(("mecenat-nature",), 12_000, 0)


@given(st.lists(st.integers(0, 9_000), max_size=3))
def test_a_commitment_gets_back_what_matches_took_below_its_total(amounts: list[int]) -> None:
    submitted = a_commitment(total_eur=40_000, committed_eur=3_000)
    concluded = [Concluded(("mecenat-nature",), amount, 0) for amount in amounts]
    assert as_submitted(published_commitment(submitted, concluded), concluded, None) == submitted


def test_a_project_gets_back_the_needs_and_the_amount_that_matches_served() -> None:
    submitted = a_project(amount_secured_eur=1_000)
    for concluded in ([], [FINANCIAL], [FINANCIAL, FINANCIAL]):
        published = published_project(submitted, concluded, reference_known())
        assert as_submitted(published, concluded, None) == submitted


def test_a_need_that_was_served_whole_comes_back_with_its_amount() -> None:
    published = published_project(a_project(), [IN_KIND], reference_known())
    assert [need.kind for need in published.needs] == ["mecenat-financier"]
    read_back = as_submitted(published, [IN_KIND], None)
    assert isinstance(read_back, Project)
    assert {need.kind: need.amount_eur for need in read_back.needs} == {
        "mecenat-financier": 20_000,
        "mecenat-nature": 12_000,
    }


def test_the_name_of_an_individual_comes_from_an_earlier_submission_of_the_same_owner() -> None:
    owner = a_project().owner.model_dump() | {
        "name": "Léa Martin",
        "legal_form": "entreprise-individuelle",
        "siren": "123456782",
    }
    submitted = a_project(owner=owner)
    published = published_project(submitted, [], reference_known())
    before = submitted.model_dump(mode="json")
    assert as_submitted(published, [], before) == submitted
    assert as_submitted(published, [], None) == published
    assert as_submitted(published, [], {**before, "owner": {**before["owner"], "owner_id": "other"}}) == published


def test_a_commitment_without_amounts_and_a_territory_stay_as_published() -> None:
    silent = a_commitment(total_eur=None, committed_eur=None)
    read_back = as_submitted(silent, [IN_KIND], None)
    assert isinstance(read_back, Commitment)
    assert read_back.committed_eur is None
    assert as_submitted(a_territory(), [], None) == a_territory()
