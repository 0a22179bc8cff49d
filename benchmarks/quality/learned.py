"""Ranks funds for a project by weights learned from what other projects were paid for; never from the fold it judges.

Features, all of text: the product's terms with pairs of neighbours, words as they are written with theirs, runs of
three to five letters, and the product's similarity to each fund. They were chosen on folds 1 to 4; each fold's penalty
is chosen on one of the four others by what the three that remain teach.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.svm import LinearSVC

from benchmarks.quality.fonds_vert import FOLDS
from shared.text.folding import fold
from shared.text.terms import terms

STRENGTHS = (0.2, 0.4, 0.8)
"""Inverse penalties to choose from."""
SIMILARITY = 0.5
"""What a similarity of one is worth beside the norm, 1, of every other part."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Counts of one kind of feature, a row per project; `weight` is the norm it gets, rarer ones are left out.

    Counting knows no fund; what is rare, and how much, is told by the projects that teach alone.
    """

    counts: csr_matrix
    weight: float = 1.0
    least: int = 1

    def features(self, teach: NDArray[np.int64], rows: NDArray[np.int64]) -> csr_matrix:
        """TF-IDF of some rows as those that teach weigh it."""
        kept = np.flatnonzero(self.counts[teach].getnnz(axis=0) >= self.least)
        known = self.counts[:, kept]
        return TfidfTransformer(sublinear_tf=True).fit(known[teach]).transform(known[rows]) * self.weight


def parts_of_titles(titles: Sequence[str]) -> list[Part]:
    """Terms, words and letters of the titles."""
    return [
        Part(CountVectorizer(analyzer=_terms).fit_transform(titles)),
        Part(CountVectorizer(analyzer=_words).fit_transform(titles)),
        _letters(titles),
    ]


def part_of_names(names: Sequence[str]) -> Part:
    """Letters of organisations' names, which say less than a title."""
    return _letters(names, 0.8)


def learned(
    parts: Sequence[Part], similarity: NDArray[np.float64], relevant: NDArray[np.int64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Scores of all projects, a column per fund, each fold's by what the others teach."""
    task = _Task(parts, csr_matrix(similarity * SIMILARITY), relevant)
    scores = np.full(similarity.shape, -np.inf)
    for held in range(FOLDS):
        inner = (held + 1) % FOLDS
        rest, trial = np.flatnonzero(~np.isin(folds, (held, inner))), np.flatnonzero(folds == inner)
        right = [(told.argmax(axis=1) == relevant[trial]).mean() for told in task.scores(rest, trial, STRENGTHS)]
        teach, test = np.flatnonzero(folds != held), np.flatnonzero(folds == held)
        (scores[test],) = task.scores(teach, test, [STRENGTHS[int(np.argmax(right))]])
    return scores


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    parts: Sequence[Part]
    similarity: csr_matrix
    relevant: NDArray[np.int64]

    def scores(
        self, teach: NDArray[np.int64], rows: NDArray[np.int64], strengths: Sequence[float]
    ) -> Iterator[NDArray[np.float64]]:
        """By each strength, what those that teach make of some rows; a fund that paid none of them comes last."""
        lessons, questions = self._features(teach, teach), self._features(teach, rows)
        for strength in strengths:
            model = LinearSVC(C=strength, random_state=0).fit(lessons, self.relevant[teach])
            scores = np.full((len(rows), self.similarity.shape[1]), -np.inf)
            scores[:, model.classes_] = model.decision_function(questions)
            yield scores

    def _features(self, teach: NDArray[np.int64], rows: NDArray[np.int64]) -> csr_matrix:
        return hstack([*(part.features(teach, rows) for part in self.parts), self.similarity[rows]]).tocsr()


def _terms(text: str) -> list[str]:
    return _with_pairs(terms(text))


def _words(text: str) -> list[str]:
    return _with_pairs(re.findall(r"[a-z0-9]+", fold(text)))


def _with_pairs(found: list[str]) -> list[str]:
    return [*found, *(f"{one} {two}" for one, two in pairwise(found))]


def _letters(texts: Sequence[str], weight: float = 1.0) -> Part:
    counter = CountVectorizer(preprocessor=fold, analyzer="char_wb", ngram_range=(3, 5))
    return Part(counter.fit_transform(texts), weight, least=2)
