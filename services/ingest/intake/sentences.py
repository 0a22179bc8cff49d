"""How sentences of faults are written: French and English, message and remedy, each of one or more clauses."""

from typing import TypedDict

Clauses = tuple[str, ...]


class Sentences(TypedDict):
    """Message clauses and remedy clauses, per language."""

    fr: tuple[Clauses, Clauses]
    en: tuple[Clauses, Clauses]


def words_of(fr: str | Clauses, fr_remedy: str | Clauses, en: str | Clauses, en_remedy: str | Clauses) -> Sentences:
    return {"fr": (_clauses(fr), _clauses(fr_remedy)), "en": (_clauses(en), _clauses(en_remedy))}


def _clauses(text: str | Clauses) -> Clauses:
    return (text,) if isinstance(text, str) else text
