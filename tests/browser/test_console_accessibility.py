"""Every page, for everyone: axe finds nothing, the keyboard reaches all, nothing overflows, nobody else is called."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Request

from tests.browser.conftest import Essaim, Visit, refused_fund, reloaded_until
from tests.factories import (
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
        f"{MATCH}?reponse=declined",
        "/alertes",
    ),
    "entreprise": ("/mes-offres", "/offres/eng-a", "/offres/nouvelle", "/projets/prj-a"),
}
LOOKS = [(1280, False), (1280, True), (390, False), (390, True)]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def fill(essaim: Essaim, visit: Visit) -> None:
    """One of everything, and a match with a history; ends when the console has heard it all."""
    essaim.elsewhere.refusals = refused_fund(match_changed())
    await essaim.say(
        territory_published(a_territory("nantes-metropole", name="Nantes Métropole", status="labellise")),
        project_published(),
        commitment_published(),
        fund_published(),
        match_changed(),
        match_changed("prj-a", "fds-a", offer_type="fund", state="withdrawn", change="withdrawn", refusals=["clos"]),
    )
    page = await visit("porteur", "/projets/prj-a")
    await reloaded_until(page, page.get_by_text("Terminés (1)"))
    await reloaded_until(page, page.get_by_text("Des quais vides la nuit"))
    page = await visit("", "/offres/fds-a")
    await reloaded_until(page, page.get_by_role("heading", name="Fonds d'amorçage solidaire"))
    page = await visit("entreprise", "/offres/eng-a")
    await reloaded_until(page, page.get_by_role("heading", name="Des quais vides la nuit"))
    page = await visit("", "/territoires/nantes-metropole")
    await reloaded_until(page, page.get_by_role("heading", name="Nantes Métropole", exact=True))


@pytest.mark.parametrize(("width", "dark"), LOOKS)
async def test_axe_finds_no_violation_on_any_page(essaim: Essaim, visit: Visit, width: int, dark: bool) -> None:
    await fill(essaim, visit)
    found = []
    for role, paths in PAGES.items():
        page = await visit(role, width=width, dark=dark)
        for path in paths:
            await page.goto(essaim.url + path)
            result = await Axe().run(page, options={"runOnly": TAGS})
            found += [
                f"{role or 'all'} {path}: {violation['id']}: {node['html'][:150]}"
                for violation in result.response["violations"]
                for node in violation["nodes"]
            ]
    assert found == []


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_no_page_scrolls_sideways(essaim: Essaim, visit: Visit, width: int) -> None:
    await fill(essaim, visit)
    wide = []
    for role, paths in PAGES.items():
        page = await visit(role, width=width)
        for path in paths:
            await page.goto(essaim.url + path)
            over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                wide.append(f"{path}: {over} px")
    assert wide == []


async def test_every_title_is_its_own_and_every_page_has_its_landmarks(essaim: Essaim, visit: Visit) -> None:
    await fill(essaim, visit)
    titles: dict[str, str] = {}
    for role, paths in PAGES.items():
        page = await visit(role)
        for path in paths:
            await page.goto(essaim.url + path)
            title = await page.title()
            bare = path.partition("?")[0]
            assert titles.setdefault(title, bare) == bare or title.startswith("Cette page"), (path, title)
            for landmark in ("header", "main", "footer", "h1"):
                assert await page.locator(landmark).count() == 1, (path, landmark)
            assert await page.locator("html").get_attribute("lang") == "fr"


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


async def test_targets_are_large_enough_for_a_finger(essaim: Essaim, visit: Visit) -> None:
    await fill(essaim, visit)
    small = []
    for role, paths in PAGES.items():
        page = await visit(role, width=390)
        for path in paths:
            await page.goto(essaim.url + path)
            small += [
                f"{path}: {one}"
                for one in await page.evaluate(
                    "[...document.querySelectorAll('button, .button, select, input:not([type=hidden], [type=checkbox],"
                    " [type=radio]), summary, .menu a, .pager a, label.choice')]"
                    ".filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 43.5)"
                    ".map(one => one.outerHTML.slice(0, 120))"
                )
            ]
    assert small == []


async def test_no_third_party_is_called_and_the_policy_blocks_nothing_of_ours(essaim: Essaim, visit: Visit) -> None:
    await fill(essaim, visit)
    called: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(essaim.url):
            called.append(request.url)

    for role, paths in PAGES.items():
        page = await visit(role)
        page.on("request", note)
        page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
        for path in paths:
            await page.goto(essaim.url + path)
    assert (called, complaints) == ([], [])


async def test_match_prints_on_paper(essaim: Essaim, visit: Visit) -> None:
    await fill(essaim, visit)
    page = await visit("porteur", MATCH)
    await page.emulate_media(media="print")
    assert not await page.locator(".site-header .menu").first.is_visible()
    assert not await page.locator(".answers").is_visible()
    printed = await page.pdf(format="A4", margin={"top": "1cm", "bottom": "1cm", "left": "1cm", "right": "1cm"})
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 1
