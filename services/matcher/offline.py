"""Ranks and classifies without any server: what `essaim rank` and `essaim classify` print."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from services.matcher.matching.eligibility import refusals
from services.matcher.matching.index import OfferIndex, ProjectIndex
from services.matcher.matching.index.best import SIZE
from services.matcher.matching.model import Fit, PreparedOffer, PreparedProject
from services.matcher.matching.prepare import Preparation, is_context, wholes_of
from shared.events.shapes import Commitment, Fund, Project
from shared.reference.geography import load_geography
from shared.reference.taxonomy import load_taxonomy
from shared.reference.territories import load_territories
from shared.reference.territory_index import TerritoryIndex
from shared.text.model import load_classifier, load_text_model

Direction = Literal["project", "offer"]
"""Whom the ranking is for."""


def rank(
    projects: Sequence[Project],
    commitments: Sequence[Commitment],
    funds: Sequence[Fund],
    *,
    on: date,
    top: int = SIZE,
    direction: Direction = "project",
    refused: bool = False,
) -> Iterator[dict[str, Any]]:
    """One JSON-ready line per fit, best first, for each project (or each offer) in the order given.

    With `refused`, the lines of a party are followed by those of the candidates that are refused to it, by id. Funds
    that are context are left out. Entities come with `duplicate_of` where they are duplicates, and with known units:
    raises `UnknownUnitError` otherwise.
    """
    preparation = reference_preparation()
    found = [preparation.project(project) for project in projects]
    wholes = wholes_of(funds)
    offers = [preparation.commitment(commitment) for commitment in commitments]
    offers += [preparation.fund(fund) for fund in funds if not is_context(fund, wholes)]
    ranked = _for_projects(found, offers, on, top) if direction == "project" else _for_offers(found, offers, on, top)
    others = offers if direction == "project" else found
    for party, fits in ranked:
        yield from (_line(fit, place, direction) for place, fit in enumerate(fits, start=1))
        if refused:
            yield from _refused(party, others, on)


def classify(lines: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """For each `{"id", "text"}`, what the text says: categories with scores, best first, a stage or none, needs.

    Raises `ValueError`, in French with the number of the line, where one has no id or no text.
    """
    classifier = load_classifier()
    for number, line in enumerate(lines, start=1):
        if "id" not in line or not isinstance(line.get("text"), str):
            raise ValueError(f"ligne {number} : il faut un « id » et un « text »")
        said = classifier.predict(line["text"])
        yield {
            "id": line["id"],
            "categories": [{"id": category, "score": score} for category, score in said.categories],
            "stage": said.stage,
            "needs": list(said.needs),
        }


def reference_preparation() -> Preparation:
    """What prepares entities over the reference alone: its geography, its territories, the committed text model."""
    geography = load_geography()
    territories = TerritoryIndex(load_territories(), geography)
    return Preparation(geography, load_taxonomy(), territories, load_text_model())


def _for_projects(
    projects: Sequence[PreparedProject], offers: Sequence[PreparedOffer], on: date, top: int
) -> Iterator[tuple[PreparedProject | PreparedOffer, list[Fit]]]:
    index = OfferIndex(load_geography())
    for offer in offers:
        index.upsert(offer)
    return ((project, index.best(project, on, top)) for project in projects)


def _for_offers(
    projects: Sequence[PreparedProject], offers: Sequence[PreparedOffer], on: date, top: int
) -> Iterator[tuple[PreparedProject | PreparedOffer, list[Fit]]]:
    index = ProjectIndex(load_geography())
    for project in projects:
        index.upsert(project)
    return ((offer, index.best(offer, on, top)) for offer in offers)


def _line(fit: Fit, place: int, direction: Direction) -> dict[str, Any]:
    project_id, offer_type, offer_id = fit.pair
    for_project = direction == "project"
    return {
        "for": project_id if for_project else offer_id,
        "candidate": offer_id if for_project else project_id,
        "candidate_type": offer_type if for_project else "project",
        "rank": place,
        "score": fit.score,
        "reasons": [reason.model_dump(mode="json", exclude_defaults=True) for reason in fit.reasons],
    }


def _refused(
    party: PreparedProject | PreparedOffer, others: Sequence[PreparedProject | PreparedOffer], on: date
) -> Iterator[dict[str, Any]]:
    for other in sorted(others, key=lambda each: (each.id, getattr(each, "type", ""))):
        project, offer = (party, other) if isinstance(party, PreparedProject) else (other, party)
        assert isinstance(project, PreparedProject)
        assert isinstance(offer, PreparedOffer)
        codes = refusals(project, offer, on)
        if codes:
            yield {"for": party.id, "candidate": other.id, "refusals": list(codes)}
