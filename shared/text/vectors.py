"""Sparse vectors of texts in whole numbers, so that a similarity is the same to the bit on every machine, in any order.

Weights are products of two quantised factors, norms are integer square roots of integer sums. Bounds, all in int64: a
weight is under 2^16, a text keeps 1 024 terms at most, so a norm squared or an inner product stays under 2^42, and
doubled millions of it under 2^63.
"""

import io
import json
import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.text.terms import terms

__all__ = [
    "MAX_TERMS",
    "TextModel",
    "TextVector",
    "cosine_millionths",
    "pack",
    "shared_terms",
    "similarity_millionths",
    "unpack",
]

MILLION = 1_000_000
"""Scores, shares and similarities are whole millionths inside."""
MAX_TERMS = 1_024
"""Distinct terms kept of one text: the heaviest, ties by place in the vocabulary."""

_IDF_SCALE, _IDF_MAX = 64, 1_023
_TF_SCALE = 16
_TF_FACTORS = tuple(round(_TF_SCALE * (1 + math.log(count))) for count in range(1, 17))
"""A term said 16 times or more weighs no more than one said 16 times: factors stay under 2^6."""


@dataclass(frozen=True, slots=True, eq=False)
class TextVector:
    """One text: indices in the vocabulary (increasing), their weights, the sum of their squares and its square root.

    `words` is the model's, by index. Only vectors of one model can be compared.
    """

    indices: NDArray[np.int32]
    weights: NDArray[np.int64]
    norm_sq: int
    norm: int
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.indices)

    def unit_weights(self) -> NDArray[np.float64]:
        """The weights as fractions of the norm: what a classifier is fitted on."""
        return self.weights / max(1.0, math.sqrt(self.norm_sq))


@dataclass(frozen=True, eq=False)
class TextModel:
    """A vocabulary with its quantised idf; `words[i]` shows term `i` to people, `epoch` names this model for ever."""

    vocabulary: Mapping[str, int]
    idf: NDArray[np.int32]
    words: tuple[str, ...]
    epoch: str

    @classmethod
    def quantised(cls, idf: Mapping[str, float], words: Mapping[str, str], epoch: str) -> "TextModel":
        """A model over these terms in the order of their letters; `words` shows terms (itself where one is absent).

        idf are natural logarithms, kept to 1/64, within 1/64 and 16.
        """
        known = sorted(idf)
        quantised = [min(_IDF_MAX, max(1, round(_IDF_SCALE * idf[term]))) for term in known]
        vocabulary = {term: index for index, term in enumerate(known)}
        return cls(vocabulary, np.array(quantised, np.int32), tuple(words.get(term, term) for term in known), epoch)

    @cached_property
    def _idf(self) -> list[int]:
        return [int(value) for value in self.idf]

    def vectorise(self, text: str) -> TextVector:
        """The vector of a text; terms outside the vocabulary are left out, the order of words does not matter."""
        return self.vectorise_terms(terms(text))

    def vectorise_terms(self, found: Sequence[str]) -> TextVector:
        """The same from terms that `terms` gave."""
        return self.vectorise_counts(Counter(found))

    def vectorise_counts(self, counts: Mapping[str, int]) -> TextVector:
        """The same from how often each term was found, once at least."""
        known, top = self.vocabulary, len(_TF_FACTORS)
        weighed = [
            (known[term], _TF_FACTORS[min(count, top) - 1] * self._idf[known[term]])
            for term, count in counts.items()
            if term in known
        ]
        if len(weighed) > MAX_TERMS:
            weighed = sorted(weighed, key=lambda pair: (-pair[1], pair[0]))[:MAX_TERMS]
        weighed.sort()
        return self.vector([index for index, _weight in weighed], [weight for _index, weight in weighed])

    def vector(self, indices: Sequence[int], weights: Sequence[int]) -> TextVector:
        """A vector from what was kept of one: its increasing indices and their weights."""
        whole = np.array(weights, np.int64)
        norm_sq = int(np.dot(whole, whole))
        return TextVector(np.array(indices, np.int32), whole, norm_sq, math.isqrt(norm_sq), self.words)

    def to_bytes(self) -> bytes:
        """Plain arrays and JSON in one `.npz`; the same model gives the same bytes."""
        facts = {"terms": list(self.vocabulary), "words": list(self.words), "epoch": self.epoch}
        return pack(facts, {"idf": self.idf})

    @classmethod
    def from_bytes(cls, content: bytes) -> "TextModel":
        """The model that `to_bytes` wrote; raises `ValueError` on anything else."""
        facts, arrays = unpack(content)
        if "idf" not in arrays or "terms" not in facts:
            raise ValueError("no text model in there")
        vocabulary = {term: index for index, term in enumerate(facts["terms"])}
        return cls(vocabulary, arrays["idf"].astype(np.int32), tuple(facts["words"]), facts["epoch"])


def similarity_millionths(a: TextVector, b: TextVector) -> int:
    """How alike two texts are, 0..1 000 000: the cosine of their vectors, rounded once; 0 when either says nothing."""
    _both, in_a, in_b = np.intersect1d(a.indices, b.indices, assume_unique=True, return_indices=True)
    return cosine_millionths(int(np.dot(a.weights[in_a], b.weights[in_b])), a.norm, b.norm)


def shared_terms(a: TextVector, b: TextVector, k: int = 3) -> tuple[str, ...]:
    """At most `k` words that both texts have, those that make them alike most first, ties by letters of their terms."""
    both, in_a, in_b = np.intersect1d(a.indices, b.indices, assume_unique=True, return_indices=True)
    parts = zip(both.tolist(), (a.weights[in_a] * b.weights[in_b]).tolist(), strict=True)
    ranked = sorted(parts, key=lambda part: (-part[1], part[0]))
    return tuple(a.words[index] for index, _part in ranked[:k])


def cosine_millionths(inner_product: int, norm_a: int, norm_b: int) -> int:
    """The cosine in whole millionths, halves up, from an inner product and two norms; every engine rounds like this."""
    product = norm_a * norm_b
    return min(MILLION, (2 * MILLION * inner_product + product) // (2 * product)) if product else 0


def pack(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """JSON facts and arrays (none named `facts`) as the bytes of one `.npz`."""
    stream = io.BytesIO()
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()
    stored: dict[str, Any] = {"facts": np.frombuffer(text, np.uint8), **arrays}
    np.savez_compressed(stream, **stored)
    return stream.getvalue()


def unpack(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `pack` was given; nothing is executed in reading it. Raises `ValueError` on anything else."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return json.loads(arrays.pop("facts").tobytes()), arrays
    except (
        AttributeError,
        EOFError,
        KeyError,
        OSError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError("not a packed model") from error
