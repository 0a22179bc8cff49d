"""The score of an eligible pair: a weighted sum of criteria, each rounded once, with reasons that add up to it."""

from collections.abc import Iterator, Mapping

from services.matcher.matching.criteria import CRITERIA, WEIGHTS, Earned
from services.matcher.matching.model import Fit, Pair, PreparedOffer, PreparedProject, last_common_day
from shared.events.matches import Reason
from shared.text.vectors import MILLION


def shares(project: PreparedProject, offer: PreparedOffer) -> Mapping[str, int]:
    """What the pair earns on each criterion, in millionths; criteria on which either side is silent are left out."""
    return {name: earned.share(WEIGHTS[name]) for name, earned in _earned(project, offer)}


def score(project: PreparedProject, offer: PreparedOffer) -> int:
    """The score in millionths, 0..1 000 000; says nothing of whether the pair is eligible."""
    return sum(shares(project, offer).values())


def fit(project: PreparedProject, offer: PreparedOffer) -> Fit:
    """The pair with its score and reasons: what earns most first, then the gates it passed, with a share of 0."""
    paid = [(earned.share(WEIGHTS[name]), earned.fact) for name, earned in _earned(project, offer)]
    paid.sort(key=lambda each: -each[0])
    reasons = [fact.model_copy(update={"share": share / MILLION}) for share, fact in paid if share]
    pair = Pair(project.id, offer.type, offer.id)
    return Fit(pair, sum(share for share, _ in paid), (*reasons, *_gates(project, offer)))


def _earned(project: PreparedProject, offer: PreparedOffer) -> Iterator[tuple[str, Earned]]:
    for name, criterion in CRITERIA.items():
        earned = criterion(project, offer)
        if earned is not None:
            yield name, earned


def _gates(project: PreparedProject, offer: PreparedOffer) -> Iterator[Reason]:
    """The gates that the pair passed by a fact worth saying."""
    if offer.type == "commitment":
        yield Reason(code="engagement-recherche", share=0, kind=offer.kinds[0])
    elif offer.money_kinds and project.sought.amounts.eur:
        yield Reason(code="engagement-recherche", share=0, kind=offer.money_kinds[0])
    if offer.stages and project.project.stage not in offer.stages:
        yield Reason(code="stade-admis", share=0, stage=project.project.stage)
    admitted = next((form for form in project.forms if form in offer.forms), None)
    if admitted is not None:
        yield Reason(code="forme-admise", share=0, legal_form=admitted)
    if offer.labelled_only and project.labelled:
        yield Reason(code="territoire-labellise", share=0, territory_id=project.labelled[0])
    if offer.offer.opens_on is not None or offer.offer.closes_on is not None:
        yield Reason(code="calendrier-ouvert", share=0, until=last_common_day(project, offer))
