"""What the text model makes of a text is what scikit-learn makes of it, but for the rounding to whole numbers."""

from benchmarks.text import ROUNDED, farthest
from services.matcher.learning.fit import text_corpus
from services.matcher.learning.labelled import texts_of
from shared.text.model import load_text_model


def test_vectors_are_those_of_scikit_learn() -> None:
    """Issue 5: « its unquantised path equal to 1e-9 », terms unknown to the corpus included; in whole numbers, .01."""
    model, texts = load_text_model(), [each.text for each in texts_of("c")[:60]]
    assert sum(len(model.vectorise(text).own_words) for text in texts) > len(texts)
    unrounded, rounded = farthest(text_corpus(), model, texts)
    assert unrounded <= 1e-9
    assert 0 < rounded <= ROUNDED
