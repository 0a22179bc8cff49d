"""Says faults in words: what is wrong and what to do about it, in French or in English."""

import string
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from services.ingest.intake.outcome import Fault
from services.ingest.intake.words import WORDS
from services.ingest.intake.words_of_tables import TABLES
from shared.words.french import day, days, money, number, typeset

Language = Literal["fr", "en"]


class Said(NamedTuple):
    """A fault in words."""

    field: str
    code: str
    message: str
    remedy: str
    candidates: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The member of `errors` of a problem document; candidates only where there are some."""
        body: dict[str, Any] = self._asdict()
        if not self.candidates:
            del body["candidates"]
        return body


def say(fault: Fault, language: Language = "fr") -> Said:
    """The words of a fault. A clause whose facts are not known is left out."""
    words = TABLES if fault.in_table and fault.code in TABLES else WORDS
    message, remedy = words[fault.code][language]
    facts = {"field": fault.field, **{name: _fact(fact, fault.field, language) for name, fact in fault.facts.items()}}
    return Said(
        _sayable(fault.field),
        fault.code,
        _said(message, facts, language),
        _said(remedy, facts, language),
        tuple(fault.facts.get("candidates", ())),
    )


def say_all(faults: tuple[Fault, ...], language: Language = "fr") -> list[dict[str, Any]]:
    """The `errors` of a problem document."""
    return [say(fault, language).as_json() for fault in faults]


def language_of(accept_language: str | None) -> Language:
    """French unless the header prefers English; quality values are obeyed, unknown languages skipped."""
    best: tuple[float, Language] = (0.0, "fr")
    for part in (accept_language or "").split(","):
        tag, _, quality = part.strip().partition(";q=")
        name = tag.strip().lower()[:2]
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        if name in {"fr", "en"} and weight > best[0]:
            best = (weight, "en" if name == "en" else "fr")
    return best[1]


def _said(clauses: tuple[str, ...], facts: Mapping[str, Any], language: Language) -> str:
    said = " ".join(clause.format_map(facts) for clause in clauses if _names(clause) <= facts.keys())
    return typeset(_sayable(said)) if language == "fr" else _sayable(said)


def _fact(fact: Any, field: str, language: Language) -> Any:
    """A fact as people read it: amounts with the unit that their field says, days in words in French."""
    if isinstance(fact, date):
        return day(fact) if language == "fr" else fact.isoformat()
    if not isinstance(fact, int) or isinstance(fact, bool):
        return fact
    if "_eur" in field:
        return money(fact) if language == "fr" else f"€{fact:,}"
    if "days" in field:
        return days(fact) if language == "fr" else f"{fact} day{'s' if fact != 1 else ''}"
    return number(fact) if language == "fr" else f"{fact:,}"


def _sayable(text: str) -> str:
    """The text with what no encoding can carry replaced: names of fields come from outside."""
    return text.encode(errors="replace").decode()


def _names(clause: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(clause) if name}
