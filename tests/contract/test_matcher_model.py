"""The committed text model is what fitting the reference gives; the classifier learned what there is to learn now."""

import hashlib

from services.matcher.learning.corpus import documents
from services.matcher.learning.examples import TASKS, digest
from services.matcher.learning.fit import EPOCH, fit_text_model, text_corpus
from services.matcher.learning.labelled import TEACHERS, texts_of
from shared.text.model import CLASSIFIER, load_classifier, load_text_model
from shared.text.vectors import READING

READ = (
    "Des zythologues à vélo, éco-construits : l'épicerie de Rezé, https://exemple.org/page",
    "Aux seniors, aux lycéens ; co-construire un tiers-lieu de 300 m² avec les aîné·es.",
)


def test_text_model_is_that_of_its_corpus() -> None:
    """Another text, or another synonym, needs `--text-model` and another `EPOCH`."""
    assert load_text_model().to_bytes() == fit_text_model(text_corpus()).to_bytes()
    assert load_text_model().epoch == EPOCH


def test_a_model_is_read_as_it_always_was() -> None:
    """Matchers at work side by side must read one model alike: where texts give other vectors, change `READING`."""
    model, digest = load_text_model(), hashlib.sha256()
    for vector in map(model.vectorise, READ):
        digest.update(repr((vector.indices.tolist(), vector.weights.tolist(), vector.own_words)).encode())
    assert (model.epoch, READING, digest.hexdigest()[:16]) == ("2026-12-b", "2", "8b3f274f04ade5d1")


def test_classifier_learned_what_is_there_to_learn() -> None:
    """Another text, word, weight or feature needs `python -m services.matcher.learning.fit`."""
    texts = [each for author in TEACHERS for each in texts_of(author)]
    assert load_classifier().learned_from == digest(documents(), texts)


def test_heads_are_those_of_the_tasks() -> None:
    for task in TASKS:
        head = getattr(load_classifier(), task.name)
        assert (head.features, head.emphasis) == (task.features, task.emphasis)
        assert (head.linear.labels, head.linear.exclusive) == (task.labels, task.exclusive)


def test_artefact_stays_small() -> None:
    assert CLASSIFIER.stat().st_size < 2_000_000


def test_a_text_on_food_is_on_food() -> None:
    said = load_classifier().predict(
        "Une conserverie solidaire transforme les invendus des maraîchers pour les cantines."
    )
    assert said.categories[0][0] == "alimentation"


def test_a_text_of_unknown_words_says_nothing() -> None:
    said = load_classifier().predict("Xyzzy plugh")
    assert (said.categories, said.stage, said.needs) == ((), None, ())
