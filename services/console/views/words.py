"""The words that a project or an offer is found by: its own, and the names of all that it says by id."""

from collections.abc import Iterable

from services.console.views.search import WORD
from shared.events.shapes import Commitment, Fund, PerimeterUnit, Project
from shared.reference.geography import load_geography
from shared.text.folding import fold
from shared.words.names import Names


def project_words(project: Project, names: Names) -> str:
    """Title, text, owner, place with its wider units and post codes, themes, stage, needs, form; folded."""
    themes = project.categories or project.suggested_categories
    return _folded(
        project.title,
        project.owner.name,
        project.summary,
        *_place(project.commune, names),
        names.labels_of("categories", themes),
        names.label("stages", project.stage),
        names.kinds(need.kind for need in project.needs),
        names.label("legal_forms", project.owner.legal_form),
        *(names.labels_of("objects", need.objects) for need in project.needs),
    )


def offer_words(offer: Commitment | Fund, names: Names) -> str:
    """Title, text, organisation, perimeter, themes, stages, kinds; folded."""
    if isinstance(offer, Commitment):
        own = [offer.company.name, names.kind(offer.kind), names.labels_of("objects", offer.objects)]
    else:
        own = [offer.operator or "", names.kinds(offer.kinds), names.label("fund_natures", offer.nature)]
    return _folded(
        offer.title,
        offer.description,
        *own,
        names.perimeter(offer.perimeter),
        *(unit.code for unit in offer.perimeter if unit.level == "departement"),
        names.labels_of("categories", offer.categories),
        names.labels_of("stages", offer.stages),
    )


def _place(commune: str, names: Names) -> Iterable[str]:
    """The commune, its post codes, and the units that hold it, France apart."""
    geography = load_geography()
    current = geography.current_commune(commune)
    if current is None:
        return
    yield from geography.commune(current).postal_codes
    for unit in geography.units_of_commune(current):
        if unit.level != "national":
            yield names.plain_places(PerimeterUnit(level=unit.level, code=unit.code))
        if unit.level == "departement":
            yield unit.code


def _folded(*texts: str) -> str:
    return " ".join(WORD.findall(fold(" ".join(texts))))
