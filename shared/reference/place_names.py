"""Reads the name of a place as people type it: spelling made regular, hints found inside it taken apart."""

import re
from typing import NamedTuple

from shared.text.folding import fold

_SUR = re.compile(r"\bs/")
_SEPARATORS = re.compile(r"[^a-z0-9\n]+")
_ABBREVIATION = re.compile(r"\b(st)(e?s?)\b")
_ARTICLE_LAST = re.compile(r"^(.+) (les?|la|l)$", re.MULTILINE)
_ARTICLE = re.compile(r"^(?:les?|la|l) (?=.)", re.MULTILINE)
_CEDEX = re.compile(r"\b(?:cedex|cdx)\b(?: ?\d{1,2}\b)?")
_POSTAL_CODE = re.compile(r"(?<!\d)\d{5}(?!\d)")
_DEPARTEMENT = re.compile(r"[,(]\s*(\d{2,3}|2[ab])\s*\)?\s*$", re.IGNORECASE)
_ARRONDISSEMENTS = {"paris": 20, "lyon": 9, "marseille": 16}
_ORDINAL = r"(\d{1,2}) ?(?:er|re|e|eme|ieme|nd|nde)?"
_CITY_THEN_NUMBER = re.compile(rf"(paris|lyon|marseille) {_ORDINAL}(?: (?:arr|arrdt|arrondissement))?")
_NUMBER_THEN_CITY = re.compile(rf"{_ORDINAL} (?:arr|arrdt|arrondissement)(?: de)? (paris|lyon|marseille)")


class TypedPlace(NamedTuple):
    """What someone typed: regular words, and what they said of the post code and the département (empty if nothing)."""

    words: str
    postal_code: str
    departement: str


def spelled(names: str) -> str:
    """A name, or one per line, as regular words: no case, accent, hyphen or apostrophe.

    « St » becomes « saint », « s/ » « sur », « Mans (Le) » « le mans ».
    """
    words = _SEPARATORS.sub(" ", _SUR.sub("sur ", fold(names)))
    words = "\n".join(line.strip() for line in words.split("\n"))
    return _ARTICLE_LAST.sub(r"\2 \1", _ABBREVIATION.sub(r"saint\2", words))


def run_together(words: str) -> str:
    """Regular words without spaces nor leading article: what remains of a name when its typography is forgotten."""
    return _ARTICLE.sub("", words).replace(" ", "")


def read_typed(name: str, postal_code: str | None, departement: str | None) -> TypedPlace:
    """Parts a typed name from the hints inside it (« 93200 Saint-Denis », « Saint-Denis (93) », « Rezé Cedex »)."""
    postal = re.sub(r"\s", "", postal_code or "")
    area = (departement or "").strip()
    inside = _POSTAL_CODE.search(name)
    if inside:
        name = name[: inside.start()] + " " + name[inside.end() :]
        postal = postal or inside.group()
    at_end = _DEPARTEMENT.search(name)
    if at_end:
        name = name[: at_end.start()]
        area = area or at_end.group(1)
    words = _without_arrondissement(_CEDEX.sub("", spelled(name.replace("\n", " "))).strip())
    return TypedPlace(words, postal.zfill(5) if postal else "", area)


def _without_arrondissement(words: str) -> str:
    found = _CITY_THEN_NUMBER.fullmatch(words)
    city, number = (found.group(1), found.group(2)) if found else ("", "")
    if not found and (found := _NUMBER_THEN_CITY.fullmatch(words)):
        city, number = found.group(2), found.group(1)
    return city if city and 1 <= int(number) <= _ARRONDISSEMENTS[city] else words


def edit_distance(a: str, b: str, limit: int) -> int:
    """Letters to insert, drop or change between two words; `limit + 1` as soon as it is above the limit."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    previous = list(range(len(b) + 1))
    for row, char in enumerate(a, 1):
        current = [row]
        for column, other in enumerate(b, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (char != other)))
        if min(current) > limit:
            return limit + 1
        previous = current
    return min(previous[-1], limit + 1)


def letters(key: str) -> int:
    """The set of its letters as bits: names an edit apart differ by two bits at most."""
    bits = 0
    for char in set(key):
        bits |= 1 << (ord(char) & 31)
    return bits
