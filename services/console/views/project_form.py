"""The form of a project: what its fields become in a submission, and back."""

from collections.abc import Mapping
from typing import Any

from services.console.views import contact_form, perimeter_form, theme_form
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
from services.console.views.need_form import (
    OBJECT_KINDS,
    merged_needs,
    need_field_of,
    need_labels,
    need_values,
    read_needs,
)
from services.console.views.perimeter_form import Perimeters, kept_units, other_places, read_units, unit_values
from services.console.views.place_form import moved, place_values, read_place
from services.console.views.theme_form import changed_themes, read_themes, theme_values

LABELS = {
    "titre": "Titre",
    "resume": "Description",
    "commune": "Commune où le projet se déroule (pas le siège)",
    "code_postal": "Code postal",
    **perimeter_form.UNIT_LABELS,
    "lieux_ecrits": "Où le projet agit, si c'est plus large que sa commune",
    "stade": "Stade",
    "defi": "Défi auquel il répond",
    **theme_form.LABELS,
    "combien": "Combien de bénéficiaires ?",
    "beneficiaires": "Qui sont-ils ?",
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
    "frein_voie": "Guichet déjà choisi pour le lever",
}
EXAMPLES = {
    "titre": "Épicerie solidaire du port",
    "commune": "Rezé",
    "code_postal": "44400",
    "porteur": "Les Paniers de Rezé",
    "siren": "542 051 180",
    "combien": "120",
    "beneficiaires": "habitants du quartier",
    "a_trouver": "20 000",
    "trouve": "5 000",
    "echeance": "30/06/2027",
}

SHOWN: Mapping[str, tuple[str, ...]] = {
    "title": (),
    "summary": (),
    "owner": ("name", "legal_form", "accreditations", "siren"),
    "challenge_id": (),
    "perimeter": (),
    "stage": (),
    "beneficiaries": ("count", "label"),
    "needs": (),
    "amount_sought_eur": (),
    "amount_secured_eur": (),
    "deadline": (),
    "starts_on": (),
    "ends_on": (),
    "barrier": ("kind", "channel", "text"),
}
"""What of a project this form shows, its place and themes apart; the rest stays as it is."""

FIELD_OF = {
    "title": "titre",
    "summary": "resume",
    "place": "commune",
    "place.name": "commune",
    "place.postal_code": "code_postal",
    "commune": "commune",
    "challenge_id": "defi",
    "perimeter": "lieux_ecrits",
    "categories": "theme",
    "stage": "stade",
    "beneficiaries": "beneficiaires",
    "beneficiaries.count": "combien",
    "beneficiaries.label": "beneficiaires",
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
    "barrier.channel": "frein_voie",
    "barrier.text": "frein_texte",
    **contact_form.FIELD_OF,
}
"""Field of a submission -> field of the form."""


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
            "perimeter": read_units(reader) or None,
            "categories": read_themes(reader),
            "beneficiaries": _beneficiaries(reader),
            "stage": reader.required("stade", "Choisissez le stade le plus proche."),
            "needs": read_needs(reader),
            "amount_sought_eur": reader.number("a_trouver"),
            "amount_secured_eur": reader.number("trouve"),
            "deadline": reader.day("echeance"),
            "starts_on": reader.day("debut"),
            "ends_on": reader.day("fin"),
            "barrier": _barrier(reader),
        }
    )
    return submission, reader.faults


def project_values(kept: Mapping[str, Any], _perimeters: Perimeters) -> dict[str, tuple[str, ...]]:
    """The fields that give a kept project back."""
    owner, barrier, served = inside(kept, "owner"), inside(kept, "barrier"), inside(kept, "beneficiaries")
    place = inside(kept, "place") or place_values(kept.get("commune", ""))
    values = {
        "titre": kept.get("title"),
        "resume": kept.get("summary"),
        "commune": place.get("name"),
        "code_postal": place.get("postal_code"),
        "defi": kept.get("challenge_id"),
        **theme_values(kept),
        **unit_values(kept),
        "combien": served.get("count"),
        "beneficiaires": served.get("label"),
        "stade": kept.get("stage"),
        "a_trouver": kept.get("amount_sought_eur"),
        "trouve": kept.get("amount_secured_eur"),
        **need_values(kept),
        **owner_values(owner),
        "echeance": kept.get("deadline"),
        "debut": kept.get("starts_on"),
        "fin": kept.get("ends_on"),
        "frein": barrier.get("kind"),
        "frein_texte": barrier.get("text"),
        "frein_voie": barrier.get("channel"),
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
    whole = {
        **said,
        "needs": merged_needs(kept, said),
        "perimeter": kept_units(kept, said.get("perimeter", ())) or None,
    }
    return changes(kept, whole, SHOWN) | moved(kept, said) | changed_themes(kept, said)


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
        "theme": options(names, "categories", "Déduit du texte"),
        "themes": options(names, "categories"),
        "lieux": other_places(unit_values(kept)["lieux"], names),
        "besoin": options(names, "commitment_kinds"),
        "forme": options(names, "legal_forms", "Choisir", leave=("esus", "societe-mission")),
        "agrements": (("esus", "ESUS"), ("societe-mission", "Société à mission")),
        "frein": options(names, "barrier_kinds", "Aucun"),
        "frein_voie": options(names, "barrier_channels", "Aucun"),
        "contact_langue": contact_form.LANGUAGES,
        **{f"objets-{kind}": options(names, "objects") for kind in OBJECT_KINDS},
    }


def project_labels(atlas: Atlas) -> dict[str, str]:
    """Field -> its label, in the order of the form."""
    return LABELS | need_labels(atlas.names)


def project_field_of(path: str, typed: Typed) -> str:
    """The form's field that a fault of the submission belongs to; empty when it has none."""
    return need_field_of(path, typed) or field_in(FIELD_OF, path)


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


def _barrier(reader: Reader) -> dict[str, Any] | None:
    kind = reader.typed.one("frein")
    if not kind:
        return None
    text = reader.required("frein_texte", "Décrivez ce frein : quelle règle, ce qu'elle empêche.")
    return pruned({"kind": kind, "channel": reader.typed.one("frein_voie") or None, "text": text})


def _beneficiaries(reader: Reader) -> dict[str, Any] | None:
    count, label = reader.number("combien", "120"), reader.typed.one("beneficiaires") or None
    if count is None and label is None:
        return None
    if label is None:
        reader.faults["beneficiaires"] = "Dites qui ils sont, par exemple habitants du quartier."
    elif count is None:
        reader.faults.setdefault("combien", "Donnez un nombre, même approché, par exemple 120.")
    return pruned({"count": count, "label": label})
