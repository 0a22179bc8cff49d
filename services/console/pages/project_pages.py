"""The projects of their owners: what funds them, which companies, what is not possible yet, and why."""

from functools import partial
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from services.console.connectors.ingest import ServiceAway
from services.console.pages.context import Console
from services.console.pages.deposit_received import received_page
from services.console.pages.deposits import unheard
from services.console.pages.exporting import spreadsheet
from services.console.pages.own_answers import as_left
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, Visitor
from services.console.store import entities, matches, tallies
from services.console.views.atlas import Atlas
from services.console.views.cards import card
from services.console.views.export import stream_table
from services.console.views.lists import PartyTally, party_matches, party_tally
from services.console.views.project_history import recent_history
from services.console.views.project_page import project_facts_rows, summary_of
from services.console.views.refusals import Refusals, nearest, refused_list
from services.console.views.rights import may_see_project
from services.console.views.sections import sections
from services.console.views.standstill import standstill
from shared.events.matches import MatchChanged
from shared.events.shapes import Project
from shared.events.vocabulary import Side
from shared.reference.geography import UnknownUnitError
from shared.reference.territory_index import TerritoryIndex
from shared.words.names import Names

router = APIRouter()


@router.get("/mes-projets")
async def my_projects(request: Request, console: CurrentConsole, visitor: CurrentVisitor, merci: str = "") -> Response:
    """The reader's projects, with what waits for them."""
    person, atlas, today = visitor.known, await console.atlas(), console.today()
    async with console.pool.acquire() as connection:
        found = await entities.projects(connection, sorted(person.projects))
        tallied = await tallies.of_projects(connection, sorted(person.projects), today)
    rows = [(summary_of(one, atlas.names, today), tallied.get(one.project_id, PartyTally())) for one in found]
    awaited = await unheard(
        console, person, {"project": person.projects}, {("project", one.project_id) for one in found}
    )
    return await render(request, "my_projects.html", rows=rows, unheard=awaited, is_thanked=bool(merci))


@router.get("/projets/{project_id}")
async def project_page(request: Request, project_id: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """Three lists: financements, entreprises, pas encore possibles; then the history. Received, where unheard of."""
    atlas = await console.atlas()
    try:
        project, found, side = await _read(console, visitor, atlas, project_id)
    except HTTPException as refused:
        if refused.status_code != 404:
            raise
        return await received_page(request, console, visitor, ("project",), project_id)
    today, names = console.today(), atlas.names
    async with console.pool.acquire() as connection:
        found = await as_left(console, connection, visitor.known, found)
    try:
        refusals, is_away = await console.matcher.refused_offers(project_id), False
    except ServiceAway:
        refusals, is_away = Refusals(), True
    return await render(
        request,
        "project.html",
        project=project,
        summary=summary_of(project, names, today),
        facts=project_facts_rows(project, names, today),
        tally=party_tally(found, side, today),
        nearest={kind: nearest(refusals, today, names, reader=side, type=kind) for kind in ("fund", "commitment")},
        refused=refused_list(refusals, today, names, reader=side, is_away=is_away),
        history=recent_history(found, names, reader=side),
        side=side,
        standstill=standstill(project.status, "project", is_own=side == "project"),
        **_lists(request, console, names, found, side),
    )


def _lists(
    request: Request, console: Console, names: Names, found: list[MatchChanged], side: Side | None
) -> dict[str, Any]:
    """The page of each list that the address asks for: coordinators see what the owner does, without « vous »."""
    own, now = party_matches(found, side or "project", console.today()), console.clock()
    lists = {
        "financements": own.of_type("fund"),
        "entreprises": own.of_type("commitment"),
        "mis-de-cote": own.aside,
        "termines": own.over,
    }
    shown = sections(lists, request.query_params)
    cards = {
        name: [card(one, names, now, reader=side, speaker=side) for one in section.items]
        for name, section in shown.items()
    }
    return {"lists": shown, "cards": cards}


@router.get("/projets/{project_id}/export.{extension}")
async def export_project(project_id: str, extension: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """The project's matches, with the columns of the screen."""
    atlas = await console.atlas()
    _, found, side = await _read(console, visitor, atlas, project_id)
    table = partial(stream_table, found, atlas.names, console.today(), console.site.public_url, reader=side)
    return await spreadsheet(table, extension, f"essaim-projet-{project_id}-{console.today().isoformat()}")


async def _read(
    console: Console, visitor: Visitor, atlas: Atlas, project_id: str
) -> tuple[Project, list[MatchChanged], Side | None]:
    """The project with its matches, for its owner and the coordinators of its territories."""
    person = visitor.known
    async with console.pool.acquire() as connection:
        project = await entities.project(connection, project_id)
        found = await matches.of_project(connection, project_id)
    if project is None:
        raise HTTPException(404)
    if not may_see_project(person, project_id, _territories(project, found, atlas)):
        raise HTTPException(403)
    return project, found, "project" if project_id in person.projects else None


def _territories(project: Project, found: list[MatchChanged], atlas: Atlas) -> frozenset[str]:
    """The territories a project is in: as its matches say, or as its place tells while it has none."""
    if found:
        return frozenset(found[0].project.territories)
    try:
        index = TerritoryIndex(atlas.territories)
        return frozenset(index.territories_of(project.commune, project.perimeter, project.challenge_id))
    except UnknownUnitError:
        return frozenset()
