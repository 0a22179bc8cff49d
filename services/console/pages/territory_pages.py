"""A territory and its défis, for everyone."""

from datetime import date

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from services.console.pages.context import Console
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor
from services.console.store import entities, tallies
from services.console.store.tallies import Tally
from services.console.views.territory_page import Funding, funding_of, members_by_role
from shared.events.shapes import Fund, Territory
from shared.reference.samples import collective_funders
from shared.reference.territories import load_territories
from shared.words.names import Names

router = APIRouter()


@router.get("/territoires/{territory_id}")
async def territory_page(
    request: Request, territory_id: str, console: CurrentConsole, visitor: CurrentVisitor
) -> Response:
    """The territory, its défis, its collective, what funds it."""
    territory = await _territory(console, territory_id)
    async with console.pool.acquire() as connection:
        funds = await entities.active_funds(connection)
    counts = await console.kept("challenges", tallies.of_challenges)
    of_all = await console.kept("territories", tallies.of_territories)
    return await render(
        request,
        "territory.html",
        territory=territory,
        reference=next((one for one in load_territories() if one.territory_id == territory_id), None),
        counts=counts,
        tally=of_all.get(territory_id, Tally()),
        members=members_by_role(territory),
        funding=_funding(territory, funds, (await console.atlas()).names, console.today()),
        is_coordinator=visitor.person is not None and territory_id in visitor.person.territories,
    )


@router.get("/defis/{challenge_id}")
async def challenge_page(
    request: Request, challenge_id: str, console: CurrentConsole, visitor: CurrentVisitor
) -> Response:
    """A défi: what it asks, who answers, what could help."""
    found = (await console.atlas()).challenge(challenge_id)
    if found is None:
        raise HTTPException(404)
    territory, challenge = found
    async with console.pool.acquire() as connection:
        projects = await entities.projects_of_challenge(connection, challenge_id)
        commitments = await entities.commitments_for_challenge(connection, challenge_id)
    counts = await console.kept("challenges", tallies.of_challenges)
    return await render(
        request,
        "challenge.html",
        territory=territory,
        challenge=challenge,
        projects=projects,
        commitments=commitments,
        tally=counts.get(challenge_id, Tally()),
        is_coordinator=visitor.person is not None and territory.territory_id in visitor.person.territories,
    )


async def _territory(console: Console, territory_id: str) -> Territory:
    territory = await console.territory(territory_id)
    if territory is None:
        raise HTTPException(404)
    return territory


def _funding(territory: Territory, funds: list[Fund], names: Names, today: date) -> Funding:
    near = [str(one["name"]) for one in collective_funders() if territory.territory_id in one["territories"]]
    return funding_of(territory, funds, near, names, today)
