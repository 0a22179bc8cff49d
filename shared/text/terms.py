"""Cuts French text into terms: folded stems that stand for words whatever their number, gender or accents."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from snowballstemmer.french_stemmer import FrenchStemmer

from shared.text.folding import fold
from shared.text.stop_words import STOP_WORDS

__all__ = ["terms", "terms_with_words"]

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
    return [stem for stem, _word in _stems(text)]


def terms_with_words(text: str) -> dict[str, str]:
    """Each term with the word that shows it best: its most frequent spelling, else the shortest, else by letters."""
    spellings: dict[str, Counter[str]] = {}
    for stem, word in _stems(text):
        spellings.setdefault(stem, Counter())[word] += 1
    return {stem: min(words, key=lambda word: (-words[word], len(word), word)) for stem, words in spellings.items()}


def _stems(text: str) -> Iterator[tuple[str, str]]:
    plain = _ELISION.sub("", _PREFIX.sub(r"\1", text.lower().translate(_APOSTROPHES)))
    for word in _WORD.findall(plain):
        stem = _stem(word)
        if stem:
            yield stem, word


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """The folded stem of a word in lower case; empty for stop words and for what is no word.

    The word is folded first, so that a missing accent changes nothing; two endings get theirs back for the stemmer.
    """
    folded = fold(word)
    if folded in STOP_WORDS or not _LETTERS.fullmatch(folded):
        return ""
    accented = re.sub(r"ite(s?)$", r"ité\1", re.sub(r"ee(s?)$", r"é\1", folded))
    stem = fold(FrenchStemmer().stemWord(accented))
    return stem[:-1] if _PLURAL.search(stem) else stem
