"""Fits the text model and the classifier on the reference; run as a module, writes the artefact that is committed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from services.matcher.learning.corpus import Document, documents
from shared.events.vocabulary import Category, CommitmentKind, Stage
from shared.text.classify import Classifier, LinearHead
from shared.text.model import ARTEFACT
from shared.text.terms import terms, terms_with_words
from shared.text.vectors import TextModel

EPOCH = "2026-12-a"
"""Names this model for ever: change it whenever the artefact changes."""

SECONDARY = 0.4
"""How much a document teaches of a category that is not its main one."""
_STRENGTH = {"categories": 30.0, "stage": 10.0, "needs": 10.0}
_THRESHOLD = {"categories": 0.2, "stage": 0.5, "needs": 0.5}
_TOLERANCE, _ROUNDS = 1e-8, 1_000


class Example(NamedTuple):
    """A text that says a label, and how much it teaches."""

    text: str
    label: str
    weight: float


def fit_text_model(corpus: Sequence[Document], epoch: str = EPOCH) -> TextModel:
    """The vocabulary of a corpus with its smoothed idf; each term is shown by its most frequent word."""
    vectorizer = TfidfVectorizer(analyzer=terms, smooth_idf=True).fit(document.text for document in corpus)
    idf = dict(zip(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_.tolist(), strict=True))
    spellings: dict[str, Counter[str]] = {}
    for document in corpus:
        for term, word in terms_with_words(document.text).items():
            spellings.setdefault(term, Counter())[word] += 1
    words = {term: min(found, key=lambda word: (-found[word], len(word), word)) for term, found in spellings.items()}
    return TextModel.quantised(idf, words, epoch)


def fit_classifier(corpus: Sequence[Document], model: TextModel) -> Classifier:
    """Three linear models over `model`; the same corpus gives the same classifier."""
    categories = (
        Example(document.text, category, SECONDARY if place else 1.0)
        for document in corpus
        for place, category in enumerate(document.categories)
    )
    stages = (Example(document.text, document.stage, 1.0) for document in corpus if document.stage)
    return Classifier(
        model,
        categories=_exclusive("categories", get_args(Category), categories, model),
        stage=_exclusive("stage", get_args(Stage), stages, model),
        needs=_independent("needs", get_args(CommitmentKind), corpus, model),
    )


def _exclusive(name: str, labels: tuple[str, ...], examples: Iterable[Example], model: TextModel) -> LinearHead:
    """One probability shared among the labels."""
    known = list(examples)
    targets = np.array([labels.index(example.label) for example in known])
    fitted = _regression(name).fit(
        _features((example.text for example in known), model),
        targets,
        sample_weight=np.array([example.weight for example in known]),
    )
    return LinearHead.quantised(labels, fitted.coef_, fitted.intercept_, exclusive=True, threshold=_THRESHOLD[name])


def _independent(name: str, labels: tuple[str, ...], corpus: Sequence[Document], model: TextModel) -> LinearHead:
    """A probability of its own for each label."""
    known = [document for document in corpus if document.needs is not None]
    features = _features((document.text for document in known), model)
    rows = [
        _regression(name).fit(features, np.array([label in (document.needs or ()) for document in known]))
        for label in labels
    ]
    return LinearHead.quantised(
        labels,
        np.vstack([row.coef_ for row in rows]),
        np.concatenate([row.intercept_ for row in rows]),
        exclusive=False,
        threshold=_THRESHOLD[name],
    )


def _regression(name: str) -> LogisticRegression:
    return LogisticRegression(
        C=_STRENGTH[name], class_weight="balanced", solver="newton-cg", tol=_TOLERANCE, max_iter=_ROUNDS
    )


def _features(texts: Iterable[str], model: TextModel) -> csr_matrix:
    vectors = [model.vectorise(text) for text in texts]
    ends = np.cumsum([0, *map(len, vectors)])
    weights = np.concatenate([vector.unit_weights() for vector in vectors])
    columns = np.concatenate([vector.indices for vector in vectors])
    return csr_matrix((weights, columns, ends), shape=(len(vectors), len(model.vocabulary)))


def main() -> None:
    """Write the artefact."""
    corpus = documents()
    ARTEFACT.write_bytes(fit_classifier(corpus, fit_text_model(corpus)).to_bytes())


if __name__ == "__main__":
    main()
