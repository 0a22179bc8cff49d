"""What the forms of deposits let a person say: places by their names, themes, who benefits, a barrier."""

from collections.abc import AsyncIterator
from html import unescape

import pytest

from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished
from tests.conftest import ServiceDsn
from tests.integration.console_desk import COMMITMENT, FUND, PROJECT, Both, open_both
from tests.integration.console_forms import fill, form_of


@pytest.fixture
async def both(database: ServiceDsn) -> AsyncIterator[Both]:
    async with open_both(database) as made:
        yield made


async def test_place_that_several_communes_answer_to_is_chosen_on_the_page(both: Both) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        typed = PROJECT | {"commune": "Saint-Denis", "code_postal": "", "titre": ""}
        del typed["titre"]
        refused = await fill(reader, "/projets/nouveau", "/projets/nouveau", **typed, titre="Épicerie du port")
        assert refused.status_code == 422
        words = unescape(refused.text)
        assert "De quelle commune s'agit-il" in words
        assert "Saint-Denis (Seine-Saint-Denis, 93200" in words
        assert '<a href="#commune">Commune où le projet se déroule (pas le siège)\xa0: ' in words
        assert "place." not in words
        # Another mistake first: the communes stay there to choose from.
        again = await fill(
            reader, refused, "/projets/nouveau", commune_choisie="93066", titre="Écrire à lea@example.org"
        )
        assert again.status_code == 422
        assert "contact.email" not in again.text
        assert form_of(again.text, "/projets/nouveau")["commune_choisie"] == ["93066"]
        answer = await fill(reader, again, "/projets/nouveau", titre="Épicerie du port")
        assert answer.status_code == 303
    event = await both.last()
    assert isinstance(event, ProjectPublished)
    assert event.project.commune == "93066"


async def test_commune_chosen_for_a_name_does_not_serve_for_another(both: Both) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        typed = PROJECT | {"commune": "Saint-Denis", "code_postal": ""}
        refused = await fill(reader, "/projets/nouveau", "/projets/nouveau", **typed)
        answer = await fill(reader, refused, "/projets/nouveau", commune_choisie="93066", commune="Rezé")
        assert answer.status_code == 303
    event = await both.last()
    assert isinstance(event, ProjectPublished)
    assert event.project.commune == "44143"


async def test_project_says_its_themes_where_it_acts_and_for_whom_by_page(both: Both) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        said: dict[str, str | list[str]] = {
            "theme": "numerique",
            "themes": ["alimentation"],
            "lieux_ecrits": "Nantes Métropole\nSaint-Denis",
            "combien": "120",
            "beneficiaires": "habitants du quartier",
            "frein": "norme-nationale",
            "frein_texte": "Une règle.",
            "frein_voie": "france-experimentation",
            "trouve": "5 000",
            "debut": "2027-01-15",
            "fin": "2027-12-31",
        }
        refused = await fill(reader, "/projets/nouveau", "/projets/nouveau", **(PROJECT | said))
        assert refused.status_code == 422
        words = unescape(refused.text)
        assert "« Saint-Denis » : de quel lieu s'agit-il" in words.replace("\xa0", " ")
        assert 'href="#lieux_ecrits"' in words
        answer = await fill(reader, refused, "/projets/nouveau", lieux_choisis="commune:93066")
        assert answer.status_code == 303, unescape(answer.text)
        event = await both.last()
        assert isinstance(event, ProjectPublished)
        project = event.project
        assert project.categories == ("numerique", "alimentation")
        assert [(unit.level, unit.code) for unit in project.perimeter] == [("epci", "244400404"), ("commune", "93066")]
        assert project.beneficiaries
        assert (project.beneficiaries.count, project.beneficiaries.label) == (120, "habitants du quartier")
        assert project.barrier
        assert project.barrier.channel == "france-experimentation"
        assert (project.amount_secured_eur, str(project.starts_on), str(project.ends_on)) == (
            5_000,
            "2027-01-15",
            "2027-12-31",
        )

        page = f"/projets/{project.project_id}/modifier"
        opened = await reader.get(page)
        assert form_of(opened.text, page)["lieux"] == ["epci:244400404", "commune:93066"]
        changed: dict[str, str | list[str]] = {
            "theme": "alimentation",
            "themes": ["numerique"],
            "lieux": "epci:244400404",
            "lieux_ecrits": "Bouaye",
        }
        assert (await fill(reader, opened, page, **changed)).status_code == 303
        # Sent twice, it is no conflict, though what was typed is a place kept by now.
        assert (await fill(reader, opened, page, **changed)).status_code == 303
        event = await both.last()
        assert isinstance(event, ProjectPublished)
        assert event.project.categories == ("alimentation", "numerique")
        assert [unit.code for unit in event.project.perimeter] == ["244400404", "44018"]
        assert (await fill(reader, page, page, lieux=[])).status_code == 303
        event = await both.last()
        assert isinstance(event, ProjectPublished)
        assert event.project.perimeter == ()


@pytest.mark.parametrize(("page", "typed"), [("/offres/nouvelle", COMMITMENT), ("/fonds/nouveau", FUND)])
async def test_offer_names_any_place_as_its_perimeter_and_leaves_it_by_page(
    both: Both, page: str, typed: dict[str, str]
) -> None:
    async with both.stage.reader(await both.person("rse@example.org")) as reader:
        lists: dict[str, str | list[str]] = {"territoires": [], "regions": []}
        places = "Rezé\nPlaine Commune\nCC du Pays de Fayence\nMayenne"
        refused = await fill(reader, page, page, **(typed | lists), lieux_ecrits=places)
        assert "« Mayenne » : plusieurs lieux" in unescape(refused.text).replace("\xa0", " ")
        answer = await fill(reader, refused, page, lieux_choisis="departement:53")
        assert answer.status_code == 303, unescape(answer.text)
        event = await both.last()
        assert isinstance(event, CommitmentPublished | FundPublished)
        one = event.commitment if isinstance(event, CommitmentPublished) else event.fund
        codes = ["44143", "200057867", "200004802", "53"]
        assert [unit.code for unit in one.perimeter] == codes
        change = f"{page.rpartition('/')[0]}/{event.key}/modifier"
        opened = await reader.get(change)
        assert form_of(opened.text, change)["departements"] == ["53"]
        assert (await fill(reader, opened, change, lieux=["ept:200057867"])).status_code == 303
        event = await both.last()
        assert isinstance(event, CommitmentPublished | FundPublished)
        one = event.commitment if isinstance(event, CommitmentPublished) else event.fund
        assert sorted(unit.code for unit in one.perimeter) == ["200057867", "53"]
