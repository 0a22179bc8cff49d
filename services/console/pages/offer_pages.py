"""The offers of companies and operators: their projects, what is left to give, what is not possible and why."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from services.console.connectors.ingest import ServiceAway
from services.console.pages.context import Console
from services.console.pages.deposit_received import received_page
from services.console.pages.deposits import unheard
from services.console.pages.exporting import everything, spreadsheet
from services.console.pages.own_answers import as_left
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, Visitor
from services.console.store import entities, matches, tallies
from services.console.store.matches import Scope
from services.console.views.cards import card
from services.console.views.export import stream_table
from services.console.views.filters import ADVANCEMENTS, Filters, read_filters
from services.console.views.lists import PartyTally
from services.console.views.offer_page import offer_facts_rows, offer_summary
from services.console.views.pager import PAGE_SIZE, pager
from services.console.views.refusals import Refusals, nearest, refused_list
from services.console.views.rights import Person
from services.console.views.standstill import standstill
from services.console.views.stream import party_choices, unknown_words
from shared.database import Connection
from shared.events.shapes import Commitment, Fund
from shared.events.vocabulary import OfferType, Side
from shared.words.names import Names

OFFER_TYPES: tuple[OfferType, ...] = ("commitment", "fund")

router = APIRouter()


@router.get("/mes-offres")
async def my_offers(request: Request, console: CurrentConsole, visitor: CurrentVisitor, merci: str = "") -> Response:
    """The reader's offers, with what is left of each and what waits for them."""
    person, names, today = visitor.known, (await console.atlas()).names, console.today()
    async with console.pool.acquire() as connection:
        found = await entities.offers(connection, "commitment", sorted(person.commitments))
        found += await entities.offers(connection, "fund", sorted(person.funds))
        tallied = {
            "commitment": await tallies.of_offers(connection, "commitment", sorted(person.commitments), today),
            "fund": await tallies.of_offers(connection, "fund", sorted(person.funds), today),
        }
    summaries = [offer_summary(offer, names, today) for offer in found]
    rows = [(one, tallied[one.type].get(one.offer_id, PartyTally())) for one in summaries]
    owned = {"commitment": person.commitments, "fund": person.funds}
    awaited = await unheard(console, person, owned, {(one.type, one.offer_id) for one in summaries})
    return await render(request, "my_offers.html", rows=rows, unheard=awaited, is_thanked=bool(merci))


@router.get("/fonds/{fund_id}")
async def fund_page(fund_id: str) -> Response:
    """A fund stands among the offers."""
    return RedirectResponse(f"/offres/{quote(fund_id, safe='~')}", 308)


