"""Search: territories, défis and funds for everyone; projects and offers for those whose they are."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor
from services.console.store import searching
from services.console.store.searching import Sought
from services.console.views.atlas import Atlas
from services.console.views.search import Place, challenges_bearing, public_hits, search_terms
from shared.reference.geography import Commune
from shared.reference.places import Candidates, Resolved, resolve_place
from shared.reference.territory_index import TerritoryIndex

LONGEST_PLACE = 60
"""No commune's name is longer, with its post code."""

router = APIRouter()


@router.get("/recherche")
async def search(
    request: Request,
    console: CurrentConsole,
    visitor: CurrentVisitor,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """What bears all the words asked for, each from its beginning."""
    terms, atlas = search_terms(q), await console.atlas()
    hits = public_hits(atlas, terms, _places(atlas, q))
    if terms:
        sought = Sought(terms, challenges_bearing(atlas, terms))
        async with console.pool.acquire() as connection:
            hits += await searching.funds(connection, sought, atlas.names, console.today())
            if visitor.person:
                hits = await searching.own(connection, sought, visitor.person) + hits
    return await render(request, "search.html", asked=q, hits=hits, has_terms=bool(terms))


def _places(atlas: Atlas, asked: str) -> list[Place]:
    """The territories of the one commune that was typed, by its name or post code; of each that a post code serves."""
    found = resolve_place(asked) if len(asked) <= LONGEST_PLACE else None
    if isinstance(found, Resolved):
        communes: tuple[Commune, ...] = (found.commune,)
    else:
        communes = found.communes if isinstance(found, Candidates) and asked.strip().isdigit() else ()
    index = TerritoryIndex(atlas.territories)
    return [
        Place(one.name, territory_id) for one in communes for territory_id in index.territories_of_commune(one.code)
    ]
