"""Cleans what was typed before it is judged: spaces, forms of Unicode, nulls; finds what no text may hold."""

import re
import unicodedata
from typing import Any

from services.ingest.intake.outcome import Fault
from services.ingest.intake.personal import found_in

PARAGRAPHS = frozenset({"summary", "description", "text"})
"""Fields where line ends are kept; all other texts are one line."""

PUBLIC = PARAGRAPHS | {"title", "label", "name", "notes", "operator", "partners", "period_text", "sector", "why"}
"""Fields that people will read."""

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff]"
)
"""Controls, those that turn the direction of writing, halves of characters, private and unassigned ones."""

_MOST_ITEMS = 200
_LONGEST = 5_000
_DEEPEST = 8


def cleaned(value: Any, faults: list[Fault], path: str = "", name: str = "", depth: int = 0) -> Any:
    """The value with texts trimmed and composed, null members dropped; adds the faults found on the way."""
    if depth > _DEEPEST:
        faults.append(Fault(path, "trop-profond"))
        return None
    if isinstance(value, str):
        return _clean_text(value, faults, path, name)
    if isinstance(value, list):
        if len(value) > _MOST_ITEMS:
            faults.append(Fault(path, "liste-trop-longue", {"limit": _MOST_ITEMS}))
            return []
        return [cleaned(item, faults, f"{path}[{index}]", name, depth + 1) for index, item in enumerate(value)]
    if isinstance(value, dict):
        members = ((_sayable(key), member) for key, member in value.items() if member is not None)
        return {key: cleaned(member, faults, joined(path, key), key, depth + 1) for key, member in members}
    return value


def _sayable(name: str) -> str:
    """The name of a field with what no encoding can carry replaced."""
    return name.encode(errors="replace").decode()


def joined(path: str, name: str) -> str:
    """The path of a member: `owner` and `siren` make `owner.siren`."""
    return f"{path}.{name}" if path else name


def _clean_text(text: str, faults: list[Fault], path: str, name: str) -> str:
    if _FORBIDDEN.search(text):
        faults.append(Fault(path, "caractere-interdit"))
        return ""
    lines = unicodedata.normalize("NFC", text).splitlines() if text else [""]
    kept = [" ".join(line.split()) for line in lines]
    clean = ("\n" if name in PARAGRAPHS else " ").join(kept).strip()
    if len(clean) > _LONGEST:
        faults.append(Fault(path, "trop-long", {"limit": _LONGEST}))
        return clean[:_LONGEST]
    found = found_in(clean) if name in PUBLIC else None
    if found:
        faults.append(Fault(path, found))
    return clean
