"""The part of a project's form that says what it needs: each kind with how much, which objects, in which words."""

import re
from collections.abc import Mapping
from typing import Any

from services.console.views.deposit import Reader, Typed, pruned
from shared.words.names import Names

MONEY_KINDS = ("mecenat-financier", "investissement-impact", "mecenat-nature", "achats-responsables")
DAY_KINDS = ("mecenat-competences",)
OBJECT_KINDS = ("mecenat-nature", "mecenat-competences", "achats-responsables", "accompagnement", "rse", "partenariat")

_LABELS = {
    "montant": "Montant ou valeur, en euros",
    "jours": "Jours",
    "precision": "Précision",
    "objets": "Objets cherchés",
}
_PATH = re.compile(r"needs[.\[](\d+)\]?(?:\.(\w+))?.*")
_FIELDS = {"amount_eur": "montant", "days": "jours", "objects": "objets", "label": "precision"}


def read_needs(reader: Reader) -> list[dict[str, Any]]:
    """The needs ticked; at least one, or money still to find."""
    kinds = reader.typed.all("besoin")
    if not kinds and not reader.typed.one("a_trouver"):
        reader.faults["besoin"] = "Cochez un besoin, par exemple Mécénat financier, ou dites l'argent à trouver."
    return [
        pruned(
            {
                "kind": kind,
                "amount_eur": reader.number(f"montant-{kind}") if kind in MONEY_KINDS else None,
                "days": reader.number(f"jours-{kind}", "12") if kind in DAY_KINDS else None,
                "objects": list(reader.typed.all(f"objets-{kind}")) or None,
                "label": reader.typed.one(f"precision-{kind}") or None,
            }
        )
        for kind in kinds
    ]


def need_values(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that give kept needs back."""
    needs = kept.get("needs", ())
    return {
        "besoin": [need["kind"] for need in needs],
        **{f"{field}-{need['kind']}": need.get(name) for need in needs for name, field in _FIELDS.items()},
    }


def merged_needs(kept: Mapping[str, Any], said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The needs said, each with what the form does not show of its kind."""
    before = {need["kind"]: need for need in kept.get("needs", ())}
    return [_merged(before.get(need["kind"], {}), need) for need in said["needs"]]


def need_labels(names: Names) -> dict[str, str]:
    """Field -> its label, with the kind it is of."""
    kinds = names.labels["commitment_kinds"]
    needs = {
        f"{_FIELDS[name]}-{kind}": f"{_LABELS[_FIELDS[name]]} ({of})"
        for kind, of in kinds.items()
        for name in _shown_of(kind)
    }
    needs["montant-achats-responsables"] = f"Commandes possibles, en euros par an ({kinds['achats-responsables']})"
    return needs


def need_field_of(path: str, typed: Typed) -> str | None:
    """The form's field that a fault of a need belongs to; nothing when it is of no need."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    kinds = typed.all("besoin")
    rank = int(found.group(1))
    prefix = _FIELDS.get(found.group(2) or "")
    return f"{prefix}-{kinds[rank]}" if prefix and rank < len(kinds) else "besoin"


def _merged(before: Mapping[str, Any], need: Mapping[str, Any]) -> dict[str, Any]:
    kind = need["kind"]
    left = {name: value for name, value in before.items() if name not in _shown_of(kind)}
    return left | dict(need)


def _shown_of(kind: str) -> tuple[str, ...]:
    of_kinds = (("amount_eur", MONEY_KINDS), ("days", DAY_KINDS), ("objects", OBJECT_KINDS))
    return ("label", *(name for name, kinds in of_kinds if kind in kinds))
