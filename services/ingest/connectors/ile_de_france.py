"""The Île-de-France region's guide to its aids as funds: a list of aids with HTML sections, publics and campaigns."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from services.ingest.connectors.html_text import clipped, text_of
from services.ingest.connectors.mapping import (
    Item,
    Mapped,
    Unusable,
    checked_on,
    day_of,
    identifier,
    map_items,
    opening,
    required_text,
    web_address,
)
from services.ingest.intake.known import suggest_categories
from services.ingest.intake.personal import without_contacts
from shared.text.folding import fold

NAME = "ile-de-france"

_SECTIONS = ("entete", "objectif", "publicsBeneficiairePrecision", "modalite")
_PUBLIC_BODIES = ("collectivit", "commune", "epci", "departement", "etablissements publics")
_THEMES = {
    "sport": "cadre-de-vie",
    "culture": "cadre-de-vie",
    "handicap": "inegalites",
    "region solidaire": "inegalites",
    "citoyennete": "inegalites",
    "environnement": "environnement",
    "agriculture": "alimentation",
    "emploi": "emploi-insertion",
    "formation": "emploi-insertion",
    "numerique": "numerique",
    "transport": "developpement-territorial-mobilite",
    "mobilite": "developpement-territorial-mobilite",
    "economie": "entrepreneuriat-essaimage",
}
"""Word in a tag or a remit -> category."""


def funds_of(payload: object, day: date) -> Mapped:
    """The published aids of one answer of the feed, read on `day`; raises `Unusable` when it is no such answer."""
    if not isinstance(payload, list):
        raise Unusable("no list of aids")
    return map_items(payload, lambda item: _fund(item, day))


def _fund(item: Item, day: date) -> dict[str, Any] | None:
    if item.get("statut") != "PUBLIEE":
        return None
    title = clipped(without_contacts(required_text(item, "title")), 200)
    sections = (text_of(item.get(name)) for name in _SECTIONS)
    description = clipped(without_contacts("\n".join(text for text in sections if text)), 5_000) or title
    opens, closes = day_of(item.get("dateOuvertureCampagne")), day_of(item.get("dateFinCampagne"))
    return {
        "fund_id": identifier(NAME, item.get("reference")),
        "title": title,
        "description": description,
        "operator": "Région Île-de-France",
        "nature": "appel" if closes else "guichet",
        "kinds": ["subvention"],
        "recipients": _recipients(item),
        "perimeter": [{"level": "region", "code": "11"}],
        "accepts_neighbours": False,
        "categories": _categories(item, f"{title}\n{description}"),
        "stages": [],
        "legal_forms": [],
        "labelled_territories_only": False,
        "needs_barrier": False,
        "direct_funding": True,
        "last_checked_on": checked_on(day),
        "status": "actif",
        **opening(opens, closes),
        **_address(item),
    }


def _recipients(item: Item) -> list[str]:
    publics = [fold(title) for title in _titles(item, "publicsBeneficiaire")]
    public_bodies = [any(word in title for word in _PUBLIC_BODIES) for title in publics]
    if publics and all(public_bodies):
        return ["collectivite"]
    return ["porteur", "collectivite"] if any(public_bodies) else ["porteur"]


def _categories(item: Item, text: str) -> list[str]:
    words = " ".join(fold(title) for name in ("competences", "tags") for title in _titles(item, name))
    named = dict.fromkeys(category for word, category in _THEMES.items() if word in words)
    return list(named) or list(suggest_categories(text)) or ["autres"]


def _titles(item: Item, name: str) -> Iterator[str]:
    values = item.get(name)
    for value in values if isinstance(values, list) else ():
        if isinstance(value, Mapping) and isinstance(value.get("title"), str):
            yield value["title"]


def _address(item: Item) -> dict[str, str]:
    steps = item.get("demarches")
    found = re.search(r"href=[\"'](https?://[^\"']+)", steps) if isinstance(steps, str) else None
    return web_address(found[1]) if found else {}
