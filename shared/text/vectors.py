"""Sparse vectors of texts in whole numbers, so that a similarity is the same to the bit on every machine, in any order.

Weights are products of two quantised factors, norms are integer square roots of integer sums. Bounds, all in int64: a
weight is under 2^16, a text keeps 1 024 terms at most, so a norm squared or an inner product stays under 2^42, and
doubled millions of it under 2^63. The id of a term is under 2^47, so that it fits in one number with its weight.
"""

import io
import json
import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.text.terms import shown, spelt

__all__ = [
    "MAX_TERMS",
    "READING",
    "UNKNOWN",
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
"""Distinct terms kept of one text: the heaviest, ties by id."""
UNKNOWN = 1 << 46
"""Ids from here on are those of terms outside the vocabulary: 46 bits of a digest of their letters."""
READING = "2"
"""Names how the bytes of a model become vectors: another one wherever the same bytes would give others."""

_IDF_SCALE, _IDF_MAX = 64, 1_023
_TF_SCALE = 16
_TF_FACTORS = tuple(round(_TF_SCALE * (1 + math.log(count))) for count in range(1, 17))
"""A term said 16 times or more weighs no more than one said 16 times: factors stay under 2^6."""


_PLAIN_ARRAY, _ARRAY = "idf", "idf2"
"""The second where a model says something of words outside its vocabulary: code that would not read it finds none."""
_LEAST_LETTERS = 3
"""A shorter stem outside the vocabulary is a scrap of a word, and says nothing."""
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class TextVector:
    """One text: ids of its terms (increasing), their weights, the sum of their squares and its square root.

    `words` is the model's, by place in its vocabulary; `own_words` has, for each term outside of it, in the order of
    the last ids, the word of this text. Only vectors of one model can be compared.
    """

    indices: NDArray[np.int64]
    weights: NDArray[np.int64]
    norm_sq: int
    norm: int
    words: tuple[str, ...]
    own_words: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.indices)

    def unit_weights(self) -> NDArray[np.float64]:
        """The weights as fractions of the norm: what a classifier is fitted on."""
        return self.weights / max(1.0, math.sqrt(self.norm_sq))

    def word(self, place: int) -> str:
        """What shows the term at this place to people."""
        own = place - len(self.indices) + len(self.own_words)
        return self.own_words[own] if own >= 0 else self.words[self.indices[place]]


