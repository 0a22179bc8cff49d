"""What a person deposits by page, through the real ingest: new, changed, paused, withdrawn, erased."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape

import pytest

from services.console.connectors.ingest import Ingest
from services.console.views.rights import Person
from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished
from tests.conftest import ServiceDsn
from tests.factories import a_territory, territory_published
from tests.integration.console_forms import fill, form_of
from tests.integration.console_stage import Reader, Stage, staged
from tests.integration.ingest_house import House, open_house

NANTES = a_territory("nantes-metropole", name="Nantes Métropole", status="labellise")
PROJECT: dict[str, str | list[str]] = {
    "titre": "Épicerie du port",
    "resume": "Une épicerie solidaire pour le quartier.",
    "commune": "Rezé",
    "code_postal": "44400",
    "stade": "amorcage",
    "besoin": ["mecenat-nature"],
    "montant-mecenat-nature": "12 000",
    "porteur": "Les Paniers",
    "forme": "association",
    "contact_nom": "Camille Le Goff",
}
COMMITMENT = {
    "titre": "Vingt jours de comptable",
    "description": "Un comptable aide à tenir les comptes.",
    "nature": "mecenat-competences",
    "jours": "20",
    "territoires": "nantes-metropole",
    "entreprise": "Les Ateliers du fleuve",
}
FUND = {
    "titre": "Fonds d'amorçage du fleuve",
    "description": "Une première aide aux projets solidaires.",
    "operateur": "Région Pays de la Loire",
    "nature": "fonds",
    "aides": "amorcage",
    "montant_min": "5 000",
    "montant_max": "30 000",
    "regions": "52",
    "adresse": "https://www.exemple.fr/candidater",
}


@dataclass
class Both:
    """A console and the ingest it deposits with; what ingest says is heard only when a test says so."""

    stage: Stage
    house: House
    heard: int = 0

    async def person(self, address: str) -> Person:
        """Someone signed in, whom ingest knows by an address."""
        known = await self.stage.console.ingest.new_person(address)
        assert known
        return known.person

    async def hear(self) -> None:
        """Have the console hear what ingest said since."""
        said = await self.house.said()
        await self.stage.hear(*(event for event in said[self.heard :] if event is not None))
        self.heard = len(said)

    async def last(self) -> object:
        """What ingest said last."""
        return (await self.house.said())[-1]


@pytest.fixture
async def both(database: ServiceDsn) -> AsyncIterator[Both]:
    """A console in front of a real ingest."""
    async with open_house(database("ingest")) as house, staged(database("console")) as stage:
        stage.console.ingest = Ingest(house.service())
        await stage.hear(territory_published(NANTES))
        yield Both(stage, house)


async def deposited(both: Both, reader: Reader, page: str, typed: dict[str, str | list[str]]) -> str:
    """Deposit by page; the address where it is changed, as the list of deposits links to it."""
    answer = await fill(reader, page, page, **typed)
    assert answer.status_code == 303, unescape(answer.text)
    listed = (await reader.get(answer.headers["location"])).text
    assert "Reçu à l'instant, bientôt affiché" in unescape(listed)
    assert "data-empty" not in listed
    href = listed.split('<h2><a href="')[1].split('"')[0]
    await both.hear()
    listed = (await reader.get(answer.headers["location"])).text
    assert "bientôt affiché" not in listed
    assert str(typed["titre"]) in unescape(listed)
    return href.removesuffix("/modifier")


async def test_project_is_deposited_changed_paused_resumed_and_withdrawn_by_page(both: Both) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        address = await deposited(both, reader, "/projets/nouveau", PROJECT)
        assert (await both.house.contact("project", address.split("/")[-1]) or {})["name"] == "Camille Le Goff"

        page = await reader.get(f"{address}/modifier")
        assert form_of(page.text, f"{address}/modifier")["commune"] == ["Rezé"]
        answer = await fill(reader, page, f"{address}/modifier", titre="Épicerie du quai", echeance="2027-06-30")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{address}/modifier?fait=enregistre")
        event = await both.last()
        assert isinstance(event, ProjectPublished)
        assert (event.project.title, str(event.project.deadline)) == ("Épicerie du quai", "2027-06-30")
        assert event.project.commune == "44143"
        page = await reader.get(answer.headers["location"])
        assert "C'est enregistré" in unescape(page.text)
        assert 'value="Épicerie du quai"' in unescape(page.text)

        for status, words in (("suspendu", "En pause"), ("actif", "En ligne"), ("retire", "Retiré")):
            opened = f"{address}/retirer" if status == "retire" else f"{address}/modifier"
            answer = await fill(reader, opened, f"{address}/etat", etat=status)
            assert answer.status_code == 303
            page = await reader.get(answer.headers["location"])
            assert f"</svg>{words}</span>" in page.text
            event = await both.last()
            assert isinstance(event, ProjectPublished)
            assert event.project.status == status


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


async def test_commitment_and_fund_are_deposited_and_changed_by_page(both: Both) -> None:
    async with both.stage.reader(await both.person("rse@example.org")) as reader:
        address = await deposited(both, reader, "/offres/nouvelle", dict(COMMITMENT))
        answer = await fill(reader, f"{address}/modifier", f"{address}/modifier", jours="25", regions=["53"])
        assert answer.status_code == 303, unescape(answer.text)
        event = await both.last()
        assert isinstance(event, CommitmentPublished)
        assert event.commitment.days == 25
        assert [unit.code for unit in event.commitment.perimeter] == ["244400404", "53"]

        address = await deposited(both, reader, "/fonds/nouveau", dict(FUND))
        event = await both.last()
        assert isinstance(event, FundPublished)
        assert event.fund.managed
        assert (event.fund.recipients, event.fund.direct_funding) == (("porteur",), True)
        assert event.fund.last_checked_on == both.stage.console.today()
        answer = await fill(reader, f"{address}/modifier", f"{address}/modifier", montant_max="", direct=[])
        assert answer.status_code == 303, unescape(answer.text)
        event = await both.last()
        assert isinstance(event, FundPublished)
        assert event.fund.ticket_eur
        assert (event.fund.ticket_eur.min, event.fund.ticket_eur.max) == (5_000, None)
        assert not event.fund.direct_funding
        listed = unescape((await reader.get("/mes-offres")).text)
        assert "Fonds d'amorçage du fleuve" in listed
        assert f'href="{address}/modifier"' in (await reader.get(address.replace("/fonds/", "/offres/"))).text


async def test_changing_by_page_loses_nothing_that_the_form_does_not_show(both: Both) -> None:
    partner = await both.house.partner("org-a")
    submission = {
        "project_id": "prj-z",
        "title": "Épicerie du port",
        "summary": "Une épicerie solidaire.",
        "owner": {"owner_id": "org-a", "name": "Les Paniers", "legal_form": "association", "actor_type": "association"},
        "commune": "44143",
        "perimeter": [{"level": "epci", "code": "244400404", "name": "Nantes Métropole"}],
        "categories": ["numerique", "alimentation"],
        "stage": "amorcage",
        "needs": [{"kind": "accompagnement", "days": 3}, {"kind": "mecenat-nature", "amount_eur": 5_000}],
        "beneficiaries": {"count": 40, "label": "familles"},
        "barrier": {"kind": "norme-nationale", "channel": "france-experimentation", "text": "Une règle."},
        "notes": ["Vue en mars."],
        "status": "actif",
        "contact": {"email": "camille@example.org", "name": "Camille"},
    }
    answer = await partner.put("/v1/projects/prj-z", json=submission)
    assert answer.status_code == 202, answer.text
    before = (await partner.get("/v1/projects/prj-z")).json()
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        page = "/projets/prj-z/modifier"
        assert (await fill(reader, page, page)).status_code == 303
        assert (await partner.get("/v1/projects/prj-z")).json() == before
        answer = await fill(
            reader,
            page,
            page,
            **{"titre": "Épicerie du quai", "montant-mecenat-nature": "6 000", "contact_langue": "en"},
        )
        assert answer.status_code == 303, unescape(answer.text)
    after = (await partner.get("/v1/projects/prj-z")).json()
    assert after == before | {
        "title": "Épicerie du quai",
        "needs": [{"kind": "accompagnement", "days": 3}, {"kind": "mecenat-nature", "amount_eur": 6_000}],
        "contact": {"email": "camille@example.org", "name": "Camille", "language": "en"},
        "version": after["version"],
    }


async def test_what_changed_meanwhile_is_said_beside_each_field_and_nothing_is_overwritten_unseen(both: Both) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        address = await deposited(both, reader, "/projets/nouveau", PROJECT)
        page = f"{address}/modifier"
        opened = await reader.get(page)
        assert (await fill(reader, page, page, titre="Titre d'un collègue", stade="developpement")).status_code == 303
        refused = await fill(reader, opened, page, titre="Mon titre")
        words = unescape(refused.text)
        assert refused.status_code == 409
        assert "a changé pendant que vous écriviez" in words
        assert "Enregistré entre-temps\xa0: Titre d'un collègue." in words
        assert 'value="Mon titre"' in words
        assert 'id="stade-faute"' in words
        assert 'id="resume-faute"' not in words
        answer = await fill(reader, refused, page, stade="developpement")
        assert answer.status_code == 303
        # The same form sent twice is no conflict.
        assert (await fill(reader, refused, page, stade="developpement")).status_code == 303
    event = await both.last()
    assert isinstance(event, ProjectPublished)
    assert (event.project.title, event.project.stage) == ("Mon titre", "developpement")


async def test_erasing_asks_first_and_then_leaves_nothing(both: Both) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        address = await deposited(both, reader, "/projets/nouveau", PROJECT)
        assert "C'est tout ce que vous avez ici" in unescape((await reader.get(f"{address}/effacer")).text)
        unsure = await fill(reader, f"{address}/effacer", f"{address}/effacer")
        assert unsure.status_code == 422
        assert 'id="sur-faute"' in unsure.text
        answer = await fill(reader, unsure, f"{address}/effacer", sur="oui")
        assert (answer.status_code, answer.headers["location"]) == (303, "/depot-efface")
        assert "votre adresse est effacée aussi" in unescape((await reader.get("/depot-efface")).text)
        assert (await reader.get(f"{address}/modifier")).headers["location"].startswith("/connexion")
    for table in ("submissions", "versions", "contacts", "people"):
        assert await both.house.pool.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # names above


async def test_deposit_is_its_authors_alone(both: Both) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        address = await deposited(both, reader, "/projets/nouveau", PROJECT)
    async with both.stage.reader(await both.person("autre@example.org")) as reader:
        for page in ("modifier", "retirer", "effacer"):
            assert (await reader.get(f"{address}/{page}")).status_code == 403
        for page, fields in (
            ("modifier", {"titre": "À moi"}),
            ("etat", {"etat": "retire"}),
            ("effacer", {"sur": "oui"}),
        ):
            assert (await reader.send("/projets/nouveau", f"{address}/{page}", **fields)).status_code in {403, 422}
        assert (await reader.get("/fonds/inconnu/modifier")).status_code == 404
    async with both.stage.reader() as reader:
        assert (await reader.get(f"{address}/modifier")).status_code == 303
    event = await both.last()
    assert isinstance(event, ProjectPublished)
    assert (event.project.title, event.project.status) == ("Épicerie du port", "actif")
