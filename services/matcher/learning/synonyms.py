"""Words that count as one in the text model: each as the term of the word of the taxonomy that stands for it."""

import tomllib
from functools import cache
from pathlib import Path

from shared.text.terms import terms

FILE = Path(__file__).with_suffix(".toml")


def groups() -> dict[str, list[str]]:
    """For each word that stands for others, these others, as they are written."""
    told: dict[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {word: [other.strip() for other in others.split(",")] for word, others in told.items()}


@cache
def synonyms() -> dict[str, str]:
    """The term that each other term counts as; raises `ValueError` where a word is not one term of its own."""
    found: dict[str, str] = {}
    for word, others in groups().items():
        (head,) = terms(word)
        for other in others:
            (term,) = terms(other)
            if found.setdefault(term, head) != head or term == head:
                raise ValueError(f"{other} stands in two groups, or has the term of {word}")
    return found
