"""What else could rank funds for a title: the most frequent fund, BM25, and logistic regression over TF-IDF."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.quality.fonds_vert import FOLDS, FondsVert
from shared.text.folding import fold
from shared.text.terms import terms

_K1, _B = 1.2, 0.75
_STRENGTH = 10.0
"""The inverse of logistic regression's penalty: the best of 3, 10 and 30."""


def majority(data: FondsVert) -> NDArray[np.float64]:
    """Every project gets the funds by how often they paid in the other folds."""
    counted = [np.bincount(data.paid[data.folds != fold], minlength=len(data.names)) for fold in range(FOLDS)]
    return np.array(counted, np.float64)[data.folds]


def bm25(titles: Sequence[str], funds: Sequence[str]) -> NDArray[np.float64]:
    """The scores of the titles on these texts, both cut into the product's terms."""
    counter = CountVectorizer(analyzer=terms)
    counts = counter.fit_transform(funds).toarray().astype(np.float64)
    lengths = counts.sum(axis=1, keepdims=True)
    holding = (counts > 0).sum(axis=0)
    idf = np.log1p((len(funds) - holding + 0.5) / (holding + 0.5))
    weights = idf * counts * (_K1 + 1) / (counts + _K1 * (1 - _B + _B * lengths / lengths.mean()))
    return np.asarray(counter.transform(titles) @ weights.T)


def regression(data: FondsVert) -> NDArray[np.float64]:
    """Each fold scored by a logistic regression over TF-IDF of seven-letter stems, fitted on the four others."""
    scores = np.full((len(data.titles), len(data.names)), -np.inf)
    for held in range(FOLDS):
        train, test = np.flatnonzero(data.folds != held), np.flatnonzero(data.folds == held)
        vectorizer = TfidfVectorizer(analyzer=_stems)
        features = vectorizer.fit_transform([data.titles[row] for row in train])
        with threadpool_limits(1):  # threads that wait for one another on a busy machine take minutes
            model = LogisticRegression(C=_STRENGTH, max_iter=300).fit(features, data.paid[train])
        told = model.predict_log_proba(vectorizer.transform([data.titles[row] for row in test]))
        scores[np.ix_(test, model.classes_)] = told
    return scores


def _stems(text: str) -> list[str]:
    return [word[:7] for word in re.findall(r"[a-z0-9]+", fold(text))]
