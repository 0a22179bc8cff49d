"""Search: territories, défis and funds for everyone; projects and offers for those whose they are."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor
from services.console.store import searching
from services.console.views.search import public_hits, search_terms

router = APIRouter()


@router.get("/recherche")
async def search(
    request: Request,
    console: CurrentConsole,
    visitor: CurrentVisitor,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """What bears all the words asked for, each from its beginning."""
    terms = search_terms(q)
    hits = public_hits(await console.atlas(), terms)
    if terms:
        async with console.pool.acquire() as connection:
            hits += await searching.funds(connection, terms)
            if visitor.person:
                hits += await searching.own(connection, terms, visitor.person)
    return await render(request, "search.html", asked=q, hits=hits, has_terms=bool(terms))
