"""The offers of companies and operators: their projects, what is left to give, what is not possible and why."""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from services.console.connectors.ingest import ServiceAway
from services.console.pages.context import Console
from services.console.pages.deposits import unheard
from services.console.pages.exporting import spreadsheet
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, Visitor
from services.console.store import entities, matches
from services.console.views.cards import Card, card
from services.console.views.export import stream_table
from services.console.views.lists import awaiting, party_matches
from services.console.views.offer_page import OfferSummary, offer_facts_rows, offer_summary
from services.console.views.refusals import Refusals, nearest, refused_count, refused_groups
from services.console.views.rights import Person, may_see
from shared.database import Connection
from shared.events.matches import MatchChanged
from shared.events.shapes import Commitment, Fund
from shared.events.vocabulary import OfferType, Side

OFFER_TYPES: tuple[OfferType, ...] = ("commitment", "fund")

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
    owned = {"commitment": person.commitments, "fund": person.funds}
    awaited = await unheard(console, person, owned, {(summary.type, summary.offer_id) for summary, _, _ in rows})
    return await render(request, "my_offers.html", rows=rows, unheard=awaited, is_thanked=bool(merci))


@router.get("/offres/{offer_id}")
async def offer_page(request: Request, offer_id: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """An offer and its projects; a fund's description is for everyone, its projects for its operator."""
    seen = await _read(console, visitor, offer_id)
    offer, is_own = seen.offer, seen.is_own
    names, today, now = (await console.atlas()).names, console.today(), console.clock()
    own = party_matches(seen.found, "offer" if is_own else None, today)

    def cards(some: tuple[MatchChanged, ...]) -> list[Card]:
        side: Side | None = "offer" if is_own else None
        return [card(one, names, now, reader=side, speaker=side) for one in some]

    refusals, is_away = Refusals(), False
    if is_own:
        try:
            refusals = await console.matcher.refused_projects(seen.type, offer_id)
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
    seen = await _read(console, visitor, offer_id)
    names = (await console.atlas()).names
    side: Side | None = "offer" if seen.is_own else None
    table = partial(stream_table, seen.found, names, console.today(), console.site.public_url, reader=side)
    return await spreadsheet(table, extension, f"essaim-offre-{offer_id}-{console.today().isoformat()}")


@dataclass(frozen=True, slots=True)
class _Seen:
    """An offer, the matches of it that the reader may see, and whether it is theirs."""

    type: OfferType
    offer: Commitment | Fund
    found: list[MatchChanged]
    is_own: bool

    @property
    def is_readable(self) -> bool:
        """A commitment is for its company and for who sees one of its matches; a fund is public."""
        return self.type == "fund" or self.is_own or bool(self.found)


async def _read(console: Console, visitor: Visitor, offer_id: str) -> _Seen:
    """The offer of an id. Where a commitment and a fund share it: the reader's own, else the first they may read.

    Raises 404 when there is none, and when none is readable 403, or asks who is not signed in to sign in.
    """
    async with console.pool.acquire() as connection:
        both = [await _seen(connection, visitor.person, kind, offer_id) for kind in OFFER_TYPES]
    found = sorted((one for one in both if one), key=lambda one: not one.is_own)
    if not found:
        raise HTTPException(404)
    readable = next((one for one in found if one.is_readable), None)
    if readable is None:
        visitor.known  # noqa: B018  # who is not signed in is asked to
        raise HTTPException(403)
    return readable


async def _seen(connection: Connection, person: Person | None, kind: OfferType, offer_id: str) -> _Seen | None:
    offer = await entities.offer(connection, kind, offer_id)
    if offer is None:
        return None
    everything = await matches.of_offer(connection, kind, offer_id) if person else []
    is_own = person is not None and person.holds_offer(kind, offer_id)
    return _Seen(kind, offer, [one for one in everything if person is not None and may_see(person, one)], is_own)
