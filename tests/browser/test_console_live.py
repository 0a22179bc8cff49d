"""The core of the console as a person uses it: sign in, see a match arrive, filter, open it, answer."""

from playwright.async_api import expect

from shared.events.matches import MatchChanged
from tests.browser.conftest import Essaim, Visit, reloaded_until
from tests.factories import a_territory, match_changed, territory_published

STREAM = "/territoires/nantes-metropole/flux"
NANTES = territory_published(a_territory("nantes-metropole", name="Nantes Métropole", status="labellise"))


def about(match: MatchChanged, title: str, *categories: str) -> MatchChanged:
    changes = {"title": title, **({"categories": categories} if categories else {})}
    return match.model_copy(update={"project": match.project.model_copy(update=changes)})


async def test_match_arrives_live_is_filtered_opened_and_answered(essaim: Essaim, visit: Visit) -> None:
    await essaim.say(NANTES, match_changed())
    page = await visit("coordination")
    await page.wait_for_url(f"**{STREAM}")
    await reloaded_until(page, page.locator("[data-match]"))
    await expect(page.get_by_role("button", name="En direct")).to_have_attribute("aria-pressed", "true")

    # Nothing moves under the reader: what arrives waits until it is asked for.
    await essaim.say(about(match_changed("prj-b"), "Vélos pour tous", "numerique"))
    news = page.get_by_role("button", name="1 nouveau rapprochement, afficher")
    await expect(news).to_be_visible()
    assert await page.locator("[data-match]").count() == 1
    await news.click()
    first = page.locator("[data-match]").first
    await expect(first).to_contain_text("Vélos pour tous")
    await expect(first.get_by_role("link").first).to_be_focused()
    await expect(news).to_be_hidden()
    await expect(page.locator("[data-total]")).to_have_text("2 résultats")

    # Filters live in the address, and what they hide is not announced.
    await page.get_by_label("Thème").select_option("numerique")
    await page.get_by_role("button", name="Filtrer").click()
    await page.wait_for_url("**theme=numerique**")
    await expect(page.locator("[data-match]")).to_have_count(1)
    await essaim.say(about(match_changed("prj-c"), "Jardin partagé", "environnement"))
    await essaim.say(about(match_changed("prj-d"), "Café des réparations", "numerique"))
    await expect(page.get_by_role("button", name="1 nouveau rapprochement, afficher")).to_be_visible()
    await page.go_back()
    await expect(page.locator("[data-match]")).to_have_count(4)

    # The two parties answer, then the coordinator introduces them.
    await page.get_by_role("link", name="Épicerie du port avec Des quais vides la nuit").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Épicerie du port")
    owner = await visit("porteur", "/rapprochements/prj-a~commitment~eng-a")
    await owner.get_by_role("button", name="Oui, ça nous intéresse").click()
    await expect(owner.get_by_role("status")).to_contain_text("votre oui est enregistré")
    [answer] = await essaim.answers(1)
    assert (answer.side, answer.answer, answer.key) == ("project", "interested", "prj-a")

    await essaim.say(match_changed(version=2, change="mutual", state="mutual", interested_sides=["project", "offer"]))
    button = page.get_by_role("button", name="Mettre en relation")
    await reloaded_until(page, button)
    await button.click()
    await expect(page.get_by_role("status")).to_contain_text("C'est lancé")
    assert [given.answer for given in await essaim.answers(2)] == ["interested", "introduce"]


async def test_stream_resumes_where_it_was_cut(essaim: Essaim, visit: Visit) -> None:
    await essaim.say(NANTES, match_changed())
    page = await visit("coordination")
    await reloaded_until(page, page.locator("[data-match]"))
    await page.context.set_offline(True)
    await essaim.say(about(match_changed("prj-b"), "Vélos pour tous"), about(match_changed("prj-c"), "Jardin partagé"))
    await page.context.set_offline(False)
    await expect(page.get_by_role("button", name="2 nouveaux rapprochements, afficher")).to_be_visible(timeout=30_000)


async def test_pause_stops_the_news_and_going_live_again_catches_up(essaim: Essaim, visit: Visit) -> None:
    await essaim.say(NANTES, match_changed())
    page = await visit("coordination")
    await reloaded_until(page, page.locator("[data-match]"))
    toggle = page.locator("[data-live-toggle]")
    await toggle.click()
    await expect(toggle).to_have_attribute("aria-pressed", "false")
    await essaim.say(about(match_changed("prj-b"), "Vélos pour tous"))
    other = await visit("coordination", STREAM)
    await reloaded_until(other, other.locator("[data-match]").nth(1))
    await expect(page.locator("[data-news]")).to_be_hidden()
    await toggle.click()
    await expect(page.get_by_role("button", name="1 nouveau rapprochement, afficher")).to_be_visible()


async def test_everything_works_without_scripts(essaim: Essaim, visit: Visit) -> None:
    await essaim.say(NANTES, match_changed())
    page = await visit("coordination", scripts=False)
    await reloaded_until(page, page.locator("[data-match]"))
    await page.get_by_label("Avancement").select_option("conclu")
    await page.get_by_role("button", name="Filtrer").click()
    await expect(page.get_by_role("heading", name="Vos filtres cachent tout")).to_be_visible()
    await page.get_by_role("link", name="Lever les filtres").first.click()
    await expect(page.locator("[data-match]")).to_have_count(1)

    owner = await visit("porteur", "/rapprochements/prj-a~commitment~eng-a?reponse=declined", scripts=False)
    await owner.get_by_role("combobox", name="Pourquoi").select_option("trop-loin")
    await owner.get_by_role("button", name="Confirmer").click()
    await owner.get_by_role("button", name="Annuler cette réponse").click()
    await expect(owner.get_by_role("status")).to_contain_text("Votre réponse est annulée")
