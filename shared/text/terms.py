"""Cuts French text into terms: folded stems that stand for words whatever their number, gender or accents."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from snowballstemmer.french_stemmer import FrenchStemmer

from shared.text.folding import fold
from shared.text.stop_words import STOP_WORDS

__all__ = ["stem", "terms", "terms_with_words"]

_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "`": "'", "\u00ad": None, "\u200b": None})
_PREFIX = re.compile(r"\b(co|non|anti|auto|inter|bio|agro|[ée]co|micro|multi|r[ée]|pr[ée]|socio)-(?=\w)")
_ELISION = re.compile(r"\b(?:[ldjmtsnc]|qu|jusqu|lorsqu|puisqu|quoiqu)'(?=\w)")
_WORD = re.compile(r"[^\W_]+")
_PLURAL = re.compile(r"..(?:[aiou]s|ux)$")  # vélos, lieux: plurals that the stemmer keeps
_LETTERS = re.compile(r"[a-z]{2,}")


def terms(text: str) -> list[str]:
    """The terms of a text in its order, repeats included, without elided articles, stop words or anything with a digit.

    « tiers-lieu » and « tiers lieu » give the same two terms, « co-construire » and « coconstruire » the same one.
    """
    return [found for found, _word in _stems(text)]


def terms_with_words(text: str) -> dict[str, str]:
    """Each term with the word that shows it best: its most frequent spelling, else the shortest, else by letters."""
    spellings: dict[str, Counter[str]] = {}
    for found, word in _stems(text):
        spellings.setdefault(found, Counter())[word] += 1
    return {found: min(words, key=lambda word: (-words[word], len(word), word)) for found, words in spellings.items()}


def _stems(text: str) -> Iterator[tuple[str, str]]:
    plain = _ELISION.sub("", _PREFIX.sub(r"\1", text.lower().translate(_APOSTROPHES)))
    for word in _WORD.findall(plain):
        found = _stem(word)
        if found:
            yield found, word


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """The folded stem of a word in lower case; empty for stop words and for what is no word."""
    folded = fold(word)
    return "" if folded in STOP_WORDS or not _LETTERS.fullmatch(folded) else stem(folded)


@lru_cache(maxsize=65_536)
def stem(folded: str) -> str:
    """The folded stem of a folded word: a missing accent changes nothing, two endings get it back for the stemmer."""
    accented = re.sub(r"ite(s?)$", r"ité\1", re.sub(r"ee(s?)$", r"é\1", folded))
    found = fold(FrenchStemmer().stemWord(accented))
    return found[:-1] if _PLURAL.search(found) else found
