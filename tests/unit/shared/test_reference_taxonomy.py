"""The taxonomy is bounded and symmetric, speaks both languages, and refuses what it does not know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reference.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy()

categories = st.sampled_from(sorted(TAXONOMY.categories))


@given(categories, categories)
def test_nearness_is_symmetric_and_bounded(a: str, b: str) -> None:
    assert TAXONOMY.nearness(a, b) == TAXONOMY.nearness(b, a)
    assert 0 <= TAXONOMY.nearness(a, b) <= 1
    assert (TAXONOMY.nearness(a, b) == 1) == (a == b)


def test_nearness_is_what_the_taxonomy_states() -> None:
    assert TAXONOMY.nearness("environnement", "economie-circulaire") == 0.6
    assert TAXONOMY.nearness("environnement", "numerique") == 0


def test_nearness_of_an_unknown_category_is_refused() -> None:
    with pytest.raises(KeyError):
        TAXONOMY.nearness("alimentation", "sport")
    with pytest.raises(KeyError):
        TAXONOMY.nearness("sport", "sport")


@pytest.mark.parametrize(
    ("enumeration", "id", "french", "english"),
    [
        ("stages", "idee", "Idée", "Idea"),
        ("categories", "alimentation", "Alimentation", "Food"),
        ("reasons", "geo-voisin", "Territoire voisin", "Territoire voisin"),
    ],
)
def test_labels_speak_both_languages_where_the_source_does(
    enumeration: str, id: str, french: str, english: str
) -> None:
    assert TAXONOMY.label(enumeration, id) == french
    assert TAXONOMY.label(enumeration, id, "en") == english


def test_an_unknown_enumeration_is_refused() -> None:
    with pytest.raises(KeyError):
        TAXONOMY.label("near", "idee")


def test_local_law_associations_count_as_associations() -> None:
    assert TAXONOMY.form_counts_as("association-droit-local") == ("association-droit-local", "association")
    assert TAXONOMY.form_counts_as("scop") == ("scop",)


def test_accreditations_are_apart_from_forms() -> None:
    assert TAXONOMY.forms(accreditation=True) == ("esus", "societe-mission")
    assert "association" in TAXONOMY.forms(accreditation=False)
    assert not set(TAXONOMY.forms(accreditation=True)) & set(TAXONOMY.forms(accreditation=False))


def test_stages_and_levels_are_ranked_in_their_order() -> None:
    for ranked in (TAXONOMY.stages, TAXONOMY.levels):
        assert [entry.rank for entry in ranked.values()] == list(range(1, 7))


def test_fund_kinds_tell_what_is_money() -> None:
    money = {id for id, kind in TAXONOMY.fund_kinds.items() if kind.money}
    assert money == {"amorcage", "changement-echelle", "pret", "subvention", "garantie"}


def test_references_inside_the_taxonomy_exist() -> None:
    for category in TAXONOMY.categories.values():
        assert set(category.near_categories) <= set(TAXONOMY.categories)
    for barrier in TAXONOMY.barrier_kinds.values():
        assert set(barrier.channels) <= set(TAXONOMY.barrier_channels)
    for actor in TAXONOMY.actor_types.values():
        assert set(actor.families) <= set(TAXONOMY.actor_families)
