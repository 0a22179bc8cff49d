"""Every page, for everyone: axe finds nothing, the keyboard reaches all, nothing overflows, nobody else is called."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import ConsoleMessage, Page, Request

from tests.browser.conftest import Essaim, Visit, refused_fund, reloaded_until
from tests.factories import (
    a_commitment,
    a_project,
    a_territory,
    commitment_published,
    fund_published,
    match_changed,
    project_published,
    territory_published,
)

MATCH = "/rapprochements/prj-a~commitment~eng-a"
PAGES = {
    "": (
        "/",
        "/connexion",
        "/connexion/envoye",
        "/connexion/entrer?jeton=x",
        "/recherche?q=nantes",
        "/recherche?q=introuvable",
        "/plan-du-site",
        "/aide",
        "/accessibilite",
        "/donnees-personnelles",
        "/mentions-legales",
        "/territoires/nantes-metropole",
        "/defis/nantes-metropole-d1",
        "/offres/fds-a",
        "/nulle-part",
    ),
    "coordination": (
        "/territoires/nantes-metropole/flux",
        "/territoires/nantes-metropole/flux?theme=numerique",
        "/territoires/nantes-metropole/suivi",
        MATCH,
    ),
    "porteur": (
        "/mes-projets",
        "/mes-offres",
        "/projets/prj-a",
        "/projets/nouveau",
        "/projets/prj-a/modifier",
        "/projets/prj-a/retirer",
        "/projets/prj-a/effacer",
        "/depot-efface",
        f"{MATCH}?reponse=declined",
        "/alertes",
    ),
    "entreprise": (
        "/mes-offres",
        "/offres/eng-a",
        "/offres/nouvelle",
        "/offres/eng-a/modifier",
        "/fonds/nouveau",
        "/projets/prj-a",
    ),
}
LOOKS = [(1280, False), (1280, True), (390, False), (390, True)]
SMALL_TARGETS = (
    "[...document.querySelectorAll('button, .button, select, input:not([type=hidden], [type=checkbox], [type=radio]),"
    " summary, .menu a, .pager a, label.choice')]"
    ".filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 43.5)"
    ".map(one => one.outerHTML.slice(0, 120))"
)
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def fill(essaim: Essaim, visit: Visit) -> None:
    """One of everything, and a match with a history; ends when the console has heard it all."""
    essaim.elsewhere.refusals = refused_fund(match_changed())
    essaim.elsewhere.kept = {
        "/v1/projects/prj-a": a_project().model_dump(mode="json", exclude_none=True),
        "/v1/commitments/eng-a": a_commitment().model_dump(mode="json", exclude_none=True),
    }
    await essaim.say(
        territory_published(a_territory("nantes-metropole", name="Nantes Métropole", status="labellise")),
        project_published(),
        commitment_published(),
        fund_published(),
        match_changed(),
        match_changed("prj-a", "fds-a", offer_type="fund", state="withdrawn", change="withdrawn", refusals=["clos"]),
    )
    page = await visit("porteur", "/projets/prj-a")
    await reloaded_until(page, page.get_by_text("Ont pris fin sans suite (1)"))
    await reloaded_until(page, page.get_by_text("Des quais vides la nuit"))
    page = await visit("", "/offres/fds-a")
    await reloaded_until(page, page.get_by_role("heading", name="Fonds d'amorçage solidaire"))
    page = await visit("entreprise", "/offres/eng-a")
    await reloaded_until(page, page.get_by_role("heading", name="Des quais vides la nuit"))
    page = await visit("", "/territoires/nantes-metropole")
    await reloaded_until(page, page.get_by_role("heading", name="Nantes Métropole", exact=True))


@pytest.mark.parametrize(("width", "dark"), LOOKS)
async def test_every_page_is_for_everyone(essaim: Essaim, visit: Visit, width: int, dark: bool) -> None:
    await fill(essaim, visit)
    found: list[str] = []
    for role, paths in PAGES.items():
        page = await visit(role, width=width, dark=dark)
        watch(page, essaim.url, found)
        for path in paths:
            await page.goto(essaim.url + path)
            found += [f"{path}: {fault}" for fault in [*await axe_faults(page, dark), *await shape_faults(page, width)]]
    assert not found, "\n".join(found)


def watch(page: Page, url: str, found: list[str]) -> None:
    """Note calls to anybody else, and what the page's own policy blocks."""

    def called(request: Request) -> None:
        if not request.url.startswith(url):
            found.append(f"calls {request.url}")

    def complained(message: ConsoleMessage) -> None:
        if "Policy" in message.text:
            found.append(message.text)

    page.on("request", called)
    page.on("console", complained)


