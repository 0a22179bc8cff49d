"""The matcher's internal reads: which pairs are refused, and why; for who bears the service token."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice, repeat
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from services.matcher.matching.facts import offer_facts, project_facts
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.shortlists import OfferKey
from services.matcher.owners import Owners
from services.matcher.refused import Refusals, Refused
from services.matcher.store import entities, heads
from shared.events.vocabulary import OfferType
from shared.http import refuse_nul, service_token

AT_ONCE = 2_000
"""Pairs judged before the stream gets its turn again."""

Pairs = Iterator[tuple[PreparedProject, PreparedOffer]]
_FOR_SERVICES = service_token(lambda request: str(request.app.state.service_token))
router = APIRouter(dependencies=[_FOR_SERVICES, Depends(refuse_nul)])


def _owners(request: Request) -> Owners:
    owners: Owners = request.app.state.owners
    return owners


Known = Annotated[Owners, Depends(_owners)]


@router.get("/internal/projects/{project_id}/refusals")
async def refused_offers(project_id: str, owners: Known) -> dict[str, Any]:
    """The offers refused for a project, nearest to eligible first; 404 when the project is not known."""
    async with owners.pool.acquire() as connection:
        stored = await entities.projects_by_id(connection, [project_id])
        declined = await heads.declined_offers(connection, project_id)
    if not stored or stored[0].project is None:
        raise HTTPException(404, "no such project here")
    project = owners.catalogue.preparation.project(stored[0].project)
    offers = owners.catalogue.offers
    keys = await owners.judge.compute(list, offers)
    found = await _refused(owners, ((project, offers[key]) for key in keys if key in offers), {project_id: declined})
    return _answer(found, _said_of_offer)


@router.get("/internal/commitments/{offer_id}/refusals")
async def projects_refused_for_commitment(offer_id: str, owners: Known) -> dict[str, Any]:
    """The projects refused for a commitment, among those judged by this process."""
    return await _refused_projects(owners, OfferKey(offer_id, "commitment"))


@router.get("/internal/funds/{offer_id}/refusals")
async def projects_refused_for_fund(offer_id: str, owners: Known) -> dict[str, Any]:
    """The projects refused for a fund, among those judged by this process."""
    return await _refused_projects(owners, OfferKey(offer_id, "fund"))


async def _refused_projects(owners: Owners, key: OfferKey) -> dict[str, Any]:
    offer = await owners.judge.compute(owners.catalogue.offers.get, key)
    if offer is None:
        raise HTTPException(404, "no such offer here")
    partitions = [owners.partition(number) for number in owners.owned]
    # Each is made ready when it is judged, between the turns of the stream.
    keys = await owners.judge.compute(lambda: [(each, key) for each in partitions for key in each.projects])
    ready = (each.projects.prepared(key) for each, key in keys)
    projects = (project for project in ready if project is not None)
    declined: dict[str, set[OfferKey]] = defaultdict(set)
    for each in partitions:
        declined.update(each.declined)
    found = await _refused(owners, zip(projects, repeat(offer), strict=False), declined)
    return _answer(found, _said_of_project)


async def _refused(owners: Owners, pairs: Pairs, declined: dict[str, set[OfferKey]]) -> Refusals:
    """Judge the pairs between the turns of the stream."""
    day, found = owners.catalogue.day, Refusals()
    while day is not None and (some := await owners.judge.compute(list, islice(pairs, AT_ONCE))):
        await owners.judge.compute(found.add, some, day, declined)
    return found


def _answer(found: Refusals, said: Callable[[Refused], dict[str, Any]]) -> dict[str, Any]:
    return {
        "refused": [
            {
                **said(each),
                "codes": each.codes,
                "facts": {
                    "project": project_facts(each.project).model_dump(mode="json", exclude_none=True),
                    "offer": offer_facts(each.offer).model_dump(mode="json", exclude_none=True),
                },
            }
            for each in found.nearest()
        ],
        "counts": found.counts(),
        "total": found.total,
    }


def _said_of_offer(refused: Refused) -> dict[str, Any]:
    facts = offer_facts(refused.offer)
    kind: OfferType = refused.offer.type
    return {
        "id": refused.offer.id,
        "type": kind,
        "title": facts.title,
        "organisation_name": facts.organisation_name,
    }


def _said_of_project(refused: Refused) -> dict[str, Any]:
    project = refused.project.project
    return {"id": project.project_id, "type": "project", "title": project.title, "owner_name": project.owner.name}
