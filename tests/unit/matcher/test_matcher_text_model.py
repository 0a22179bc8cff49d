"""What the text model makes of a text is what scikit-learn makes of it, but for the rounding to whole numbers."""

from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.text import ROUNDED, farthest
from services.matcher.learning.corpus import documents
from services.matcher.learning.labelled import texts_of
from shared.text.model import load_text_model
from shared.text.terms import terms


def test_vectors_are_those_of_scikit_learn() -> None:
    """Issue 5: « its unquantised path equal to 1e-9 »; in whole numbers, within a hundredth."""
    vectorizer = TfidfVectorizer(analyzer=terms, sublinear_tf=True).fit(each.text for each in documents())
    texts = [each.text for each in texts_of("a")[:60]]
    unrounded, rounded = farthest(vectorizer, load_text_model(), texts)
    assert unrounded <= 1e-9
    assert 0 < rounded <= ROUNDED
