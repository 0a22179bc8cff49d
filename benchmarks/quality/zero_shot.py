"""Ranks funds for a title as the matcher's text criterion does, by the likeness of the texts: nothing is learned."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.matcher.learning.corpus import Document
from services.matcher.learning.fit import fit_text_model, text_corpus
from shared.text.vectors import TextModel, similarity_millionths


def zero_shot(model: TextModel, titles: Sequence[str], funds: Sequence[str]) -> NDArray[np.float64]:
    """Similarities in millionths, a row per title and a column per fund."""
    offers = [model.vectorise(text) for text in funds]
    vectors = (model.vectorise(title) for title in titles)
    return np.array([[similarity_millionths(vector, offer) for offer in offers] for vector in vectors], np.float64)


def with_vocabulary_of(funds: Sequence[str]) -> TextModel:
    """The product's text model, fitted on its corpus and on what these funds say of themselves; no title is read."""
    return fit_text_model([*text_corpus(), *map(Document, funds)], "quality")
