"""Similarity of texts is exact whole-number arithmetic: symmetric, bounded, whatever the order of words."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.reference.samples import sample_commitments, sample_projects
from shared.text.terms import shown, spelt, terms
from shared.text.vectors import (
    MAX_TERMS,
    UNKNOWN,
    TextModel,
    cosine_millionths,
    pack,
    shared_terms,
    similarity_millionths,
)

SUMMARIES = [project["summary"] for project in sample_projects()]
TEXTS = [*SUMMARIES, *(commitment["description"] for commitment in sample_commitments())]


def model_of(texts: list[str]) -> TextModel:
    found = [set(terms(text)) for text in texts]
    counts = {term: sum(term in said for said in found) for term in set().union(*found)}
    words: dict[str, str] = {}
    for text in texts:
        words.update(shown(spelt(text)))
    idf = {term: math.log((1 + len(texts)) / (1 + count)) + 1 for term, count in counts.items()}
    return TextModel.quantised(idf, words, "épreuve-1", unknown=math.log(1 + len(texts)) + 1, synonyms=SAME)


SAME = {"bicyclet": "velo"}
MODEL = model_of(TEXTS)
DROPPING = TextModel.quantised({"velo": 2.0, "jardin": 3.0}, {"velo": "vélo"}, "épreuve-0")
"""A model as they were before unknown terms counted."""
texts = st.sampled_from([*TEXTS, "", "Rien de connu : xyzzy"])


@settings(deadline=None)
@given(texts, texts)
def test_similarity_is_symmetric_and_bounded(a: str, b: str) -> None:
    here, there = MODEL.vectorise(a), MODEL.vectorise(b)
    assert similarity_millionths(here, there) == similarity_millionths(there, here)
    assert 0 <= similarity_millionths(here, there) <= 1_000_000


@settings(deadline=None)
@given(st.sampled_from(TEXTS))
def test_identical_texts_are_wholly_alike(text: str) -> None:
    assert similarity_millionths(MODEL.vectorise(text), MODEL.vectorise(text)) == 1_000_000


@settings(deadline=None)
@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.randoms(use_true_random=False))
def test_the_order_of_words_changes_nothing(a: str, b: str, chance: random.Random) -> None:
    words = a.split()
    chance.shuffle(words)
    straight, shuffled, other = MODEL.vectorise(a), MODEL.vectorise(" ".join(words)), MODEL.vectorise(b)
    assert straight.indices.tolist() == shuffled.indices.tolist()
    assert straight.weights.tolist() == shuffled.weights.tolist()
    assert similarity_millionths(shuffled, other) == similarity_millionths(straight, other)
    assert shared_terms(shuffled, other) == shared_terms(straight, other)


@settings(deadline=None)
@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS))
def test_similarity_is_the_cosine_within_the_rounding_of_norms(a: str, b: str) -> None:
    here, there = MODEL.vectorise(a), MODEL.vectorise(b)
    dense = [np.zeros(len(MODEL.vocabulary)) for _ in range(2)]  # of these texts no term is unknown
    for row, vector in zip(dense, (here, there), strict=True):
        row[vector.indices] = vector.weights
    cosine = float(dense[0] @ dense[1] / (np.linalg.norm(dense[0]) * np.linalg.norm(dense[1])))
    assert similarity_millionths(here, there) == pytest.approx(1_000_000 * cosine, abs=1_000)


@pytest.mark.parametrize(
    "text", ["", "de la, 2026 !", "ab cd xy", "https://www.a1.fr/", "exemple.com/page.php", "prenom.nom@exemple.org"]
)
def test_texts_without_a_term_are_like_nothing(text: str) -> None:
    """Neither digits nor scraps of one or two letters become rare terms, nor what an address is made of."""
    nothing = MODEL.vectorise(text)
    assert len(nothing) == 0
    assert similarity_millionths(nothing, nothing) == 0
    assert similarity_millionths(nothing, MODEL.vectorise(TEXTS[0])) == 0
    assert shared_terms(nothing, MODEL.vectorise(TEXTS[0])) == ()


def test_a_term_that_the_model_does_not_know_counts_as_a_rare_one() -> None:
    """Issue 5, item 6: words of new offers count before a model with them is made, and are shown as written."""
    here, there = MODEL.vectorise("Des zythologues à vélo"), MODEL.vectorise("Le vélo du zythologue : zythologue !")
    assert shared_terms(here, there) == ("zythologues", "vélos")
    assert shared_terms(there, here) == ("zythologue", "vélos")
    assert similarity_millionths(here, there) > similarity_millionths(here, MODEL.vectorise("Le vélo du vélocipédiste"))
    assert int(here.weights.max()) == int(here.weights[-1]) == 16 * round(64 * (math.log(1 + len(TEXTS)) + 1))


def test_unknown_terms_have_the_same_id_wherever_they_are_read() -> None:
    """Every process, machine and version must agree to the bit: 46 bits of a BLAKE2b digest, above any vocabulary."""
    assert MODEL.id_of("zytholog") == 81_426_250_739_766
    assert MODEL.id_of("zy") is None
    assert MODEL.id_of("velo") == MODEL.vocabulary["velo"] < UNKNOWN
    assert DROPPING.id_of("zytholog") is None


def test_ties_between_unknown_terms_go_by_the_letters_of_their_words() -> None:
    said = "zythologue abracadabrantesque kaléidoscopique"
    here, there = MODEL.vectorise(said), MODEL.vectorise(said)
    assert shared_terms(here, there) == ("abracadabrantesque", "kaléidoscopique", "zythologue")


def test_a_model_of_an_earlier_epoch_still_leaves_unknown_terms_out() -> None:
    """A name stands for one model for ever: who loads an older one from storage scores as it always did."""
    again = TextModel.from_bytes(DROPPING.to_bytes())
    assert (again.unknown, again.synonyms) == (0, {})
    vector = again.vectorise("Des zythologues à vélo, au jardin")
    assert (vector.indices.tolist(), vector.own_words) == ([0, 1], ())


def test_indices_increase_and_norms_are_whole() -> None:
    for text in TEXTS:
        vector = MODEL.vectorise(text)
        assert np.all(np.diff(vector.indices) > 0)
        assert vector.indices.dtype == np.int64
        assert vector.weights.dtype == np.int64
        assert vector.norm == math.isqrt(vector.norm_sq)
        assert vector.norm_sq == sum(weight**2 for weight in vector.weights.tolist())


def test_sums_stay_within_int64_at_the_bound() -> None:
    many = [f"{chr(97 + i // 676 % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i % 26)}zo" for i in range(MAX_TERMS + 100)]
    model = TextModel.quantised(dict.fromkeys(many, 99.0), {}, "borne")
    vector = model.vectorise_counts(dict.fromkeys(many, 20))
    assert len(vector) == MAX_TERMS
    assert int(vector.weights.max()) < 2**16
    assert vector.norm_sq < 2**42
    assert 2 * 1_000_000 * vector.norm_sq + vector.norm**2 < 2**63
    assert similarity_millionths(vector, vector) == 1_000_000


def test_the_heaviest_terms_are_kept_whatever_their_order() -> None:
    many = {f"mot{chr(97 + i // 676)}{chr(97 + i // 26 % 26)}{chr(97 + i % 26)}": 1 + i / 200 for i in range(1_200)}
    model = TextModel.quantised(many, {}, "borne")
    straight, backwards = (model.vectorise_counts(dict.fromkeys(each, 1)) for each in (list(many), list(many)[::-1]))
    assert straight.indices.tolist() == backwards.indices.tolist()
    assert int(model.idf[straight.indices].min()) >= int(np.sort(model.idf)[-MAX_TERMS])


def test_shared_terms_are_words_people_read_the_strongest_first() -> None:
    model = TextModel.quantised(
        {term: weight for word, weight in (("maraîchage", 5), ("cantine", 3), ("ville", 1)) for term in terms(word)},
        shown(spelt("maraîchage cantine ville")),
        "mots",
    )
    a = model.vectorise("Du maraîchage pour les cantines de la ville")
    b = model.vectorise("Ville : cantines et maraîchages")
    assert shared_terms(a, b) == ("maraîchage", "cantine", "ville")
    assert shared_terms(a, b, k=1) == ("maraîchage",)


def test_a_term_repeated_weighs_more_up_to_a_bound() -> None:
    model = TextModel.quantised({"velo": 2.0}, {}, "mots")
    weights = [int(model.vectorise_counts({"velo": count}).weights[0]) for count in (1, 2, 16, 500)]
    assert weights[0] < weights[1] < weights[2] == weights[3]


@given(st.integers(0, 2**21), st.integers(1, 2**21), st.integers(1, 2**21))
def test_the_cosine_is_rounded_to_the_nearest_millionth(part: int, norm_a: int, norm_b: int) -> None:
    product = min(part, norm_a * norm_b)
    exact = 1_000_000 * product / (norm_a * norm_b)
    assert abs(cosine_millionths(product, norm_a, norm_b) - exact) <= 0.500001


def test_a_model_comes_back_from_its_bytes() -> None:
    content = MODEL.to_bytes()
    again = TextModel.from_bytes(content)
    assert again.to_bytes() == content == model_of(TEXTS).to_bytes()
    assert (again.epoch, again.words, again.vocabulary) == (MODEL.epoch, MODEL.words, MODEL.vocabulary)
    assert again.unknown == MODEL.unknown > 0
    assert again.synonyms == SAME
    assert again.vectorise("bicyclettes").indices.tolist() == [MODEL.vocabulary["velo"]]
    assert again.vectorise(TEXTS[0]).weights.tolist() == MODEL.vectorise(TEXTS[0]).weights.tolist()


@pytest.mark.parametrize("content", [b"", b"no model", MODEL.to_bytes()[:-40], pack({"a": 1}, {})])
def test_bytes_that_are_no_model_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"packed|no "):
        TextModel.from_bytes(content)
