"""Words that mean the same count as one, and stand under a word of the taxonomy."""

import pytest

from services.matcher.learning.synonyms import groups, synonyms
from shared.reference.geography import load_geography
from shared.reference.taxonomy import load_taxonomy
from shared.text.model import load_text_model
from shared.text.terms import terms
from shared.text.vectors import TextModel, shared_terms, similarity_millionths

MODEL = load_text_model()


def test_each_group_stands_under_a_keyword_of_the_taxonomy() -> None:
    """Issue 5, item 2: « synonyms of the domain from the taxonomy »."""
    categories = load_taxonomy().categories.values()
    words = {word for category in categories for keyword in category.keywords for word in keyword.split()}
    assert groups().keys() - words == set()
    assert len(groups()) > 40


def test_no_word_is_in_two_groups() -> None:
    """Else what counts as what would hang on the order of the file."""
    heads = {term for word in groups() for term in terms(word)}
    assert len(heads) == len(groups())
    assert heads & synonyms().keys() == set()
    assert set(synonyms().values()) == heads


def test_no_synonym_is_the_name_of_a_place() -> None:
    """« Dans l'Ain » says nothing of « aînés », though both have one stem."""
    geography = load_geography()
    places = {unit for level in ("departement", "region") for unit in geography.units(level)}
    assert {term for unit in places for term in terms(geography.name(unit))} & synonyms().keys() == set()


@pytest.mark.parametrize(
    ("a", "b", "word"),
    [
        ("Réparer des bicyclettes", "Un atelier pour les vélos", "vélo"),
        ("Une ressourcerie", "La recyclerie du quartier", "recyclerie"),
        ("Un papy raconte", "Des séniors", "sénior"),
        ("Contre la fracture digitale", "Médiation numérique", "numérique"),
        ("Les chômeuses", "Le chômage", "chômage"),
    ],
)
def test_words_that_mean_the_same_count_as_one(a: str, b: str, word: str) -> None:
    """And are shown by the word of the taxonomy; a model that has no synonyms keeps them apart."""
    here, there = MODEL.vectorise(a), MODEL.vectorise(b)
    assert shared_terms(here, there) == (word,)
    assert similarity_millionths(here, there) > 0
    without = TextModel(MODEL.vocabulary, MODEL.idf, MODEL.words, "sans", MODEL.unknown)
    assert similarity_millionths(without.vectorise(a), without.vectorise(b)) == 0


def test_a_word_said_in_two_ways_is_said_twice() -> None:
    twice, both = MODEL.vectorise("vélo vélo"), MODEL.vectorise("vélo bicyclette")
    assert (twice.indices.tolist(), twice.weights.tolist()) == (both.indices.tolist(), both.weights.tolist())
