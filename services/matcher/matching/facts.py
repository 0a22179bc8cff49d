"""The facts of both sides that pages and mails put in words."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.events.matches import OfferFacts, ProjectFacts
from shared.events.shapes import Commitment, Fund
from shared.reference.geography import Unit


@dataclass(frozen=True)
class Facts:
    """What an event shows of both sides, and which versions of them."""

    project: ProjectFacts
    offer: OfferFacts
    project_version: int
    offer_version: int

    @cached_property
    def digest(self) -> str:
        """What tells these facts from others, whatever the versions."""
        found = blake2b(digest_size=8)
        for side in (self.project, self.offer):
            found.update(side.model_dump_json(exclude_defaults=True).encode())
        return found.hexdigest()


def project_facts(project: PreparedProject) -> ProjectFacts:
    """What a match shows of its project; categories are those it is judged by."""
    shape = project.project
    return ProjectFacts(
        title=shape.title,
        owner_id=shape.owner.owner_id,
        owner_name=shape.owner.name,
        legal_form=shape.owner.legal_form,
        accreditations=shape.owner.accreditations,
        commune=shape.commune,
        commune_name=project.place.geography.name(Unit("commune", shape.commune)),
        territories=project.territories,
        territory_names=project.territory_names,
        challenge_id=shape.challenge_id,
        challenge_title=project.challenge_title,
        categories=project.themes.own,
        stage=shape.stage,
        needs=shape.needs,
        amount_sought_eur=shape.amount_sought_eur,
        deadline=shape.deadline,
    )


def offer_facts(offer: PreparedOffer) -> OfferFacts:
    """What a match shows of its offer; a fund's envelope is left out, being no amount that one project could get."""
    shape = offer.offer
    own = _commitment_facts(shape, offer) if isinstance(shape, Commitment) else _fund_facts(shape)
    return OfferFacts(
        title=shape.title,
        kinds=offer.kinds,
        perimeter=shape.perimeter,
        accepts_neighbours=shape.accepts_neighbours,
        categories=shape.categories,
        stages=shape.stages,
        legal_forms=shape.legal_forms,
        min_eur=offer.minimum.eur,
        max_eur=offer.maximum.eur,
        min_days=offer.minimum.days,
        max_days=offer.maximum.days,
        opens_on=shape.opens_on,
        closes_on=shape.closes_on,
        **own,
    )


def _commitment_facts(shape: Commitment, offer: PreparedOffer) -> dict[str, Any]:
    return {
        "organisation_id": shape.company.company_id,
        "organisation_name": shape.company.name,
        "objects": shape.objects,
        "challenges": shape.challenges,
        "remaining_eur": _not_below_zero(offer.remaining.eur),
        "remaining_days": _not_below_zero(offer.remaining.days),
    }


def _fund_facts(shape: Fund) -> dict[str, Any]:
    """A fund's organisation is in whose name it is shown, else the fund itself; it has no id beside the fund's."""
    return {
        "organisation_id": shape.fund_id,
        "organisation_name": shape.speaker or shape.title,
        "nature": shape.nature,
        "apply_url": shape.apply_url,
        "last_checked_on": shape.last_checked_on,
        "managed": shape.managed,
    }


def _not_below_zero(amount: int | None) -> int | None:
    return None if amount is None else max(0, amount)
