"""The form that deposits a project: what its fields become in a submission, and back."""

import re
from typing import Any

from services.console.views.deposit import Reader, Typed, pruned
from shared.events.shapes import Project

MONEY_KINDS = ("mecenat-financier", "investissement-impact", "mecenat-nature", "achats-responsables")
DAY_KINDS = ("mecenat-competences",)
OBJECT_KINDS = ("mecenat-nature", "mecenat-competences", "achats-responsables", "accompagnement", "rse", "partenariat")

FIELD_OF = {
    "title": "titre",
    "summary": "resume",
    "place": "commune",
    "place.name": "commune",
    "place.postal_code": "code_postal",
    "commune": "commune",
    "challenge_id": "defi",
    "categories": "themes",
    "stage": "stade",
    "needs": "besoin",
    "amount_sought_eur": "a_trouver",
    "amount_secured_eur": "trouve",
    "deadline": "echeance",
    "starts_on": "debut",
    "ends_on": "fin",
    "owner.name": "porteur",
    "owner.legal_form": "forme",
    "owner.accreditations": "agrements",
    "owner.siren": "siren",
    "barrier": "frein",
    "barrier.kind": "frein",
    "barrier.text": "frein_texte",
}
"""Field of a submission -> field of the form."""

_NEED = re.compile(r"needs[.\[](\d+)\]?(?:\.(\w+))?")
_NEED_FIELDS = {"amount_eur": "montant", "days": "jours", "objects": "objets", "label": "precision"}


def read_project(typed: Typed, *, project_id: str, owner_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The submission, and what is wrong by field; ingest finds the rest."""
    reader = Reader(typed)
    submission = pruned(
        {
            "project_id": project_id,
            "title": reader.required("titre", "Donnez un titre, par exemple Épicerie solidaire du port."),
            "summary": reader.required("resume", "Décrivez le projet en quelques phrases : le problème, pour qui."),
            "owner": _owner(reader, owner_id),
            "place": _place(reader),
            "challenge_id": typed.one("defi") or None,
            "categories": list(typed.all("themes")) or None,
            "stage": reader.required("stade", "Choisissez le stade le plus proche."),
            "needs": _needs(reader),
            "amount_sought_eur": reader.number("a_trouver"),
            "amount_secured_eur": reader.number("trouve"),
            "deadline": reader.day("echeance"),
            "starts_on": reader.day("debut"),
            "ends_on": reader.day("fin"),
            "barrier": _barrier(reader),
            "status": "actif",
        }
    )
    if len(typed.all("themes")) > 3:
        reader.faults["themes"] = "Gardez trois thèmes au plus, le principal d'abord."
    return submission, reader.faults


def form_field_of(path: str, typed: Typed) -> str:
    """The form's field that a fault of the submission belongs to; empty when it has none."""
    found = _NEED.fullmatch(path)
    if found is None:
        return FIELD_OF.get(path, FIELD_OF.get(path.split("[", maxsplit=1)[0].rsplit(".", 1)[0], ""))
    kinds = typed.all("besoin")
    rank = int(found.group(1))
    prefix = _NEED_FIELDS.get(found.group(2) or "")
    return f"{prefix}-{kinds[rank]}" if prefix and rank < len(kinds) else "besoin"


def prefilled(owner: Project | None, challenge_id: str) -> Typed:
    """A new form: the owner as in their last project, the défi they came from."""
    values: dict[str, tuple[str, ...]] = {"defi": (challenge_id,)} if challenge_id else {}
    if owner:
        values["porteur"] = (owner.owner.name,)
        values["forme"] = (owner.owner.legal_form,)
        values["siren"] = (owner.owner.siren or "",)
        values["agrements"] = tuple(owner.owner.accreditations)
    return Typed(values)


def _owner(reader: Reader, owner_id: str) -> dict[str, Any]:
    typed = reader.typed
    return pruned(
        {
            "owner_id": owner_id,
            "name": reader.required("porteur", "Donnez le nom de la structure, ou le vôtre."),
            "legal_form": reader.required("forme", "Choisissez la forme juridique la plus proche."),
            "accreditations": list(typed.all("agrements")) or None,
            "siren": typed.one("siren").replace(" ", "") or None,
        }
    )


def _place(reader: Reader) -> dict[str, Any]:
    name = reader.required("commune", "Donnez la commune où le projet se déroule, par exemple Rezé.")
    return pruned({"name": name, "postal_code": reader.typed.one("code_postal").replace(" ", "") or None})


def _needs(reader: Reader) -> list[dict[str, Any]]:
    kinds = reader.typed.all("besoin")
    if not kinds:
        reader.faults["besoin"] = "Cochez au moins un besoin, par exemple Mécénat financier."
    return [
        pruned(
            {
                "kind": kind,
                "amount_eur": reader.number(f"montant-{kind}"),
                "days": reader.number(f"jours-{kind}", "12"),
                "objects": list(reader.typed.all(f"objets-{kind}")) or None,
                "label": reader.typed.one(f"precision-{kind}") or None,
            }
        )
        for kind in kinds
    ]


def _barrier(reader: Reader) -> dict[str, Any] | None:
    kind = reader.typed.one("frein")
    if not kind:
        return None
    text = reader.required("frein_texte", "Décrivez ce frein : quelle règle, ce qu'elle empêche.")
    return pruned({"kind": kind, "text": text})
