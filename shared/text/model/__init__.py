"""The fitted text model and classifier, as the committed artefact that `services.matcher.learning.fit` writes."""

from functools import cache
from pathlib import Path

from shared.text.classify import Classifier
from shared.text.vectors import TextModel

__all__ = ["ARTEFACT", "load_classifier", "load_text_model"]

ARTEFACT = Path(__file__).parent / "classifier.npz"


@cache
def load_classifier() -> Classifier:
    """The classifier, read once per process; it carries its text model."""
    return Classifier.from_bytes(ARTEFACT.read_bytes())


def load_text_model() -> TextModel:
    """The text model whose epoch names the scores of matches."""
    return load_classifier().model
