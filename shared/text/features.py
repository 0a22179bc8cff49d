"""What a classifier reads of a text: terms, words, pairs of words, groups of letters, each counted as it matters.

The letters make a misspelt word resemble what it was meant to be; words and pairs keep « pas encore » and « depuis dix
ans », which the terms leave out. A sentence may count several times: where a text turns (« on croit à un jardin, en
réalité… »), its second half tells the problem and the first the means; where it asks, it tells what is needed.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise

from shared.text.folding import fold
from shared.text.terms import MOST_LETTERS, stem, terms

__all__ = ["EMPHASES", "FEATURES", "counts"]

LATE, ASKED = 2, 5
"""How often what follows a turn, and a sentence that asks, are counted."""
_GRAMS, _LEAST_LETTERS = (4, 5), 4

_SENTENCES = re.compile(r"(?<=[.!?…;:])\s+")
_NUMBER = re.compile(
    r"\d[\d.,\s]*|\b(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingts?"
    r"|trente|quarante|cinquante|soixante|cents?|mille|millions?)\b"
)
_NUMBERS = re.compile(r"0(?:[\s-]+0)+")
_WORDS = re.compile(r"[a-z]+|0|[?!€%]")
_LETTERS = re.compile(r"[a-z]+")
_TURN = re.compile(
    r"\b(?:n'est (?:pas|ni|qu)|ne sont (?:pas|qu)|ni|pretexte|decor|excuse|facade|alibi|semble|ressemble|apparence"
    r"|on (?:nous |vous |l[ea] |les )?(?:croit|croirait|dirait|dit|prend|demande|classe|imagine|pense)|prennent pour"
    r"|(?:premiere )?vue|vu de|ne cherchez|ne vous|aurait pu|en realite|en verite|au fond|derriere|sauf que|d'abord"
    r"|vraie? (?:souci|sujet|but|raison|enjeu|objet)|seule (?:raison|chose)|avant tout|n'a rien|il s'agit"
    r"|le (?:sujet|but)|l'(?:important|objectif)|parce qu|pour que|sert a ca|mais|or|pourtant|cependant)\b"
)
_ASK = re.compile(
    r"\b(?:(?:re)?cherch\w+|besoin\w*|manqu\w+|il (?:nous |leur |me )?faut|faudrai\w*|bienvenu\w*|appel\w*|demand\w+"
    r"|voulons|souhait\w+|aimer\w+|attend\w+|sollicit\w+|espere\w*|espoir|invit\w+|pret\w*|donn\w+|offr\w+|preneurs?"
    r"|\w+rai(?:t|ent|s)?|qui (?:peut|veut)|pouvez|vous|vos|votre)\b|!"
)


def _turning(sentences: list[str]) -> list[int]:
    turns = any(_TURN.search(fold(sentence)) for sentence in sentences)
    half = (len(sentences) + 1) // 2
    return [LATE if turns and place >= half else 1 for place in range(len(sentences))]


def _asking(sentences: list[str]) -> list[int]:
    return [ASKED if _ASK.search(fold(sentence)) else 1 for sentence in sentences]


def _even(sentences: list[str]) -> list[int]:
    return [1] * len(sentences)


def _words(sentence: str) -> list[str]:
    plain = _NUMBERS.sub("0", _NUMBER.sub(" 0 ", fold(sentence)))
    return [word for word in _WORDS.findall(plain) if len(word) <= MOST_LETTERS]


def _stems(sentence: str) -> list[str]:
    return [f"={stem(word)}" for word in _words(sentence)]


def _pairs(sentence: str) -> list[str]:
    found = ["^", *(stem(word) for word in _words(sentence)), "$"]
    return [f"{first} {second}" for first, second in pairwise(found)]


def _grams(sentence: str) -> list[str]:
    words = (word for word in _LETTERS.findall(fold(sentence)) if len(word) <= MOST_LETTERS)
    return [gram for word in words for gram in _grams_of(word)]


@lru_cache(maxsize=65_536)
def _grams_of(word: str) -> tuple[str, ...]:
    if len(word) < _LEAST_LETTERS:
        return ()
    whole = f"_{word}_"
    return tuple(f"~{whole[at : at + size]}" for size in _GRAMS for at in range(len(whole) - size + 1))


FEATURES: Mapping[str, Callable[[str], list[str]]] = {
    "terms": terms,
    "words": _stems,
    "pairs": _pairs,
    "grams": _grams,
}
"""By name, what is read of a sentence; features of two kinds never bear the same name."""
EMPHASES: Mapping[str, Callable[[list[str]], list[int]]] = {"even": _even, "turn": _turning, "ask": _asking}
"""By name, how often each sentence of a text counts."""


def counts(text: str, features: tuple[str, ...], emphasis: str) -> Counter[str]:
    """How often each feature is found in a text; both arguments are names of what this module knows."""
    sentences = [sentence for sentence in _SENTENCES.split(text.strip()) if sentence]
    found: Counter[str] = Counter()
    for sentence, times in zip(sentences, EMPHASES[emphasis](sentences), strict=True):
        for name in features:
            for feature in FEATURES[name](sentence):
                found[feature] += times
    return found
