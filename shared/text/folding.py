"""Folds French text: lower case, no accent, ligatures opened, so that spellings of the same word compare equal."""

import re
import unicodedata

_OPENED = {"œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "ʼ": "'", "‘": "'", "`": "'"}
_ACCENTS = re.compile("[\u0300-\u036f]+")


def fold(text: str) -> str:
    """Lower case without accents, apostrophes made plain; other characters stay, line ends too. Idempotent."""
    lowered = text.lower()
    for closed, opened in _OPENED.items():  # faster than `str.translate` on long texts
        lowered = lowered.replace(closed, opened)
    if lowered.isascii():
        return lowered
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", lowered)).lower()
