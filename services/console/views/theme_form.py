"""The part of a project's form that says what it is about: one main theme, and perhaps two others."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.console.views.deposit import Reader, in_kept_order

LABELS = {"theme": "Thème principal", "themes": "Autres thèmes, deux au plus"}
MOST = 3


def read_themes(reader: Reader) -> list[str] | None:
    """The main theme first; nothing when none is chosen, or too many. A theme ticked alone is the main one."""
    main, others = reader.typed.one("theme"), reader.typed.all("themes")
    themes = list(dict.fromkeys([main, *others] if main else others))
    if len(themes) > MOST:
        reader.faults["themes"] = "Gardez deux autres thèmes au plus."
        return None
    if not main and len(themes) > 1:
        reader.faults["theme"] = "Choisissez le principal parmi les thèmes cochés : il compte davantage."
    return themes or None


def theme_values(kept: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The fields that give kept themes back."""
    themes: Sequence[str] = kept.get("categories") or ()
    return {"theme": tuple(themes[:1]), "themes": tuple(themes[1:])}


def changed_themes(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a merge patch that changes the themes; the order of the others, which says nothing, stays."""
    before, after = kept.get("categories"), said.get("categories")
    if before and after:
        after = [after[0], *in_kept_order(before, after[1:])]
    return {} if (after or None) == (before or None) else {"categories": after}
