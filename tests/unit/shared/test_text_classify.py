"""A text says its categories, needs and stage, or nothing; the order of its words changes no prediction."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.classify import SILENCE, Classification, Classifier, Head, LinearHead
from shared.text.terms import terms
from shared.text.vectors import TextModel, pack

WORDS = ("vélo", "cantine", "maraîchage", "création", "essai", "don", "bénévole")
MODEL = TextModel.quantised({terms(word)[0]: 3.0 for word in WORDS}, {}, "classes-1")


def head(weights: dict[str, dict[str, float]], *, exclusive: bool, threshold: float) -> Head:
    coefficients = np.zeros((len(weights), len(MODEL.vocabulary)))
    for row, words in enumerate(weights.values()):
        for word, weight in words.items():
            coefficients[row, MODEL.vocabulary[terms(word)[0]]] = weight
    intercepts = np.full(len(weights), -2.0)
    linear = LinearHead.quantised(tuple(weights), coefficients, intercepts, exclusive=exclusive, threshold=threshold)
    return Head(("terms",), "even", MODEL, linear)


CLASSIFIER = Classifier(
    learned_from="words",
    categories=head(
        {"mobilite": {"vélo": 6.0}, "alimentation": {"cantine": 6.0, "maraîchage": 7.0}},
        exclusive=False,
        threshold=0.6,
    ),
    stage=head({"amorcage": {"création": 5.0}, "experimentation": {"essai": 5.0}}, exclusive=True, threshold=0.8),
    needs=head({"mecenat-financier": {"don": 8.0}, "partenariat": {"bénévole": 8.0}}, exclusive=False, threshold=0.5),
)


def test_what_a_text_says_is_found() -> None:
    found = CLASSIFIER.predict("Maraîchage pour la cantine")
    assert [label for label, _score in found.categories] == ["alimentation"]
    assert 0.6 <= found.categories[0][1] <= 1
    assert found.stage is None
    assert found.needs == ()


def test_needs_come_in_the_order_of_their_labels() -> None:
    assert CLASSIFIER.predict("Bénévoles et dons, dons et bénévoles").needs == ("mecenat-financier", "partenariat")


def test_the_surest_stage_is_said() -> None:
    assert CLASSIFIER.predict("Création d'une cantine").stage == "amorcage"
    assert CLASSIFIER.predict("Création ou essai").stage is None


@pytest.mark.parametrize("text", ["", "Rien de connu ici", "vélo", "vélo vélo vélo", "2026 !"])
def test_a_text_that_does_not_say_gets_nothing(text: str) -> None:
    assert CLASSIFIER.predict(text) == Classification()


def test_at_most_so_many_categories_are_said_best_first() -> None:
    one = replace(CLASSIFIER, most_categories=1)
    text = "maraîchage maraîchage maraîchage vélo"
    both = [label for label, _score in CLASSIFIER.predict(f"{text} vélo vélo").categories]
    assert both == ["alimentation", "mobilite"]
    assert [label for label, _score in one.predict(f"{text} vélo vélo").categories] == ["alimentation"]


@given(st.permutations(["vélo", "vélo", "cantine", "essai", "don", "don", "bénévole", "maraîchage"]))
def test_the_order_of_words_changes_no_prediction(words: list[str]) -> None:
    ordered = " ".join(sorted(words))
    assert CLASSIFIER.predict(" ".join(words)) == CLASSIFIER.predict(ordered)


@given(st.lists(st.sampled_from(WORDS), min_size=1))
def test_probabilities_are_bounded_and_shared_where_exclusive(words: list[str]) -> None:
    text = " ".join(words)
    assert sum(CLASSIFIER.stage.probabilities(text).values()) == pytest.approx(1)
    assert all(0 <= value <= 1 for value in CLASSIFIER.categories.probabilities(text).values())


def test_silence_is_never_said_and_takes_its_share() -> None:
    """« or nothing, when the text does not say »: a label of its own keeps the others below their threshold."""
    quiet = head({"amorcage": {"création": 5.0}, SILENCE: {"vélo": 9.0}}, exclusive=True, threshold=0.6)
    assert [label for label, _score in quiet.said("création")] == ["amorcage"]
    assert quiet.probabilities("vélo")[SILENCE] > 0.9
    assert quiet.said("vélo") == quiet.said("création, vélo, vélo, vélo") == []


def test_probabilities_are_those_of_the_floating_point_model() -> None:
    vector = MODEL.vectorise("vélo vélo cantine")
    dense = np.zeros(len(MODEL.vocabulary))
    dense[vector.indices] = vector.unit_weights()
    logit = 6.0 * dense[MODEL.vocabulary["velo"]] - 2.0
    assert CLASSIFIER.categories.linear.probabilities(vector)["mobilite"] == pytest.approx(
        1 / (1 + np.exp(-logit)), abs=1e-2
    )


def test_a_classifier_comes_back_from_its_bytes() -> None:
    content = CLASSIFIER.to_bytes()
    again = Classifier.from_bytes(content)
    assert again.to_bytes() == content
    text = "Création d'une cantine avec des bénévoles"
    assert again.predict(text) == CLASSIFIER.predict(text) != Classification()


@pytest.mark.parametrize("content", [b"", b"no classifier", MODEL.to_bytes(), pack({}, {})])
def test_bytes_that_are_no_classifier_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"packed|no "):
        Classifier.from_bytes(content)


def test_a_head_without_a_row_per_label_is_refused() -> None:
    with pytest.raises(ValueError, match="per label"):
        LinearHead.quantised(("a", "b"), np.zeros((1, 3)), np.zeros(2), exclusive=False, threshold=0.5)
