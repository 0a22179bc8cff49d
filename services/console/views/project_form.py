"""The form of a project: what its fields become in a submission, and back."""

import re
from collections.abc import Mapping
from typing import Any

from services.console.views import contact_form
from services.console.views.atlas import Atlas
from services.console.views.deposit import (
    Options,
    Reader,
    Typed,
    changes,
    field_in,
    inside,
    options,
    pruned,
    with_kept,
    written,
)
from services.console.views.perimeter_form import Perimeters
from services.console.views.place_form import moved, place_values, read_place

MONEY_KINDS = ("mecenat-financier", "investissement-impact", "mecenat-nature", "achats-responsables")
DAY_KINDS = ("mecenat-competences",)
OBJECT_KINDS = ("mecenat-nature", "mecenat-competences", "achats-responsables", "accompagnement", "rse", "partenariat")

LABELS = {
    "titre": "Titre",
    "resume": "Description",
    "commune": "Commune où le projet se déroule (pas le siège)",
    "code_postal": "Code postal",
    "stade": "Stade",
    "defi": "Défi auquel il répond",
    "themes": "Thèmes, trois au plus",
    "besoin": "Besoins",
    "a_trouver": "Argent encore à trouver, en euros",
    "trouve": "Argent déjà trouvé, en euros",
    "porteur": "Nom de la structure ou de la personne",
    "forme": "Forme juridique",
    "agrements": "Agréments",
    "siren": "Numéro SIREN",
    **contact_form.LABELS,
    "echeance": "Réponse attendue avant le",
    "debut": "Début",
    "fin": "Fin",
    "frein": "Frein réglementaire",
    "frein_texte": "Ce que ce frein empêche",
}
_NEED_LABELS = {
    "montant": "Montant ou valeur, en euros",
    "jours": "Jours",
    "precision": "Précision",
    "objets": "Objets cherchés",
}

EXAMPLES = {
    "titre": "Épicerie solidaire du port",
    "commune": "Rezé",
    "code_postal": "44400",
    "porteur": "Les Paniers de Rezé",
    "siren": "542 051 180",
    "a_trouver": "20 000",
    "trouve": "5 000",
    "echeance": "30/06/2027",
}

SHOWN: Mapping[str, tuple[str, ...]] = {
    "title": (),
    "summary": (),
    "owner": ("name", "legal_form", "accreditations", "siren"),
    "challenge_id": (),
    "categories": (),
    "stage": (),
    "needs": (),
    "amount_sought_eur": (),
    "amount_secured_eur": (),
    "deadline": (),
    "starts_on": (),
    "ends_on": (),
    "barrier": ("kind", "text"),
}
"""What of a project this form shows, its place apart; the rest stays as it is."""

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
    "owner": "porteur",
    "owner.name": "porteur",
    "owner.legal_form": "forme",
    "owner.accreditations": "agrements",
    "owner.siren": "siren",
    "barrier": "frein",
    "barrier.kind": "frein",
    "barrier.text": "frein_texte",
    **contact_form.FIELD_OF,
}
"""Field of a submission -> field of the form."""

_NEED = re.compile(r"needs[.\[](\d+)\]?(?:\.(\w+))?.*")
_NEED_FIELDS = {"amount_eur": "montant", "days": "jours", "objects": "objets", "label": "precision"}


def read_project(typed: Typed, _perimeters: Perimeters) -> tuple[dict[str, Any], dict[str, str]]:
    """What the form says of a project, and what is wrong by field; ingest finds the rest."""
    reader = Reader(typed)
    submission = pruned(
        {
            "title": reader.required("titre", "Donnez un titre, par exemple Épicerie solidaire du port."),
            "summary": reader.required("resume", "Décrivez le projet en quelques phrases : le problème, pour qui."),
            "owner": _owner(reader),
            **read_place(reader),
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
        }
    )
    if len(typed.all("themes")) > 3:
        reader.faults["themes"] = "Gardez trois thèmes au plus, le principal d'abord."
    return submission, reader.faults


def project_values(kept: Mapping[str, Any], _perimeters: Perimeters) -> dict[str, tuple[str, ...]]:
    """The fields that give a kept project back."""
    owner, barrier = inside(kept, "owner"), inside(kept, "barrier")
    place = place_values(kept.get("commune", ""))
    values = {
        "titre": kept.get("title"),
        "resume": kept.get("summary"),
        "commune": place.get("name"),
        "code_postal": place.get("postal_code"),
        "defi": kept.get("challenge_id"),
        "themes": kept.get("categories"),
        "stade": kept.get("stage"),
        "besoin": [need["kind"] for need in kept.get("needs", ())],
        "a_trouver": kept.get("amount_sought_eur"),
        "trouve": kept.get("amount_secured_eur"),
        **{
            f"{field}-{need['kind']}": need.get(name)
            for need in kept.get("needs", ())
            for name, field in _NEED_FIELDS.items()
        },
        **owner_values(owner),
        "echeance": kept.get("deadline"),
        "debut": kept.get("starts_on"),
        "fin": kept.get("ends_on"),
        "frein": barrier.get("kind"),
        "frein_texte": barrier.get("text"),
    }
    return {name: written(value) for name, value in values.items()}