@router.get("/offres/{offer_id}")
async def offer_page(request: Request, offer_id: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """An offer and one page of its projects; a fund's description is for everyone, its projects for its operator."""
    try:
        seen = await _read(console, visitor, offer_id)
    except HTTPException as refused:
        if refused.status_code != 404:
            raise
        return await received_page(request, console, visitor, OFFER_TYPES, offer_id)
    names, today = (await console.atlas()).names, console.today()
    return await render(
        request,
        "offer.html",
        offer=seen.offer,
        summary=offer_summary(seen.offer, names, today),
        facts=offer_facts_rows(seen.offer, names, today),
        is_own=seen.is_own,
        standstill=standstill(seen.offer.status, "offer", is_own=seen.is_own),
        is_reader=seen.is_reader,
        is_coordinator=visitor.person is not None and bool(visitor.person.territories),
        **(await _projects(request, console, visitor, seen) if seen.is_reader else {"projects": [], "total": 0}),
        **(await _refused(console, seen) if seen.is_own else {}),
    )


async def _projects(request: Request, console: Console, visitor: Visitor, seen: "_Seen") -> dict[str, Any]:
    """The page of projects that the address asks for, best first, with what its filters offer."""
    names, today, person = (await console.atlas()).names, console.today(), visitor.known
    filters, side = _filters(request, names), seen.side
    async with console.pool.acquire() as connection:
        total = await matches.count(connection, seen.scope, filters)
        pages = pager(total, filters.page)
        found = await matches.page(connection, seen.scope, filters, limit=PAGE_SIZE, offset=pages.offset)
        found = await as_left(console, connection, person, found)
        tallied = await tallies.of_offers(connection, seen.type, [seen.offer_id], today) if seen.is_own else {}
    return {
        "projects": [card(one, names, console.clock(), reader=side, speaker=side) for one in found],
        "total": total,
        "tally": tallied.get(seen.offer_id, PartyTally()),
        "filters": filters,
        "unknown": unknown_words(filters),
        "choices": party_choices(names, filters),
        "pages": pages,
        "page_address": lambda number: filters.query(page=number) or request.url.path,
    }


async def _refused(console: Console, seen: "_Seen") -> dict[str, Any]:
    """What is not possible yet; when the matcher is away, that is said instead."""
    names, today = (await console.atlas()).names, console.today()
    try:
        refusals, is_away = await console.matcher.refused_projects(seen.type, seen.offer_id), False
    except ServiceAway:
        refusals, is_away = Refusals(), True
    return {
        "refused": refused_list(refusals, today, names, reader="offer", is_away=is_away),
        "nearest": nearest(refusals, today, names, reader="offer"),
    }


@router.get("/offres/{offer_id}/export.{extension}")
async def export_offer(
    request: Request, offer_id: str, extension: str, console: CurrentConsole, visitor: CurrentVisitor
) -> Response:
    """The offer's matches that the filters keep, with the columns of the screen."""
    seen = await _read(console, visitor, offer_id)
    names = (await console.atlas()).names
    async with console.pool.acquire() as connection:
        found = await everything(connection, seen.scope, _filters(request, names)) if seen.is_reader else []
    table = partial(stream_table, found, names, console.today(), console.site.public_url, reader=seen.side)
    return await spreadsheet(table, extension, f"essaim-offre-{offer_id}-{console.today().isoformat()}")


def _filters(request: Request, names: Names) -> Filters:
    return read_filters(
        request.query_params,
        challenges=(),
        categories=names.labels["categories"],
        kinds=(),
        advancements=ADVANCEMENTS,
        usual_order="adequation",
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """An offer, which of its matches the reader may see, whether there are any, and whether it is theirs."""

    type: OfferType
    offer_id: str
    offer: Commitment | Fund
    scope: Scope
    is_own: bool
    is_reader: bool

    @property
    def side(self) -> Side | None:
        """The reader's side of its matches."""
        return "offer" if self.is_own else None

    @property
    def is_readable(self) -> bool:
        """A commitment is for its company and for who sees one of its matches; a fund is public."""
        return self.type == "fund" or self.is_reader


async def _read(console: Console, visitor: Visitor, offer_id: str) -> _Seen:
    """The offer of an id. Where a commitment and a fund share it: the reader's own, else the first they may read.

    Raises 404 when there is none, and when none is readable 403, or asks who is not signed in to sign in.
    """
    async with console.pool.acquire() as connection:
        both = [await _seen(console, connection, visitor.person, kind, offer_id) for kind in OFFER_TYPES]
    found = sorted((one for one in both if one), key=lambda one: not one.is_own)
    if not found:
        raise HTTPException(404)
    readable = next((one for one in found if one.is_readable), None)
    if readable is None:
        visitor.known  # noqa: B018  # who is not signed in is asked to
        raise HTTPException(403)
    return readable


async def _seen(
    console: Console, connection: Connection, person: Person | None, kind: OfferType, offer_id: str
) -> _Seen | None:
    offer = await entities.offer(connection, kind, offer_id)
    if offer is None:
        return None
    is_own = person is not None and person.holds_offer(kind, offer_id)
    key = (kind, offer_id)
    scope = Scope(offer=key, offer_day=console.today()) if is_own else Scope(offer=key, seen_by=person)
    is_reader = is_own or (person is not None and await matches.exists(connection, scope))
    return _Seen(kind, offer_id, offer, scope, is_own, is_reader)
