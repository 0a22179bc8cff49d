"""What a coordinator follows: whom to introduce or chase, what nothing answers yet, what was concluded."""

from functools import partial

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from services.console.pages.context import Console
from services.console.pages.exporting import MOST_EXPORTED, spreadsheet
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, Visitor
from services.console.store import follow_up as followed
from services.console.store import matches, tallies
from services.console.store.matches import Scope
from services.console.store.tallies import Tally
from services.console.views.cards import card
from services.console.views.filters import Filters
from services.console.views.follow_up import FollowUp, by_territory, chases, follow_up_table, unanswered
from services.console.views.territory_page import TallyRow, members_by_role
from shared.database import Connection
from shared.events.shapes import Project, Territory
from shared.reference.territory_index import TerritoryIndex
from shared.words.names import Names

MOST_TO_DO = 20
MOST_UNMATCHED = 50

router = APIRouter(prefix="/territoires/{territory_id}/suivi")


@router.get("")
async def follow_up(request: Request, territory_id: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """What a coordinator has to do, what nothing answers, and counts by défi and theme."""
    territory = await _territory(console, visitor, territory_id)
    names, now = (await console.atlas()).names, console.clock()
    found = await _followed(console, territory)
    async with console.pool.acquire() as connection:
        of_categories = await tallies.of_categories(connection, territory_id)
        total = await followed.concluded(connection, territory_id)
    of_challenges = await console.kept("challenges", tallies.of_challenges)
    return await render(
        request,
        "follow_up.html",
        territory=territory,
        found=found,
        most_unmatched=MOST_UNMATCHED,
        concluded=total,
        to_do=[card(one, names, now, speaker="coordinator") for one in found.to_introduce],
        met=[card(one, names, now) for one in found.met],
        challenges=_challenge_rows(territory, of_challenges),
        categories=_category_rows(territory, names, of_categories),
        members=members_by_role(territory),
    )


@router.get("/export.{extension}")
async def export(territory_id: str, extension: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """The lists of the page, as CSV or XLSX."""
    territory = await _territory(console, visitor, territory_id)
    found = await _followed(console, territory, limit=MOST_EXPORTED)
    titles = {one.challenge_id: one.title for one in territory.challenges}
    table = partial(follow_up_table, found, titles, console.site.public_url)
    return await spreadsheet(table, extension, f"essaim-suivi-{territory_id}-{console.today().isoformat()}")


async def _followed(console: Console, territory: Territory, *, limit: int = MOST_TO_DO) -> FollowUp:
    territory_id, scope = territory.territory_id, Scope(territory.territory_id)
    async with console.pool.acquire() as connection:
        mutual = await matches.page(connection, scope, Filters(advancement="reciproque"), limit=limit, offset=0)
        met = await matches.page(connection, scope, Filters(advancement="mis-en-relation"), limit=limit, offset=0)
        waiting = await followed.awaiting_answer(connection, territory_id, limit)
        concluded = await matches.page(connection, scope, Filters(advancement="conclu"), limit=limit, offset=0)
    atlas = await console.atlas()

    async def read(connection: Connection) -> dict[str, tuple[Project, ...]]:
        projects = await followed.unmatched_projects(connection)
        return by_territory(projects, TerritoryIndex(atlas.territories))

    unmatched = (await console.kept("unmatched", read)).get(territory_id, ())
    counts = await console.kept("challenges", tallies.of_challenges)
    matched = {challenge_id: tally.matches for challenge_id, tally in counts.items()}
    return FollowUp(
        tuple(mutual),
        chases(waiting, console.today()),
        tuple(met),
        unanswered(territory.challenges, matched, unmatched),
        unmatched,
        tuple(concluded),
    )


async def _territory(console: Console, visitor: Visitor, territory_id: str) -> Territory:
    """The territory, for who coordinates it; others are told that it is not theirs."""
    if territory_id not in visitor.known.territories:
        raise HTTPException(403)
    territory = await console.territory(territory_id)
    if territory is None:
        raise HTTPException(404)
    return territory


def _challenge_rows(territory: Territory, counts: dict[str, Tally]) -> tuple[TallyRow, ...]:
    stream = f"/territoires/{territory.territory_id}/flux"
    return tuple(
        _row(one.title, f"{stream}?defi={one.challenge_id}", counts.get(one.challenge_id))
        for one in territory.challenges
    )


def _category_rows(territory: Territory, names: Names, counts: dict[str, Tally]) -> tuple[TallyRow, ...]:
    return tuple(
        _row(label, f"/territoires/{territory.territory_id}/flux?theme={category}", counts.get(category))
        for category, label in names.labels["categories"].items()
        if category in counts
    )


def _row(label: str, href: str, tally: Tally | None) -> TallyRow:
    tally = tally or Tally()
    return TallyRow(label, href, tally.projects, tally.matches, tally.introduced)