def owner_values(owner: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of who carries it, the same from one project to the next."""
    return {
        "porteur": owner.get("name"),
        "forme": owner.get("legal_form"),
        "agrements": owner.get("accreditations"),
        "siren": owner.get("siren"),
    }


def next_project(last: Mapping[str, Any], challenge_id: str) -> dict[str, tuple[str, ...]]:
    """The fields of a new project: the owner as in their last one, the défi they came from."""
    values = {"defi": challenge_id or None, **owner_values(inside(last, "owner"))}
    return {name: written(value) for name, value in values.items()}


def change_project(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch from a kept project to what the form says; what it does not show stays."""
    before = {need["kind"]: need for need in kept.get("needs", ())}
    needs = [_merged(before.get(need["kind"], {}), need) for need in said["needs"]]
    return changes(kept, {**said, "needs": needs}, SHOWN) | moved(kept, said)


def project_options(atlas: Atlas, kept: Mapping[str, Any]) -> dict[str, Options]:
    """What each field of a choice offers."""
    names = atlas.names
    return {
        "stade": options(names, "stages", "Choisir"),
        "defi": with_kept(
            (("", "Aucun défi en particulier"), *atlas.challenge_choices()),
            written(kept.get("challenge_id")),
            names.challenges,
        ),
        "themes": options(names, "categories"),
        "besoin": options(names, "commitment_kinds"),
        "forme": options(names, "legal_forms", "Choisir", leave=("esus", "societe-mission")),
        "agrements": (("esus", "ESUS"), ("societe-mission", "Société à mission")),
        "frein": options(names, "barrier_kinds", "Aucun"),
        "contact_langue": contact_form.LANGUAGES,
        **{f"objets-{kind}": options(names, "objects") for kind in OBJECT_KINDS},
    }


def project_labels(atlas: Atlas) -> dict[str, str]:
    """Field -> its label, in the order of the form."""
    kinds = atlas.names.labels["commitment_kinds"]
    needs = {
        f"{_NEED_FIELDS[name]}-{kind}": f"{_NEED_LABELS[_NEED_FIELDS[name]]} ({of})"
        for kind, of in kinds.items()
        for name in _shown_of(kind)
    }
    needs["montant-achats-responsables"] = f"Commandes possibles, en euros par an ({kinds['achats-responsables']})"
    return LABELS | needs


def project_field_of(path: str, typed: Typed) -> str:
    """The form's field that a fault of the submission belongs to; empty when it has none."""
    found = _NEED.fullmatch(path)
    if found is None:
        return field_in(FIELD_OF, path)
    kinds = typed.all("besoin")
    rank = int(found.group(1))
    prefix = _NEED_FIELDS.get(found.group(2) or "")
    return f"{prefix}-{kinds[rank]}" if prefix and rank < len(kinds) else "besoin"


def _owner(reader: Reader) -> dict[str, Any]:
    typed = reader.typed
    return pruned(
        {
            "name": reader.required("porteur", "Donnez le nom de la structure, ou le vôtre."),
            "legal_form": reader.required("forme", "Choisissez la forme juridique la plus proche."),
            "accreditations": list(typed.all("agrements")) or None,
            "siren": typed.one("siren").replace(" ", "") or None,
        }
    )


def _merged(before: Mapping[str, Any], need: Mapping[str, Any]) -> dict[str, Any]:
    """A need as the form says it, with what the form does not show of its kind."""
    kind = need["kind"]
    left = {name: value for name, value in before.items() if name not in _shown_of(kind)}
    return left | dict(need)


def _shown_of(kind: str) -> tuple[str, ...]:
    of_kinds = (("amount_eur", MONEY_KINDS), ("days", DAY_KINDS), ("objects", OBJECT_KINDS))
    return ("label", *(name for name, kinds in of_kinds if kind in kinds))


def _needs(reader: Reader) -> list[dict[str, Any]]:
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


def _barrier(reader: Reader) -> dict[str, Any] | None:
    kind = reader.typed.one("frein")
    if not kind:
        return None
    text = reader.required("frein_texte", "Décrivez ce frein : quelle règle, ce qu'elle empêche.")
    return pruned({"kind": kind, "text": text})
