"""The committed text model and classifier are what fitting the reference gives."""

import numpy as np
import pytest

from services.matcher.learning.corpus import documents
from services.matcher.learning.fit import EPOCH, fit_classifier, fit_text_model
from shared.text.classify import Classifier
from shared.text.model import ARTEFACT, load_classifier

HEADS = ("categories", "stage", "needs")


@pytest.fixture(scope="module")
def fitted() -> Classifier:
    corpus = documents()
    return fit_classifier(corpus, fit_text_model(corpus))


def test_text_model_is_that_of_the_reference(fitted: Classifier) -> None:
    assert load_classifier().model.to_bytes() == fitted.model.to_bytes()
    assert load_classifier().model.epoch == EPOCH


@pytest.mark.parametrize("name", HEADS)
def test_predictions_are_those_of_the_reference(fitted: Classifier, name: str) -> None:
    kept, again = getattr(load_classifier(), name), getattr(fitted, name)
    assert (kept.labels, kept.exclusive, kept.threshold) == (again.labels, again.exclusive, again.threshold)
    for values in ("coefficients", "intercepts"):
        apart = np.abs(getattr(kept, values).astype(np.int64) - getattr(again, values))
        assert apart.max() <= 2, "another machine's linear algebra may differ in the last digit alone"


def test_artefact_stays_small() -> None:
    assert ARTEFACT.stat().st_size < 200_000


def test_a_text_on_food_is_on_food() -> None:
    said = load_classifier().predict(
        "Une conserverie solidaire transforme les invendus des maraîchers pour les cantines."
    )
    assert said.categories[0][0] == "alimentation"


def test_a_text_of_unknown_words_says_nothing() -> None:
    said = load_classifier().predict("Xyzzy plugh")
    assert (said.categories, said.stage, said.needs) == ((), None, ())
