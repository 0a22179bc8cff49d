"""Words become plain terms: spellings of one word meet, different words stay apart."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.reference.samples import sample_projects
from shared.text.folding import fold
from shared.text.terms import shown, spelt, terms

SUMMARIES = [project["summary"] for project in sample_projects()]


def words_of(text: str) -> dict[str, str]:
    return shown(spelt(text))


texts = st.one_of(st.text(max_size=200), st.sampled_from(SUMMARIES))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("maraîchage", "MARAICHAGE"),
        ("vélo", "vélos"),
        ("Une épicerie solidaire", "les épiceries solidaires"),
        ("l'énergie", "énergies"),
        ("d’insertion", "insertion"),
        ("jusqu'aux aînés", "aîné"),
        ("tiers-lieu", "tiers lieux"),
        ("co-construire", "coconstruire"),
        ("réemploi", "ré-emploi"),
        ("partagée", "partages"),
        ("mobilité", "mobilités"),
        ("mobilite", "mobilité"),
        ("cœur", "coeurs"),
        ("bijoux", "bijou"),
        ("locaux", "local"),
        ("repas", "REPAS"),
        ("épi\u2060cerie", "épicerie"),
        ("ca\u200dfé\ufeff", "café"),
        ("𝐜𝐚𝐟𝐨𝐮𝐭𝐜𝐡𝐞", "cafoutche"),
    ],
)
def test_spellings_of_one_word_give_the_same_terms(a: str, b: str) -> None:
    assert terms(a) == terms(b) != []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Le, la, les !",
        "aujourd'hui",
        "2026",
        "20 000 €",
        "3e",
        "à",
        "%",
        "qu'il n'y a",
        "k" * 41,
        "exemple.com/a.php",
    ],
)
def test_what_says_nothing_gives_no_term(text: str) -> None:
    assert terms(text) == []


def test_different_words_stay_apart() -> None:
    assert len(set(terms("vélo emploi numérique logement cantine forêt musique"))) == 7


def test_terms_keep_their_order_and_repeats() -> None:
    found = terms("Des vélos, encore des vélos, puis un atelier")
    assert found == [*terms("vélo vélo"), *terms("atelier")]


@settings(deadline=None)
@given(texts)
def test_terms_are_plain_letters_and_deterministic(text: str) -> None:
    found = terms(text)
    assert found == terms(text)
    assert all(term.isascii() and term.isalpha() and term == fold(term) for term in found)


@settings(deadline=None)
@given(texts)
def test_every_term_has_a_word_to_show(text: str) -> None:
    words = words_of(text)
    assert set(words) == set(terms(text))
    assert all(terms(word) == [term] for term, word in words.items())


def test_the_word_shown_is_the_one_most_written() -> None:
    assert words_of("Maraîchage, maraîchage et maraîchages : le MARAÎCHAGE")[terms("maraîchage")[0]] == "maraîchage"
    assert set(words_of("des vélos et un vélo").values()) == {"vélo"}


@settings(deadline=None)
@given(st.sampled_from(SUMMARIES), st.randoms(use_true_random=False))
def test_the_words_shown_do_not_depend_on_order(text: str, chance: random.Random) -> None:
    words = text.split()
    chance.shuffle(words)
    assert words_of(" ".join(words)) == words_of(text)


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
