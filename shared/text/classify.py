"""Predicts categories, stage and needs from a text with exported linear models; says nothing when unsure."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.text.features import counts
from shared.text.terms import terms
from shared.text.vectors import TextModel, TextVector, pack, unpack

__all__ = ["SILENCE", "Classification", "Classifier", "Head", "LinearHead"]

SILENCE = ""
"""The label of texts that say none of the others: it takes its share of the probability and is never said."""
_SCALE = 1 << 8
_SHOWN_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Classification:
    """What a text says: categories with scores in 0..1, best first; a stage; kinds of needs. Each may be missing."""

    categories: tuple[tuple[str, float], ...] = ()
    stage: str | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """One linear model over a vocabulary: a row of coefficients and an intercept per label, kept to 1/256.

    `exclusive` shares one probability among the labels; without it each label has its own. Below `threshold` a label
    is not said. Sums are of whole numbers, so that a label is the same on every machine.
    """

    labels: tuple[str, ...]
    coefficients: NDArray[np.int16]
    intercepts: NDArray[np.int16]
    exclusive: bool
    threshold: float

    @classmethod
    def quantised(
        cls,
        labels: tuple[str, ...],
        coefficients: NDArray[np.float64],
        intercepts: NDArray[np.float64],
        *,
        exclusive: bool,
        threshold: float,
    ) -> "LinearHead":
        """A head fitted on `TextVector.unit_weights`; shapes (labels, vocabulary) and (labels,)."""
        if coefficients.shape[0] != len(labels) or intercepts.shape != (len(labels),):
            raise ValueError("one row of coefficients and one intercept are needed per label")
        whole = (np.rint(values * _SCALE).clip(-(2**15), 2**15 - 1) for values in (coefficients, intercepts))
        rows, constants = (values.astype(np.int16) for values in whole)
        return cls(labels, rows, constants, exclusive, threshold)

    def probabilities(self, vector: TextVector) -> dict[str, float]:
        """The probability of each label, in the order of labels."""
        columns = self.coefficients[:, vector.indices].astype(np.int64)
        sums = (columns @ vector.weights).tolist()
        norm = max(1, vector.norm)
        logits = [
            (total / norm + constant) / _SCALE for total, constant in zip(sums, self.intercepts.tolist(), strict=True)
        ]
        return dict(zip(self.labels, _softmax(logits) if self.exclusive else map(_sigmoid, logits), strict=True))

    def said(self, vector: TextVector) -> list[tuple[str, float]]:
        """The labels at or above the threshold, the most probable first, ties by label."""
        found = ((label, round(value, _SHOWN_DIGITS)) for label, value in self.probabilities(vector).items())
        heard = (pair for pair in found if pair[1] >= self.threshold and pair[0] != SILENCE)
        return sorted(heard, key=lambda pair: (-pair[1], pair[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A linear model with the features that it reads, how it weighs sentences, and the vocabulary of these features."""

    features: tuple[str, ...]
    emphasis: str
    vocabulary: TextModel
    linear: LinearHead

    def vector(self, text: str) -> TextVector:
        """What the head knows of a text."""
        return self.vocabulary.vectorise_counts(counts(text, self.features, self.emphasis))

    def said(self, text: str) -> list[tuple[str, float]]:
        """The labels that the text says, with their probabilities, best first."""
        return self.linear.said(self.vector(text))

    def probabilities(self, text: str) -> dict[str, float]:
        """The probability of each label, silence among them where the head knows it."""
        return self.linear.probabilities(self.vector(text))


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Three heads; a text with fewer than `least_terms` terms known to the first says nothing.

    `learned_from` is the digest of what they were fitted on and how.
    """

    categories: Head
    stage: Head
    needs: Head
    learned_from: str
    least_terms: int = 2
    most_categories: int = 3

    def predict(self, text: str) -> Classification:
        """What a text says; where its sentences weigh alike, their order changes nothing."""
        if len(self.categories.vocabulary.vocabulary.keys() & set(terms(text))) < self.least_terms:
            return Classification()
        stages = self.stage.said(text)
        needs = {label for label, _score in self.needs.said(text)}
        return Classification(
            tuple(self.categories.said(text)[: self.most_categories]),
            stages[0][0] if stages else None,
            tuple(label for label in self.needs.linear.labels if label in needs),
        )

    def to_bytes(self) -> bytes:
        """Plain arrays and JSON, vocabularies included; the same classifier gives the same bytes."""
        heads = {"categories": self.categories, "stage": self.stage, "needs": self.needs}
        limits = {"least_terms": self.least_terms, "most_categories": self.most_categories}
        arrays: dict[str, NDArray[Any]] = {}
        for name, head in heads.items():
            arrays[f"{name}_vocabulary"] = np.frombuffer(head.vocabulary.to_bytes(), np.uint8)
            arrays[f"{name}_coefficients"] = head.linear.coefficients
            arrays[f"{name}_intercepts"] = head.linear.intercepts
        facts = {name: _facts(head) for name, head in heads.items()}
        return pack({"heads": facts, "learned_from": self.learned_from, **limits}, arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Classifier":
        """The classifier that `to_bytes` wrote; raises `ValueError` on anything else."""
        facts, arrays = unpack(content)
        if "heads" not in facts:
            raise ValueError("no classifier in there")
        heads = {name: _head(name, head, arrays) for name, head in facts.pop("heads").items()}
        return cls(heads["categories"], heads["stage"], heads["needs"], **facts)


def _facts(head: Head) -> dict[str, Any]:
    return {
        "features": list(head.features),
        "emphasis": head.emphasis,
        "labels": list(head.linear.labels),
        "exclusive": head.linear.exclusive,
        "threshold": head.linear.threshold,
    }


def _head(name: str, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Head:
    linear = LinearHead(
        tuple(facts["labels"]),
        arrays[f"{name}_coefficients"],
        arrays[f"{name}_intercepts"],
        facts["exclusive"],
        facts["threshold"],
    )
    vocabulary = TextModel.from_bytes(arrays[f"{name}_vocabulary"].tobytes())
    return Head(tuple(facts["features"]), facts["emphasis"], vocabulary, linear)


def _softmax(logits: list[float]) -> list[float]:
    top = max(logits, default=0.0)
    powers = [math.exp(logit - top) for logit in logits]
    total = math.fsum(powers)
    return [power / total for power in powers]


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else 1 - 1 / (1 + math.exp(logit))
