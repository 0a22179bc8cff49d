"""The pages for everyone: home, help, site map, and what the law asks."""

from functools import cache

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole
from services.console.store import tallies
from services.console.views.atlas import Atlas
from services.console.views.france_map import FranceMap, Point, france_map
from shared.events.shapes import Territory
from shared.reference.files import read_plain_rows
from shared.reference.geography import Unit, load_geography

router = APIRouter()


@router.get("/")
async def home(request: Request, console: CurrentConsole) -> Response:
    """What it is, where it works, which door is yours."""
    atlas = await console.atlas()
    counts = await console.kept("territories", tallies.of_territories)
    return await render(request, "home.html", atlas=atlas, map=_map(atlas), counts=counts)


ROBOTS = "\n".join(
    (
        "User-agent: *",
        *(
            f"Disallow: {path}"
            for path in (
                "/alertes",
                "/connexion",
                "/mes-",
                "/offres/",
                "/projets/",
                "/rapprochements/",
                "/territoires/*/flux",
                "/territoires/*/suivi",
                "/v1/",
            )
        ),
        "",
    )
)
"""What search engines leave alone: pages of people, forms, links of mails."""


@router.get("/robots.txt")
async def robots() -> Response:
    """Which pages are for everyone."""
    return PlainTextResponse(ROBOTS)


@router.get("/plan-du-site")
async def site_map(request: Request, console: CurrentConsole) -> Response:
    """Every page, by its name."""
    return await render(request, "site_map.html", atlas=await console.atlas())


@router.get("/aide")
async def help_page(request: Request) -> Response:
    """How it works, and the words it uses."""
    return await render(request, "help.html")


@router.get("/accessibilite")
async def accessibility(request: Request) -> Response:
    """What is claimed of accessibility: nothing before an audit."""
    return await render(request, "accessibility.html")


@router.get("/donnees-personnelles")
async def personal_data(request: Request, console: CurrentConsole) -> Response:
    """Which data are kept, why, for how long, and how to have them erased."""
    return await render(request, "personal_data.html", grace=console.site.decline_grace_s)


@router.get("/mentions-legales")
async def legal(request: Request) -> Response:
    """Who publishes, under which licences."""
    return await render(request, "legal.html")


_maps: dict[tuple[Territory, ...], FranceMap] = {}


def _map(atlas: Atlas) -> FranceMap:
    """Drawn once for a given list of territories."""
    if atlas.territories not in _maps:
        _maps.clear()
        placed = {
            one.territory_id: (one.name, centre, population)
            for one in atlas.territories
            for centre, population in _centre(one)
        }
        _maps[atlas.territories] = france_map(
            [point for (level, _), point in _centres().items() if level == "epci"], placed
        )
    return _maps[atlas.territories]


def _centre(territory: Territory) -> list[tuple[Point, int]]:
    """The middle of the territory's units and its population; nothing where no unit has a centre."""
    geography, centres = load_geography(), _centres()
    units = [Unit(unit.level, unit.code) for unit in territory.perimeter]
    found = [centres[unit] for unit in units if unit in centres]
    if not found:
        return []
    latitude, longitude = (sum(values) / len(found) for values in zip(*found, strict=True))
    return [((latitude, longitude), sum(geography.population(unit) for unit in units if geography.exists(unit)))]


@cache
def _centres() -> dict[Unit, Point]:
    """The centre of every unit, read once."""
    rows = read_plain_rows("geography/centres.csv.gz")
    return {Unit(level, code): (float(lat), float(lon)) for level, code, lat, lon, _ in rows}
