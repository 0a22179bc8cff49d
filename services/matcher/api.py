"""The matcher's internal reads, and whether it is alive and ready."""

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice, repeat
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.responses import JSONResponse

from services.matcher.lists import OfferKey
from services.matcher.matching.facts import offer_facts, project_facts
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.owners import Owners
from services.matcher.refused import Refused, nearest, refused_pairs
from services.matcher.store import entities, heads
from shared.database import CONNECTION_LOST
from shared.events.vocabulary import OfferType

AT_ONCE = 2_000
"""Pairs judged before the stream gets its turn again."""

Pairs = Iterator[tuple[PreparedProject, PreparedOffer]]
router = APIRouter()


class Internal:
    """What the routes need of the running matcher."""

    def __init__(self, owners: Owners, service_token: str, problems: Callable[[], list[str]]) -> None:
        self.owners = owners
        self.service_token = service_token
        self.problems = problems


def _internal(request: Request) -> Internal:
    internal: Internal = request.app.state.internal
    return internal


def _of_a_service(request: Request, authorization: Annotated[str, Header()] = "") -> Internal:
    """The running matcher, for who bears the service token; 401 for anybody else."""
    internal = _internal(request)
    if not hmac.compare_digest(authorization.encode(), f"Bearer {internal.service_token}".encode()):
        raise HTTPException(401, "the service token is missing or wrong", {"WWW-Authenticate": "Bearer"})
    return internal


ForService = Annotated[Internal, Depends(_of_a_service)]


@router.get("/internal/projects/{project_id}/refusals")
async def refused_offers(project_id: str, internal: ForService) -> dict[str, Any]:
    """The offers refused for a project, nearest to eligible first; 404 when the project is not known."""
    owners = internal.owners
    async with owners.pool.acquire() as connection:
        stored = await entities.projects_by_id(connection, [project_id])
        declined = await heads.declined_offers(connection, project_id)
    if not stored or stored[0].project is None:
        raise HTTPException(404, "no such project here")
    project = owners.catalogue.preparation.project(stored[0].project)
    offers = list(owners.catalogue.offers.values())
    found = await _refused(owners, zip(repeat(project), offers, strict=False), {project_id: declined})
    return _answer(found, _said_of_offer)


@router.get("/internal/commitments/{offer_id}/refusals")
async def projects_refused_for_commitment(offer_id: str, internal: ForService) -> dict[str, Any]:
    """The projects refused for a commitment, among those judged by this process."""
    return await _refused_projects(internal.owners, OfferKey(offer_id, "commitment"))


@router.get("/internal/funds/{offer_id}/refusals")
async def projects_refused_for_fund(offer_id: str, internal: ForService) -> dict[str, Any]:
    """The projects refused for a fund, among those judged by this process."""
    return await _refused_projects(internal.owners, OfferKey(offer_id, "fund"))


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Answers while the loop turns."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """Whether all is heard and judged, and why not."""
    internal = _internal(request)
    problems = internal.problems()
    if internal.owners.catalogue.day is None:
        problems.append("no day was heard yet: nothing can be judged")
    try:
        async with internal.owners.pool.acquire(timeout=2) as connection:
            await connection.fetchval("SELECT 1")
    except CONNECTION_LOST:
        problems.append("PostgreSQL does not answer")
    content = {"status": "not ready" if problems else "ready", "problems": problems}
    return JSONResponse(content, 503 if problems else 200)


async def _refused_projects(owners: Owners, key: OfferKey) -> dict[str, Any]:
    offer = owners.catalogue.offers.get(key)
    if offer is None:
        raise HTTPException(404, "no such offer here")
    partitions = [owners.partition(number) for number in owners.owned]
    projects = [held.prepared for each in partitions for held in list(each.projects.values()) if held.prepared]
    declined: dict[str, set[OfferKey]] = defaultdict(set)
    for each in partitions:
        declined.update(each.declined)
    found = await _refused(owners, zip(projects, repeat(offer), strict=False), declined)
    return _answer(found, _said_of_project)


async def _refused(owners: Owners, pairs: Pairs, declined: dict[str, set[OfferKey]]) -> list[Refused]:
    """Judge the pairs between the turns of the stream."""
    day, found = owners.catalogue.day, []
    while day is not None and (some := list(islice(pairs, AT_ONCE))):
        found += await owners.judge.compute(refused_pairs, some, day, declined)
    return found


def _answer(found: list[Refused], said: Callable[[Refused], dict[str, Any]]) -> dict[str, Any]:
    kept, counts = nearest(found)
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
            for each in kept
        ],
        "counts": counts,
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
