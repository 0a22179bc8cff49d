"""Fits one head of the classifier: its vocabulary, its coefficients, and probabilities calibrated on texts not learned.

Calibration and threshold are chosen on what a head fitted without an author says of that author's texts, then folded
into the coefficients of the head fitted on all of them.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from services.matcher.learning.corpus import Document
from services.matcher.learning.examples import Example, Task, examples
from services.matcher.learning.labelled import Labelled
from shared.text.classify import SILENCE, Head, LinearHead
from shared.text.features import counts
from shared.text.vectors import TextModel

Floats = NDArray[np.float64]

_SHARE = {" ": 0.5, "~": 0.2}
"""What pairs and groups of letters weigh beside terms and words, told by the sign in their names."""
_LEAST_TEXTS = {" ": 2, "~": 3}
"""In how many examples they are found to be known."""
_STRENGTH, _TOLERANCE, _ROUNDS = 10.0, 1e-6, 1_000
_THRESHOLDS = [round(0.1 + 0.01 * step, 2) for step in range(61)]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A head before it is rounded: rows of coefficients and intercepts in the order of the task's labels."""

    task: Task
    vocabulary: TextModel
    coefficients: Floats
    intercepts: Floats

    def logits(self, texts: Sequence[str]) -> Floats:
        """A row per text, a column per label."""
        found: Floats = _matrix(self.task, self.vocabulary, texts) @ self.coefficients.T + self.intercepts
        return found

    def scaled(self, scale: float, shifts: Floats) -> "Fitted":
        """The same with its logits multiplied and shifted."""
        return replace(self, coefficients=self.coefficients * scale, intercepts=self.intercepts * scale + shifts)

    def head(self, threshold: float) -> Head:
        """The head that predicts."""
        linear = LinearHead.quantised(
            self.task.labels,
            self.coefficients,
            self.intercepts,
            exclusive=self.task.exclusive,
            threshold=threshold,
        )
        return Head(self.task.features, self.task.emphasis, self.vocabulary, linear)


def fit_head(task: Task, documents: Sequence[Document], folds: Sequence[Sequence[Labelled]]) -> Head:
    """The head that learned all folds, calibrated by those that learned all but one; it takes two folds at least."""
    logits = np.vstack([_without(task, documents, folds, fold).logits([each.text for each in fold]) for fold in folds])
    truth = told(task, [each for fold in folds for each in fold])
    scale, shifts = calibration(task, logits, truth)
    threshold = best_threshold(task, probabilities(task, logits * scale + shifts), truth)
    fitted = fit(task, examples(task, documents, [each for fold in folds for each in fold]))
    return fitted.scaled(scale, shifts).head(threshold)


def _without(
    task: Task, documents: Sequence[Document], folds: Sequence[Sequence[Labelled]], left: Sequence[Labelled]
) -> Fitted:
    return fit(task, examples(task, documents, [each for fold in folds if fold is not left for each in fold]))


def fit(task: Task, learned: Sequence[Example]) -> Fitted:
    """The vocabulary and the coefficients of these examples."""
    texts = [example.text for example in learned]
    vocabulary = _vocabulary(task, texts)
    features = _matrix(task, vocabulary, texts)
    weights = np.array([example.weight for example in learned])
    if task.exclusive:
        targets = np.array([task.labels.index(example.labels[0]) for example in learned])
        rows = [_regression().fit(features, targets, sample_weight=weights)]
    else:
        rows = [
            _regression().fit(features, np.array([label in each.labels for each in learned]), sample_weight=weights)
            for label in task.labels
        ]
    return Fitted(
        task, vocabulary, np.vstack([row.coef_ for row in rows]), np.concatenate([row.intercept_ for row in rows])
    )


def told(task: Task, texts: Sequence[Labelled]) -> Floats:
    """A row per text, a column per label: 1 where the text says it; of an exclusive task the main label alone."""
    said: Callable[[Labelled], tuple[str, ...]] = {
        "categories": lambda each: (each.categories or (SILENCE,))[:1],
        "stage": lambda each: (each.stage or SILENCE,),
        "needs": lambda each: each.needs,
    }[task.name]
    return np.array([[float(label in said(each)) for label in task.labels] for each in texts])


def calibration(task: Task, logits: Floats, truth: Floats) -> tuple[float, Floats]:
    """The factor of all logits and the shift of each that make these truths likeliest; silence alone has a shift of
    its own in an exclusive task, all labels share one in another."""
    shifted = np.array([float(not task.exclusive or label == SILENCE) for label in task.labels])

    def surprise(values: Floats) -> float:
        odds = probabilities(task, logits * math.exp(values[0]) + values[1] * shifted).clip(1e-9, 1 - 1e-9)
        missed = 0 if task.exclusive else (1 - truth) * np.log(1 - odds)
        return -float((truth * np.log(odds) + missed).sum())

    found = minimize(surprise, np.zeros(2), method="Nelder-Mead")
    return math.exp(found.x[0]), found.x[1] * shifted


def probabilities(task: Task, logits: Floats) -> Floats:
    """What `LinearHead.probabilities` makes of such logits, a row per text."""
    if not task.exclusive:
        sigmoid: Floats = 1 / (1 + np.exp(-logits))
        return sigmoid
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shared: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shared


def best_threshold(task: Task, odds: Floats, truth: Floats) -> float:
    """The threshold with the best F1: macro, of the label said first, in an exclusive task; micro in another."""
    spoken = [place for place, label in enumerate(task.labels) if label != SILENCE]

    def worth(threshold: float) -> float:
        heard = odds[:, spoken] >= threshold
        if task.exclusive:
            first = odds[:, spoken].argmax(axis=1)
            heard &= np.eye(len(spoken), dtype=bool)[first]
        average = "macro" if task.exclusive else "micro"
        return float(f1_score(truth[:, spoken], heard, average=average, zero_division=0))

    return max(_THRESHOLDS, key=worth)


def _regression() -> LogisticRegression:
    return LogisticRegression(
        C=_STRENGTH, class_weight="balanced", solver="newton-cg", tol=_TOLERANCE, max_iter=_ROUNDS
    )


def _vocabulary(task: Task, texts: Sequence[str]) -> TextModel:
    found: Counter[str] = Counter()
    for text in texts:
        found.update(counts(text, task.features, task.emphasis).keys())
    known = {
        feature: _of_kind(_SHARE, feature, 1.0) * (math.log((1 + len(texts)) / (1 + number)) + 1)
        for feature, number in found.items()
        if number >= _of_kind(_LEAST_TEXTS, feature, 1)
    }
    return replace(TextModel.quantised(known, {}, task.name), words=())


def _of_kind(table: Mapping[str, float], feature: str, other: float) -> float:
    return next((value for sign, value in table.items() if sign in feature), other)


def _matrix(task: Task, vocabulary: TextModel, texts: Sequence[str]) -> csr_matrix:
    vectors = [vocabulary.vectorise_counts(counts(text, task.features, task.emphasis)) for text in texts]
    ends = np.cumsum([0, *map(len, vectors)])
    weights = np.concatenate([vector.unit_weights() for vector in vectors])
    columns = np.concatenate([vector.indices for vector in vectors])
    return csr_matrix((weights, columns, ends), shape=(len(vectors), len(vocabulary.vocabulary)))
