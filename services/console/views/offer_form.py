"""The form of a commitment: what its fields become in a submission, and back."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from services.console.views import contact_form, perimeter_form
from services.console.views.atlas import Atlas
from services.console.views.deposit import Options, Reader, Typed, changes, inside, options, pruned, with_kept, written
from services.console.views.perimeter_form import (
    Perimeters,
    kept_units,
    other_places,
    perimeter_values,
    read_perimeter,
)
from shared.reference.geography import load_geography

LABELS = {
    "titre": "Titre",
    "description": "Description",
    "nature": "Nature",
    "objets": "Ce qui est donné, prêté, appris ou acheté",
    "total": "Budget ou valeur en tout, en euros",
    "montant_min": "Par projet, au moins (euros)",
    "montant_max": "Par projet, au plus (euros)",
    "jours": "Jours en tout",
    "jours_min": "Par projet, au moins (jours)",
    "jours_max": "Par projet, au plus (jours)",
    **perimeter_form.LABELS,
    "themes": "Thèmes",
    "stades": "Stades",
    "formes": "Formes juridiques",
    "defis": "Défis visés",
    "entreprise": "Nom de l'entreprise",
    "siren": "Numéro SIREN",
    "taille": "Taille",
    **contact_form.LABELS,
    "ouverture": "Ouvert à partir du",
    "fermeture": "Ouvert jusqu'au",
}

EXAMPLES = {
    "titre": "Vingt jours de comptable",
    "total": "24 000",
    "jours": "20",
    "entreprise": "Les Ateliers du fleuve",
    "siren": "542 051 180",
    "fermeture": "31/12/2027",
}

SHOWN: Mapping[str, tuple[str, ...]] = {
    "title": (),
    "description": (),
    "company": ("name", "siren", "size"),
    "kind": (),
    "objects": (),
    "total_eur": (),
    "per_project_eur": ("min", "max"),
    "days": (),
    "per_project_days": ("min", "max"),
    "perimeter": (),
    "accepts_neighbours": (),
    "categories": (),
    "challenges": (),
    "stages": (),
    "legal_forms": (),
    "opens_on": (),
    "closes_on": (),
}
"""What of a commitment this form shows; the rest stays as it is."""

FIELD_OF = {
    "title": "titre",
    "description": "description",
    "company": "entreprise",
    "company.name": "entreprise",
    "company.siren": "siren",
    "company.size": "taille",
    "kind": "nature",
    "objects": "objets",
    "total_eur": "total",
    "per_project_eur": "montant_min",
    "per_project_eur.min": "montant_min",
    "per_project_eur.max": "montant_max",
    "days": "jours",
    "per_project_days": "jours_min",
    "per_project_days.min": "jours_min",
    "per_project_days.max": "jours_max",
    "perimeter": "territoires",
    "accepts_neighbours": "voisins",
    "categories": "themes",
    "challenges": "defis",
    "stages": "stades",
    "legal_forms": "formes",
    "opens_on": "ouverture",
    "closes_on": "fermeture",
    **contact_form.FIELD_OF,
}
"""Field of a submission -> field of the form."""

SIZES = (
    ("", "Non précisée"),
    ("tpe", "TPE, moins de 10 salariés"),
    ("pme", "PME, de 10 à 249"),
    ("eti", "ETI, de 250 à 4 999"),
    ("grand-groupe", "Grand groupe"),
)


def read_commitment(typed: Typed, perimeters: Perimeters) -> tuple[dict[str, Any], dict[str, str]]:
    """What the form says of a commitment, and what is wrong by field; ingest finds the rest."""
    reader = Reader(typed)
    submission = pruned(
        {
            "title": reader.required("titre", "Donnez un titre, par exemple Vingt jours de comptable."),
            "description": reader.required("description", "Décrivez l'engagement en quelques phrases."),
            "company": _company(reader),
            "kind": reader.required("nature", "Choisissez la nature de l'engagement."),
            "objects": list(typed.all("objets")) or None,
            "total_eur": reader.number("total"),
            "per_project_eur": reader.span("montant_min", "montant_max"),
            "days": reader.number("jours", "20"),
            "per_project_days": reader.span("jours_min", "jours_max"),
            "perimeter": read_perimeter(reader, perimeters),
            "accepts_neighbours": typed.one("voisins") == "oui",
            "categories": list(typed.all("themes")),
            "challenges": list(typed.all("defis")) or None,
            "stages": list(typed.all("stades")),
            "legal_forms": list(typed.all("formes")),
            "opens_on": reader.day("ouverture"),
            "closes_on": reader.day("fermeture"),
        }
    )
    return submission, reader.faults


def commitment_values(kept: Mapping[str, Any], perimeters: Perimeters) -> dict[str, tuple[str, ...]]:
    """The fields that give a kept commitment back."""
    euros, days = inside(kept, "per_project_eur"), inside(kept, "per_project_days")
    values = {
        "titre": kept.get("title"),
        "description": kept.get("description"),
        "nature": kept.get("kind"),
        "objets": kept.get("objects"),
        "total": kept.get("total_eur"),
        "montant_min": euros.get("min"),
        "montant_max": euros.get("max"),
        "jours": kept.get("days"),
        "jours_min": days.get("min"),
        "jours_max": days.get("max"),
        "themes": kept.get("categories"),
        "stades": kept.get("stages"),
        "formes": kept.get("legal_forms"),
        "defis": kept.get("challenges"),
        **_company_values(inside(kept, "company")),
        "ouverture": kept.get("opens_on"),
        "fermeture": kept.get("closes_on"),
    }
    return {name: written(value) for name, value in values.items()} | perimeter_values(kept, perimeters)


def next_commitment(last: Mapping[str, Any], challenge_id: str) -> dict[str, tuple[str, ...]]:
    """The fields of a new commitment: the company as in their last one, the défi they came from."""
    values = {"defis": challenge_id or None, **_company_values(inside(last, "company"))}
    return {name: written(value) for name, value in values.items()}


def change_commitment(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch from a kept commitment to what the form says; what it does not show stays."""
    return changes(kept, {**said, "perimeter": kept_units(kept, said["perimeter"])}, SHOWN)


