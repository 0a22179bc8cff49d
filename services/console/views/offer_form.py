"""The form that deposits a commitment: what its fields become in a submission."""

from typing import Any

from services.console.views.deposit import Reader, Typed, pruned
from shared.events.shapes import Commitment

FIELD_OF = {
    "title": "titre",
    "description": "description",
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
    "categories": "themes",
    "challenges": "defis",
    "stages": "stades",
    "legal_forms": "formes",
    "opens_on": "ouverture",
    "closes_on": "fermeture",
}
"""Field of a submission -> field of the form."""

NATIONAL = {"level": "national", "code": "FR"}


def read_commitment(
    typed: Typed, *, commitment_id: str, company_id: str, perimeters: dict[str, list[dict[str, str]]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The submission, and what is wrong by field; `perimeters`: each territory's units. Ingest finds the rest."""
    reader = Reader(typed)
    submission = pruned(
        {
            "commitment_id": commitment_id,
            "title": reader.required("titre", "Donnez un titre, par exemple Vingt jours de comptable."),
            "description": reader.required("description", "Décrivez l'engagement en quelques phrases."),
            "company": _company(reader, company_id),
            "kind": reader.required("nature", "Choisissez la nature de l'engagement."),
            "objects": list(typed.all("objets")) or None,
            "total_eur": reader.number("total"),
            "per_project_eur": reader.span("montant_min", "montant_max"),
            "days": reader.number("jours", "20"),
            "per_project_days": reader.span("jours_min", "jours_max"),
            "perimeter": _perimeter(typed, perimeters),
            "accepts_neighbours": typed.one("voisins") == "oui",
            "categories": list(typed.all("themes")),
            "challenges": list(typed.all("defis")) or None,
            "stages": list(typed.all("stades")),
            "legal_forms": list(typed.all("formes")),
            "opens_on": reader.day("ouverture"),
            "closes_on": reader.day("fermeture"),
            "status": "actif",
        }
    )
    return submission, reader.faults


def form_field_of(path: str, typed: Typed) -> str:
    """The form's field that a fault of the submission belongs to; empty when it has none."""
    return FIELD_OF.get(path, FIELD_OF.get(path.split("[", maxsplit=1)[0].split(".", maxsplit=1)[0], ""))


def prefilled(company: Commitment | None, challenge_id: str) -> Typed:
    """A new form: the company as in its last offer, the défi they came from."""
    values: dict[str, tuple[str, ...]] = {"defis": (challenge_id,)} if challenge_id else {}
    if company:
        values["entreprise"] = (company.company.name,)
        values["siren"] = (company.company.siren or "",)
        values["taille"] = (company.company.size or "",)
    return Typed(values)


def _company(reader: Reader, company_id: str) -> dict[str, Any]:
    return pruned(
        {
            "company_id": company_id,
            "name": reader.required("entreprise", "Donnez le nom de l'entreprise."),
            "siren": reader.typed.one("siren").replace(" ", "") or None,
            "size": reader.typed.one("taille") or None,
        }
    )


def _perimeter(typed: Typed, perimeters: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    units = [unit for territory in typed.all("territoires") for unit in perimeters.get(territory, [])]
    units += [{"level": "region", "code": code} for code in typed.all("regions")]
    units += [{"level": "departement", "code": code} for code in typed.all("departements")]
    return units or [NATIONAL]
