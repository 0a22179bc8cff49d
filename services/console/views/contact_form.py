"""The part of a deposit form that says whom to write to: the address is the one they signed in with."""

from collections.abc import Mapping
from typing import Any

from services.console.views.deposit import Typed, pruned

LABELS = {"contact_nom": "Votre nom", "contact_langue": "Langue de vos messages"}
LANGUAGES = (("fr", "Français"), ("en", "Anglais"))
FIELD_OF = {
    "contact": "contact_nom",
    "contact.email": "contact_nom",
    "contact.name": "contact_nom",
    "contact.language": "contact_langue",
}


def contact_values(contact: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The fields of a contact as it is known."""
    return {"contact_nom": (contact.get("name") or "",), "contact_langue": (contact.get("language") or "fr",)}


def changed_contact(typed: Typed, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """The contact to submit; nothing when the form says what is known already, or nothing at all.

    A name left empty does not erase the one on record: whoever is introduced has a name.
    """
    name, language = typed.one("contact_nom") or None, typed.one("contact_langue") or None
    known = before.get("language") or "fr"
    if name in (None, before.get("name")) and language in (None, known):
        return None
    return pruned({"email": before["email"], "name": name or before.get("name"), "language": language or known})