@dataclass(frozen=True, eq=False)
class TextModel:
    """A vocabulary with its quantised idf; `words[i]` shows term `i` to people, `epoch` names this model for ever.

    `unknown` is the quantised idf of every term outside the vocabulary; 0 where such terms are left out. `synonyms`
    are terms that count as another one, which is none of them.
    """

    vocabulary: Mapping[str, int]
    idf: NDArray[np.int32]
    words: tuple[str, ...]
    epoch: str
    unknown: int = 0
    synonyms: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def quantised(
        cls,
        idf: Mapping[str, float],
        words: Mapping[str, str],
        epoch: str,
        *,
        unknown: float | None = None,
        synonyms: Mapping[str, str] = _NONE,
    ) -> "TextModel":
        """A model over these terms in the order of their letters; `words` shows terms (itself where one is absent).

        idf are natural logarithms, kept to 1/64, within 1/64 and 16; `unknown` is that of all other terms.
        """
        known = sorted(idf)
        quantised = np.array([_quantised(idf[term]) for term in known], np.int32)
        vocabulary = {term: index for index, term in enumerate(known)}
        shown = tuple(words.get(term, term) for term in known)
        return cls(vocabulary, quantised, shown, epoch, 0 if unknown is None else _quantised(unknown), synonyms)

    @cached_property
    def _idf(self) -> list[int]:
        return [int(value) for value in self.idf]

    def id_of(self, term: str) -> int | None:
        """The id of a term that `terms` gives, the same in every process: its place in the vocabulary, else what its
        letters give; nothing for terms that are left out.
        """
        place = self.vocabulary.get(term)
        if place is None and self.unknown and len(term) >= _LEAST_LETTERS:
            return _id_of_unknown(term)
        return place

    def terms(self, text: str) -> list[str]:
        """The terms of a text in its order, repeats included, synonyms as the term that they count as."""
        return [term for term, _word in self._spelt(text)]

    def _spelt(self, text: str) -> list[tuple[str, str]]:
        same = self.synonyms
        return [(same.get(term, term), word) for term, word in spelt(text)]

    def vectorise(self, text: str) -> TextVector:
        """The vector of a text, whatever the order of its words."""
        pairs, known = self._spelt(text), self.vocabulary
        own = [pair for pair in pairs if pair[0] not in known] if self.unknown else ()
        return self.vectorise_counts(Counter([term for term, _word in pairs]), shown(own))

    def vectorise_counts(self, counts: Mapping[str, int], words: Mapping[str, str] = _NONE) -> TextVector:
        """The same from how often each term was found, once at least; `words` shows terms outside the vocabulary."""
        found: dict[int, int] = {}
        own: dict[int, str] = {}
        for term, count in counts.items():
            place = self.id_of(term)
            if place is not None:
                found[place] = found.get(place, 0) + count
                if place >= UNKNOWN:
                    own[place] = words.get(term, term)
        weighed = self._weighed(found)
        whole = np.array([weight for _place, weight in weighed], np.int64)
        norm_sq = int(np.dot(whole, whole))
        places = np.array([place for place, _weight in weighed], np.int64)
        own_words = tuple(own[place] for place, _weight in weighed if place >= UNKNOWN)
        return TextVector(places, whole, norm_sq, math.isqrt(norm_sq), self.words, own_words)

    def _weighed(self, counts: Mapping[int, int]) -> list[tuple[int, int]]:
        """The heaviest terms with their weights, by id."""
        idf, top = self._idf, len(_TF_FACTORS)
        weighed = [
            (place, _TF_FACTORS[min(count, top) - 1] * (idf[place] if place < UNKNOWN else self.unknown))
            for place, count in counts.items()
        ]
        if len(weighed) > MAX_TERMS:
            weighed = sorted(weighed, key=lambda pair: (-pair[1], pair[0]))[:MAX_TERMS]
        return sorted(weighed)

    def to_bytes(self) -> bytes:
        """Plain arrays and JSON in one `.npz`; the same model gives the same bytes."""
        facts = {"terms": list(self.vocabulary), "words": list(self.words), "epoch": self.epoch}
        more = {"unknown": self.unknown, "synonyms": dict(self.synonyms)}
        told = {name: fact for name, fact in more.items() if fact}
        return pack(facts | told, {_ARRAY if told else _PLAIN_ARRAY: self.idf})

    @classmethod
    def from_bytes(cls, content: bytes) -> "TextModel":
        """The model that `to_bytes` wrote; raises `ValueError` on anything else."""
        facts, arrays = unpack(content)
        weights = arrays.get(_ARRAY, arrays.get(_PLAIN_ARRAY))
        if weights is None or "terms" not in facts:
            raise ValueError("no text model in there")
        vocabulary = {term: index for index, term in enumerate(facts["terms"])}
        idf, more = weights.astype(np.int32), (facts.get("unknown", 0), facts.get("synonyms", _NONE))
        return cls(vocabulary, idf, tuple(facts["words"]), facts["epoch"], *more)


@lru_cache(maxsize=65_536)
def _id_of_unknown(term: str) -> int:
    """Two of a million such terms have the same one with a probability of one in 140."""
    digest = blake2b(term.encode(), digest_size=6).digest()
    return UNKNOWN | int.from_bytes(digest, "big") & (UNKNOWN - 1)


def _quantised(idf: float) -> int:
    return min(_IDF_MAX, max(1, round(_IDF_SCALE * idf)))


def similarity_millionths(a: TextVector, b: TextVector) -> int:
    """How alike two texts are, 0..1 000 000: the cosine of their vectors, rounded once; 0 when either says nothing."""
    _both, in_a, in_b = np.intersect1d(a.indices, b.indices, assume_unique=True, return_indices=True)
    return cosine_millionths(int(np.dot(a.weights[in_a], b.weights[in_b])), a.norm, b.norm)


def shared_terms(a: TextVector, b: TextVector, k: int = 3) -> tuple[str, ...]:
    """At most `k` words that both texts have, those that make them alike most first.

    Ties go by the letters of their terms, those outside the vocabulary last and by the words of `a`, which show them.
    """
    both, in_a, in_b = np.intersect1d(a.indices, b.indices, assume_unique=True, return_indices=True)
    parts = zip((a.weights[in_a] * b.weights[in_b]).tolist(), both.tolist(), in_a.tolist(), strict=True)
    ranked = sorted((-part, min(term, UNKNOWN), a.word(place)) for part, term, place in parts)
    return tuple(word for _part, _term, word in ranked[:k])


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
