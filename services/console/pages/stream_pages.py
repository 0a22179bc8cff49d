"""The live stream of a territory, its follow-up, and its exports: for those who coordinate it."""

from datetime import datetime, time
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Request
from fastapi.responses import Response

from services.console.live import LiveAnswer
from services.console.pages.context import Console
from services.console.pages.exporting import everything, spreadsheet
from services.console.pages.own_answers import as_left
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, Visitor
from services.console.store import feed, matches
from services.console.store.matches import Scope
from services.console.views.cards import card
from services.console.views.export import stream_table
from services.console.views.filters import Filters, passes, read_filters
from services.console.views.pager import PAGE_SIZE, pager
from services.console.views.stream import choices, unknown_words
from shared.events.shapes import Territory
from shared.words.french import PARIS
from shared.words.names import Names

MOST_NEWS = 50
LAST_ID = 10**18
"""Above any entry's number, and within what PostgreSQL counts with."""
SINCE = Annotated[int, Query(ge=0, le=LAST_ID)]

router = APIRouter(prefix="/territoires/{territory_id}/flux")


@router.get("")
async def stream_page(
    request: Request, territory_id: str, console: CurrentConsole, visitor: CurrentVisitor
) -> Response:
    """The stream as it stands, one page of it."""
    territory = await _territory(console, visitor, territory_id)
    names = (await console.atlas()).names
    filters = _filters(request, territory, names)
    async with console.pool.acquire() as connection:
        last = await feed.last_id(connection)
        total = await matches.count(connection, Scope(territory_id), filters)
        pages = pager(total, filters.page)
        found = await matches.page(connection, Scope(territory_id), filters, limit=PAGE_SIZE, offset=pages.offset)
        counts = await matches.counts(connection, territory_id, _midnight(console))
        found = await as_left(console, connection, visitor.known, found)
        unfiltered = await matches.count(connection, Scope(territory_id), filters.lifted()) if filters.hides else total
    return await render(
        request,
        "stream.html",
        territory=territory,
        filters=filters,
        unknown=unknown_words(filters),
        choices=choices(territory, names, filters),
        cards=[card(one, names, console.clock(), speaker="coordinator") for one in found],
        counts=counts,
        total=total,
        unfiltered=unfiltered,
        pages=pages,
        page_address=lambda number: filters.query(page=number) or request.url.path,
        last=last,
    )


@router.get("/nouveaux")
async def news(
    request: Request,
    territory_id: str,
    console: CurrentConsole,
    visitor: CurrentVisitor,
    depuis: SINCE = 0,
) -> Response:
    """The cards of what changed since an entry of the feed: what « afficher » brings in."""
    territory = await _territory(console, visitor, territory_id)
    names = (await console.atlas()).names
    filters = _filters(request, territory, names)
    async with console.pool.acquire() as connection:
        last = await feed.last_id(connection)
        found = await matches.changed_after(connection, Scope(territory_id), filters, feed_id=depuis, limit=MOST_NEWS)
        found = await as_left(console, connection, visitor.known, found)
        total = await matches.count(connection, Scope(territory_id), filters)
        counts = await matches.counts(connection, territory_id, _midnight(console))
    return await render(
        request,
        "stream_news.html",
        base=f"/territoires/{territory_id}/flux",
        last=last,
        total=total,
        cards=[card(one, names, console.clock(), speaker="coordinator") for one in found],
        counts=counts,
    )


@router.get("/evenements")
async def events(
    request: Request,
    *,
    territory_id: str,
    console: CurrentConsole,
    visitor: CurrentVisitor,
    depuis: SINCE = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Server-sent events: which matches changed, among those that the filters keep."""
    territory = await _territory(console, visitor, territory_id)
    if console.feed.is_full:
        raise HTTPException(503, "too-many-streams")
    filters = _filters(request, territory, (await console.atlas()).names)
    is_id = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < len(str(LAST_ID))
    after = int(last_event_id) if is_id else depuis
    return LiveAnswer(console.feed.stream(after, lambda entry: passes(filters, territory_id, entry)))


@router.get("/export.{extension}")
async def export(
    request: Request, territory_id: str, extension: str, console: CurrentConsole, visitor: CurrentVisitor
) -> Response:
    """Everything the filters keep, with the columns of the screen, as CSV or XLSX."""
    territory = await _territory(console, visitor, territory_id)
    names = (await console.atlas()).names
    filters = _filters(request, territory, names)
    async with console.pool.acquire() as connection:
        found = await everything(connection, Scope(territory_id), filters)
    table = partial(stream_table, found, names, console.today(), console.site.public_url)
    return await spreadsheet(table, extension, f"essaim-{territory_id}-{console.today().isoformat()}")


async def _territory(console: Console, visitor: Visitor, territory_id: str) -> Territory:
    """The territory, for who coordinates it; others are told that it is not theirs."""
    person = visitor.known
    territory = await console.territory(territory_id)
    if territory is None:
        raise HTTPException(404)
    if territory_id not in person.territories:
        raise HTTPException(403)
    return territory


def _filters(request: Request, territory: Territory, names: Names) -> Filters:
    return read_filters(
        request.query_params,
        challenges={challenge.challenge_id for challenge in territory.challenges},
        categories=names.labels["categories"],
        kinds=names.labels["commitment_kinds"],
    )


def _midnight(console: Console) -> datetime:
    return datetime.combine(console.today(), time(), PARIS)