async def axe_faults(page: Page, dark: bool) -> list[str]:
    """What axe finds; in the dark, colours alone differ."""
    result = await Axe().run(page, options={"runOnly": COLOURS if dark else TAGS})
    return [
        f"{violation['id']}: {node['html'][:150]}"
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]


async def shape_faults(page: Page, width: int) -> list[str]:
    """Landmarks missing or doubled, targets too small for a finger, and scrolling sideways, down to 320 pixels."""
    faults = [
        f"{await page.locator(landmark).count()} {landmark}"
        for landmark in ("header", "main", "footer", "h1")
        if await page.locator(landmark).count() != 1
    ]
    faults += [f"small target {one}" for one in await page.evaluate(SMALL_TARGETS)]
    for narrow in (width,) if width > 390 else (width, 320):
        await page.set_viewport_size({"width": narrow, "height": 900})
        over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            faults.append(f"{over} px too wide at {narrow} px")
    await page.set_viewport_size({"width": width, "height": 900})
    return faults


async def test_every_page_has_a_title_of_its_own(essaim: Essaim, visit: Visit) -> None:
    await fill(essaim, visit)
    titles: dict[str, str] = {}
    for role, paths in PAGES.items():
        page = await visit(role)
        for path in paths:
            await page.goto(essaim.url + path)
            bare = path.partition("?")[0]
            title = await page.title()
            assert titles.setdefault(title, bare) == bare or title.startswith("Cette page"), (path, title)


async def test_keyboard_reaches_every_control_in_reading_order(essaim: Essaim, visit: Visit) -> None:
    await fill(essaim, visit)
    page = await visit("porteur", MATCH)
    reached = []
    for _ in range(60):
        await page.keyboard.press("Tab")
        here = await page.evaluate(
            "document.activeElement === document.body ? null"
            " : [...document.querySelectorAll('*')].indexOf(document.activeElement)"
        )
        if here is None:
            break
        reached.append(here)
    visible = await page.evaluate(
        "[...document.querySelectorAll('a[href], button, summary, input:not([type=hidden]), select')]"
        ".filter(one => one.checkVisibility() && !one.closest('details:not([open]) > :not(summary)'))"
        ".map(one => [...document.querySelectorAll('*')].indexOf(one))"
    )
    assert reached == sorted(reached)
    assert set(visible) <= set(reached)


async def test_keyboard_alone_skips_to_the_content_and_answers(essaim: Essaim, visit: Visit) -> None:
    await fill(essaim, visit)
    page = await visit("porteur", MATCH)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "contenu"
    button = page.get_by_role("button", name="Oui, ça nous intéresse")
    await button.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**merci=interested**")


async def test_match_prints_on_one_page(essaim: Essaim, visit: Visit) -> None:
    await fill(essaim, visit)
    page = await visit("porteur", MATCH)
    await page.emulate_media(media="print")
    assert not await page.locator(".site-header .menu").first.is_visible()
    assert not await page.locator(".answers").is_visible()
    printed = await page.pdf(format="A4", margin={"top": "1cm", "bottom": "1cm", "left": "1cm", "right": "1cm"})
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 1
