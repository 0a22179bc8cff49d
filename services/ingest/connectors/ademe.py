"""ADEME's feed « Agir » as funds: a list of `dispositifs` with HTML descriptions, themes and dates."""

from collections.abc import Mapping
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
from services.ingest.intake.personal import without_contacts
from shared.reference.geography import Unit, load_geography

NAME = "ademe"

_CATEGORIES = {
    "ECD": "economie-circulaire",
    "ECO": "economie-circulaire",
    "PRODUR": "economie-circulaire",
    "ALIBIO": "alimentation",
    "MTR": "developpement-territorial-mobilite",
}
"""Theme -> category; any other theme of this agency is about the environment."""


def funds_of(payload: object, day: date) -> Mapped:
    """The funds of one answer of the feed, read on `day`; raises `Unusable` when it is no such answer."""
    items = payload.get("ListeDispositifs") if isinstance(payload, Mapping) else None
    if not isinstance(items, list):
        raise Unusable("no ListeDispositifs")
    return map_items(items, lambda item: _fund(item, day))


def _fund(item: Item, day: date) -> dict[str, Any]:
    title = clipped(without_contacts(required_text(item, "titre")), 200)
    targets = item.get("cible_projet") or []
    return {
        "fund_id": identifier(NAME, item.get("id")),
        "title": title,
        "description": without_contacts(text_of(item.get("description_longue"))) or title,
        "operator": "ADEME",
        "nature": "appel" if item.get("type") == "AAP" else "guichet",
        "kinds": ["subvention"],
        # SCA1 stands for local authorities among the targets; all the others can carry a project.
        "recipients": ["collectivite"] if targets == ["SCA1"] else ["porteur"],
        "perimeter": _perimeter(item),
        "accepts_neighbours": False,
        "categories": _categories(item),
        "stages": [],
        "legal_forms": [],
        "labelled_territories_only": False,
        "needs_barrier": False,
        "direct_funding": True,
        "last_checked_on": checked_on(day),
        "status": "actif",
        **opening(day_of(item.get("date_debut")), day_of(item.get("date_fin"))),
        **web_address(item.get("url_agir")),
    }


def _categories(item: Item) -> list[str]:
    themes = item.get("thematiques") or []
    return list(dict.fromkeys(_CATEGORIES.get(str(theme), "environnement") for theme in themes)) or ["environnement"]


def _perimeter(item: Item) -> list[dict[str, str]]:
    coverage = item.get("couverture_geo")
    regions = [_region(region) for region in item.get("regions") or []]
    if regions:
        return regions
    if isinstance(coverage, Mapping) and coverage.get("libelle") not in (None, "National"):
        raise Unusable("covers regions that it does not name")
    return [{"level": "national", "code": "FR"}]


def _region(value: object) -> dict[str, str]:
    code = str(value.get("code") if isinstance(value, Mapping) else value)
    if not load_geography().exists(Unit("region", code)):
        raise Unusable("covers a region that is unknown")
    return {"level": "region", "code": code}
