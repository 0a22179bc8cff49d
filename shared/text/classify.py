"""Predicts categories, stage and needs from a text with exported linear models; says nothing when unsure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.text.vectors import TextModel, TextVector, pack, unpack

__all__ = ["Classification", "Classifier", "LinearHead"]

_SCALE = 1 << 16
_SHOWN_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Classification:
    """What a text says: categories with scores in 0..1, best first; a stage; kinds of needs. Each may be missing."""

    categories: tuple[tuple[str, float], ...] = ()
    stage: str | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """One linear model over a vocabulary: a row of coefficients and an intercept per label, kept to 1/65 536.

    `exclusive` shares one probability among the labels; without it each label has its own. Below `threshold` a label
    is not said. Sums are of whole numbers, so that a label is the same on every machine.
    """

    labels: tuple[str, ...]
    coefficients: NDArray[np.int32]
    intercepts: NDArray[np.int32]
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
        whole = (np.rint(values * _SCALE).clip(-(2**31), 2**31 - 1) for values in (coefficients, intercepts))
        rows, constants = (values.astype(np.int32) for values in whole)
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
        return sorted((pair for pair in found if pair[1] >= self.threshold), key=lambda pair: (-pair[1], pair[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """The three heads over one text model; a text with fewer than `least_terms` known terms says nothing."""

    model: TextModel
    categories: LinearHead
    stage: LinearHead
    needs: LinearHead
    least_terms: int = 2
    most_categories: int = 3

    def predict(self, text: str) -> Classification:
        """What a text says; the order of its words changes nothing."""
        vector = self.model.vectorise(text)
        if len(vector) < self.least_terms:
            return Classification()
        stages = self.stage.said(vector)
        needs = {label for label, _score in self.needs.said(vector)}
        return Classification(
            tuple(self.categories.said(vector)[: self.most_categories]),
            stages[0][0] if stages else None,
            tuple(label for label in self.needs.labels if label in needs),
        )

    def to_bytes(self) -> bytes:
        """Plain arrays and JSON, the text model included; the same classifier gives the same bytes."""
        heads = {"categories": self.categories, "stage": self.stage, "needs": self.needs}
        facts = {name: _facts(head) for name, head in heads.items()}
        limits = {"least_terms": self.least_terms, "most_categories": self.most_categories}
        arrays: dict[str, NDArray[Any]] = {"model": np.frombuffer(self.model.to_bytes(), np.uint8)}
        for name, head in heads.items():
            arrays[f"{name}_coefficients"], arrays[f"{name}_intercepts"] = head.coefficients, head.intercepts
        return pack({"heads": facts, **limits}, arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Classifier":
        """The classifier that `to_bytes` wrote; raises `ValueError` on anything else."""
        facts, arrays = unpack(content)
        if "heads" not in facts:
            raise ValueError("no classifier in there")
        heads = {
            name: LinearHead(
                tuple(head["labels"]),
                arrays[f"{name}_coefficients"],
                arrays[f"{name}_intercepts"],
                head["exclusive"],
                head["threshold"],
            )
            for name, head in facts["heads"].items()
        }
        model = TextModel.from_bytes(arrays["model"].tobytes())
        return cls(model, **heads, least_terms=facts["least_terms"], most_categories=facts["most_categories"])


def _facts(head: LinearHead) -> Mapping[str, Any]:
    return {"labels": list(head.labels), "exclusive": head.exclusive, "threshold": head.threshold}


def _softmax(logits: list[float]) -> list[float]:
    top = max(logits, default=0.0)
    powers = [math.exp(logit - top) for logit in logits]
    total = math.fsum(powers)
    return [power / total for power in powers]


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else 1 - 1 / (1 + math.exp(logit))
