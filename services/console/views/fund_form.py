"""The form of a fund, a programme, a call or a desk: what its fields become in a submission, and back."""

from collections.abc import Mapping
from typing import Any

from services.console.views import contact_form, perimeter_form
from services.console.views.atlas import Atlas
from services.console.views.deposit import Options, Reader, Typed, changes, inside, options, pruned, written
from services.console.views.offer_form import offer_options
from services.console.views.perimeter_form import Perimeters, kept_units, perimeter_values, read_perimeter

LABELS = {
    "titre": "Nom du fonds, du programme ou du guichet",
    "description": "Description",
    "operateur": "Organisme qui le tient",
    "nature": "De quoi s'agit-il ?",
    "aides": "Ce qu'il apporte",
    "publics": "À qui",
    "montant_min": "Par projet, au moins (euros)",
    "montant_max": "Par projet, au plus (euros)",
    "enveloppe": "Enveloppe en tout, en euros",
    **perimeter_form.LABELS,
    "labellises": "Réservé aux Territoires French Impact",
    "themes": "Thèmes",
    "stades": "Stades",
    "formes": "Formes juridiques",
    "freins": "Pour lever un frein réglementaire seulement",
    "direct": "L'argent va directement aux projets",
    "adresse": "Adresse web pour candidater",
    "ouverture": "Ouvert à partir du",
    "fermeture": "Ouvert jusqu'au",
    **contact_form.LABELS,
}

EXAMPLES = {
    "titre": "Fonds d'amorçage solidaire",
    "operateur": "Région Bretagne",
    "montant_min": "5 000",
    "montant_max": "30 000",
    "enveloppe": "500 000",
    "adresse": "https://www.exemple.fr/candidater",
    "fermeture": "31/12/2027",
}

SHOWN: Mapping[str, tuple[str, ...]] = {
    "title": (),
    "description": (),
    "operator": (),
    "nature": (),
    "kinds": (),
    "recipients": (),
    "envelope_eur": (),
    "ticket_eur": ("min", "max"),
    "perimeter": (),
    "accepts_neighbours": (),
    "categories": (),
    "stages": (),
    "legal_forms": (),
    "labelled_territories_only": (),
    "needs_barrier": (),
    "direct_funding": (),
    "apply_url": (),
    "opens_on": (),
    "closes_on": (),
}
"""What of a fund this form shows; the rest stays as it is."""

FIELD_OF = {
    "title": "titre",
    "description": "description",
    "operator": "operateur",
    "nature": "nature",
    "kinds": "aides",
    "recipients": "publics",
    "envelope_eur": "enveloppe",
    "ticket_eur": "montant_min",
    "ticket_eur.min": "montant_min",
    "ticket_eur.max": "montant_max",
    "perimeter": "territoires",
    "accepts_neighbours": "voisins",
    "labelled_territories_only": "labellises",
    "categories": "themes",
    "stages": "stades",
    "legal_forms": "formes",
    "needs_barrier": "freins",
    "direct_funding": "direct",
    "apply_url": "adresse",
    "opens_on": "ouverture",
    "closes_on": "fermeture",
    **contact_form.FIELD_OF,
}
"""Field of a submission -> field of the form."""

RECIPIENTS = (
    ("porteur", "Porteurs de projet"),
    ("collectif", "Collectifs de territoire"),
    ("collectivite", "Collectivités"),
)


def read_fund(typed: Typed, perimeters: Perimeters) -> tuple[dict[str, Any], dict[str, str]]:
    """What the form says of a fund, and what is wrong by field; ingest finds the rest."""
    reader = Reader(typed)
    submission = pruned(
        {
            "title": reader.required("titre", "Donnez son nom, par exemple Fonds d'amorçage solidaire."),
            "description": reader.required("description", "Dites ce qu'il finance ou apporte, et comment."),
            "operator": reader.required("operateur", "Donnez l'organisme, par exemple Région Bretagne."),
            "nature": reader.required("nature", "Choisissez la nature la plus proche, par exemple Fonds."),
            "kinds": list(typed.all("aides")),
            "recipients": list(typed.all("publics")),
            "envelope_eur": reader.number("enveloppe", "500 000"),
            "ticket_eur": reader.span("montant_min", "montant_max"),
            "perimeter": read_perimeter(reader, perimeters),
            **{
                name: typed.one(FIELD_OF[name]) == "oui"
                for name in ("accepts_neighbours", "labelled_territories_only", "needs_barrier", "direct_funding")
            },
            "categories": list(typed.all("themes")),
            "stages": list(typed.all("stades")),
            "legal_forms": list(typed.all("formes")),
            "apply_url": typed.one("adresse") or None,
            "opens_on": reader.day("ouverture"),
            "closes_on": reader.day("fermeture"),
        }
    )
    if not typed.all("publics"):
        reader.faults["publics"] = "Cochez au moins un public, par exemple Porteurs de projet."
    return submission, reader.faults


def fund_values(kept: Mapping[str, Any], perimeters: Perimeters) -> dict[str, tuple[str, ...]]:
    """The fields that give a kept fund back."""
    ticket = inside(kept, "ticket_eur")
    values = {
        "titre": kept.get("title"),
        "description": kept.get("description"),
        "operateur": kept.get("operator"),
        "nature": kept.get("nature"),
        "aides": kept.get("kinds"),
        "publics": kept.get("recipients"),
        "montant_min": ticket.get("min"),
        "montant_max": ticket.get("max"),
        "enveloppe": kept.get("envelope_eur"),
        "themes": kept.get("categories"),
        "stades": kept.get("stages"),
        "formes": kept.get("legal_forms"),
        "labellises": _yes(kept, "labelled_territories_only"),
        "freins": _yes(kept, "needs_barrier"),
        "direct": _yes(kept, "direct_funding"),
        "adresse": kept.get("apply_url"),
        "ouverture": kept.get("opens_on"),
        "fermeture": kept.get("closes_on"),
    }
    return {name: written(value) for name, value in values.items()} | perimeter_values(kept, perimeters)


def next_fund(last: Mapping[str, Any], _challenge_id: str) -> dict[str, tuple[str, ...]]:
    """The fields of a new fund: the organisation as in their last one; for project owners, whom it pays itself."""
    return {"operateur": written(last.get("operator")), "publics": ("porteur",), "direct": ("oui",)}


def change_fund(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch from a kept fund to what the form says; what it does not show stays."""
    return changes(kept, {**said, "perimeter": kept_units(kept, said["perimeter"])}, SHOWN)


def fund_options(atlas: Atlas, kept: Mapping[str, Any]) -> dict[str, Options]:
    """What each field of a choice offers."""
    names = atlas.names
    return {
        "nature": options(names, "fund_natures", "Choisir"),
        "aides": options(names, "fund_kinds"),
        "publics": RECIPIENTS,
        **offer_options(atlas, kept),
        **{name: (("oui", "oui"),) for name in ("labellises", "freins", "direct")},
    }


def _yes(kept: Mapping[str, Any], name: str) -> str | None:
    return "oui" if kept.get(name) else None
