"""The fitted text model and classifier, as the committed artefacts that `services.matcher.learning.fit` writes."""

from functools import cache
from pathlib import Path

from shared.text.classify import Classifier
from shared.text.vectors import TextModel

__all__ = ["CLASSIFIER", "TEXT_MODEL", "load_classifier", "load_text_model"]

_FOLDER = Path(__file__).parent
CLASSIFIER, TEXT_MODEL = _FOLDER / "classifier.npz", _FOLDER / "text.npz"


@cache
def load_classifier() -> Classifier:
    """The classifier, read once per process; its vocabularies are its own."""
    return Classifier.from_bytes(CLASSIFIER.read_bytes())


@cache
def load_text_model() -> TextModel:
    """The text model whose epoch names the scores of matches, read once per process."""
    return TextModel.from_bytes(TEXT_MODEL.read_bytes())