def commitment_options(atlas: Atlas, kept: Mapping[str, Any]) -> dict[str, Options]:
    """What each field of a choice offers."""
    names = atlas.names
    return {
        "nature": options(names, "commitment_kinds", "Choisir"),
        "objets": options(names, "objects"),
        **offer_options(atlas, kept),
        "defis": with_kept(atlas.challenge_choices(), kept.get("challenges", ()), names.challenges),
        "taille": SIZES,
    }


def offer_options(atlas: Atlas, kept: Mapping[str, Any]) -> dict[str, Options]:
    """What the choices that every offer has in common offer."""
    names = atlas.names
    kept_places = perimeter_values(kept, perimeters_of(atlas))["lieux"]
    return {
        "themes": options(names, "categories"),
        "stades": options(names, "stages"),
        "formes": options(names, "legal_forms"),
        "territoires": tuple((one.territory_id, one.name) for one in atlas.territories),
        "regions": _units("region"),
        "departements": _units("departement"),
        "lieux": other_places(kept_places, names),
        "voisins": (("oui", "oui"),),
        "contact_langue": contact_form.LANGUAGES,
    }


def perimeters_of(atlas: Atlas) -> dict[str, tuple[tuple[str, str], ...]]:
    """Each territory's units."""
    return {one.territory_id: tuple((unit.level, unit.code) for unit in one.perimeter) for one in atlas.territories}


def _company(reader: Reader) -> dict[str, Any]:
    return pruned(
        {
            "name": reader.required("entreprise", "Donnez le nom de l'entreprise."),
            "siren": reader.typed.one("siren").replace(" ", "") or None,
            "size": reader.typed.one("taille") or None,
        }
    )


def _company_values(company: Mapping[str, Any]) -> dict[str, Any]:
    return {"entreprise": company.get("name"), "siren": company.get("siren"), "taille": company.get("size")}


@cache
def _units(level: str) -> Options:
    geography = load_geography()
    return tuple((unit.code, geography.name(unit)) for unit in geography.units(level))
