"""Cuts French text into terms: folded stems that stand for words whatever their number, gender or accents."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from snowballstemmer.french_stemmer import FrenchStemmer

from shared.text.folding import fold
from shared.text.stop_words import STOP_WORDS

__all__ = ["MOST_LETTERS", "shown", "spelt", "stem", "terms"]

MOST_LETTERS = 40
"""Of a word: a longer run of letters is none, and would be kept and shown whole."""

_UNSEEN = "\u00ad\u034f\u061c\u200b\u200c\u200d\u2060\u2063\ufe0f\ufeff"
_APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ‘`", "'") | dict.fromkeys(_UNSEEN))
_ADDRESS = re.compile(r"https?://\S+|\S+@\S+|(?:[\w-]+\.)+(?:com|coop|eu|fr|html?|info|io|net|org|php)\b\S*")
_PREFIX = re.compile(r"\b(co|non|anti|auto|inter|bio|agro|[ée]co|micro|multi|r[ée]|pr[ée]|socio)-(?=\w)")
_ELISION = re.compile(r"\b(?:[ldjmtsnc]|qu|jusqu|lorsqu|puisqu|quoiqu)'(?=\w)")
_WORD = re.compile(r"[^\W_]+")
_PLURAL = re.compile(r"..(?:[aiou]s|ux)$")  # vélos, lieux: plurals that the stemmer keeps
_LETTERS = re.compile(r"[a-z]{2,}")


def terms(text: str) -> list[str]:
    """The terms of a text in its order, repeats included.

    Without elided articles, stop words, addresses of mail or of the web, or anything with a digit. « tiers-lieu » and
    « tiers lieu » give the same two terms, « co-construire » and « coconstruire » the same one.
    """
    return [found for found, _word in spelt(text)]


def spelt(text: str) -> list[tuple[str, str]]:
    """The same, each with its word as it is written, in lower case."""
    plain = _ADDRESS.sub(" ", unicodedata.normalize("NFKC", text).lower().translate(_APOSTROPHES))
    plain = _ELISION.sub("", _PREFIX.sub(r"\1", plain))
    return [(found, word) for word in _WORD.findall(plain) if (found := _stem(word))]


def shown(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each term with the word that shows it best: its most frequent spelling, else the shortest, else by letters."""
    best: dict[str, tuple[int, int, str]] = {}
    for (found, word), count in Counter(pairs).items():
        rank = (-count, len(word), word)
        if found not in best or rank < best[found]:
            best[found] = rank
    return {found: word for found, (_count, _length, word) in best.items()}


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """The folded stem of a word in lower case; empty for stop words and for what is no word."""
    folded = fold(word)
    return "" if len(folded) > MOST_LETTERS or folded in STOP_WORDS or not _LETTERS.fullmatch(folded) else stem(folded)


@lru_cache(maxsize=65_536)
def stem(folded: str) -> str:
    """The folded stem of a folded word: a missing accent changes nothing, two endings get it back for the stemmer."""
    accented = re.sub(r"ite(s?)$", r"ité\1", re.sub(r"ee(s?)$", r"é\1", folded))
    found = fold(FrenchStemmer().stemWord(accented))
    return found[:-1] if _PLURAL.search(found) else found
