"""The offers of companies and operators: their projects, what is left to give, what is not possible and why."""

from functools import partial

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from services.console.connectors.ingest import ServiceAway
from services.console.pages.context import Console
from services.console.pages.exporting import spreadsheet
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, Visitor
from services.console.store import entities, matches
from services.console.views.cards import Card, card
from services.console.views.export import stream_table
from services.console.views.lists import awaiting, party_matches
from services.console.views.offer_page import OfferSummary, offer_facts_rows, offer_summary
from services.console.views.refusals import Refusals, nearest, refused_count, refused_groups
from services.console.views.rights import may_see
from shared.database import Connection
from shared.events.matches import MatchChanged
from shared.events.shapes import Commitment, Fund
from shared.events.vocabulary import OfferType, Side

router = APIRouter()


@router.get("/mes-offres")
async def my_offers(request: Request, console: CurrentConsole, visitor: CurrentVisitor, merci: str = "") -> Response:
    """The reader's offers, with what is left of each and what waits for them."""
    person, names, today = visitor.known, (await console.atlas()).names, console.today()
    rows: list[tuple[OfferSummary, int, int]] = []
    async with console.pool.acquire() as connection:
        found = await entities.offers(connection, "commitment", sorted(person.commitments))
        found += await entities.offers(connection, "fund", sorted(person.funds))
        for offer in found:
            summary = offer_summary(offer, names, today)
            own = party_matches(await matches.of_offer(connection, summary.type, summary.offer_id), "offer", today)
            rows.append((summary, len(own.open), awaiting(own.open, "offer", today)))
    return await render(request, "my_offers.html", rows=rows, is_thanked=bool(merci))


@router.get("/offres/{offer_id}")
async def offer_page(request: Request, offer_id: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """An offer and its projects; a fund's description is for everyone, its projects for its operator."""
    offer_type, offer, found, is_own = await _read(console, visitor, offer_id)
    names, today, now = (await console.atlas()).names, console.today(), console.clock()
    own = party_matches(found, "offer" if is_own else None, today)

    def cards(some: tuple[MatchChanged, ...]) -> list[Card]:
        side: Side | None = "offer" if is_own else None
        return [card(one, names, now, reader=side, speaker=side) for one in some]

    refusals, is_away = Refusals(), False
    if is_own:
        try:
            refusals = await console.matcher.refused_projects(offer_type, offer_id)
        except ServiceAway:
            is_away = True
    return await render(
        request,
        "offer.html",
        offer=offer,
        summary=offer_summary(offer, names, today),
        facts=offer_facts_rows(offer, names, today),
        projects=cards(own.open),
        aside=cards(own.aside),
        over=cards(own.over),
        nearest=nearest(refusals, today, names, reader="offer"),
        refused_count=refused_count(refusals),
        refused=refused_groups(refusals, today, names, reader="offer"),
        is_away=is_away,
        is_own=is_own,
    )


@router.get("/offres/{offer_id}/export.{extension}")
async def export_offer(offer_id: str, extension: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """The offer's matches, with the columns of the screen."""
    _, _, found, is_own = await _read(console, visitor, offer_id)
    names = (await console.atlas()).names
    side: Side | None = "offer" if is_own else None
    table = partial(stream_table, found, names, console.today(), console.site.public_url, reader=side)
    return await spreadsheet(table, extension, f"essaim-offre-{offer_id}-{console.today().isoformat()}")


async def _read(
    console: Console, visitor: Visitor, offer_id: str
) -> tuple[OfferType, Commitment | Fund, list[MatchChanged], bool]:
    """The offer, the matches that the reader may see, and whether it is theirs.

    A commitment is for its company and for coordinators who see one of its matches; a fund is public.
    """
    person = visitor.person
    async with console.pool.acquire() as connection:
        offer_type, offer = await _find(connection, offer_id)
        if offer is None:
            raise HTTPException(404)
        everything = await matches.of_offer(connection, offer_type, offer_id)
    is_own = person is not None and person.holds_offer(offer_type, offer_id)
    found = [match for match in everything if person is not None and may_see(person, match)]
    if offer_type == "commitment" and not is_own and not found:
        visitor.known  # noqa: B018  # who is not signed in is asked to
        raise HTTPException(403)
    return offer_type, offer, found, is_own


async def _find(connection: Connection, offer_id: str) -> tuple[OfferType, Commitment | Fund | None]:
    commitment = await entities.offer(connection, "commitment", offer_id)
    return ("commitment", commitment) if commitment else ("fund", await entities.offer(connection, "fund", offer_id))
