"""What a person deposits by page, through the real ingest: new, changed, paused, withdrawn, erased."""

from collections.abc import AsyncIterator
from html import unescape

import pytest

from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished
from tests.conftest import ServiceDsn
from tests.integration.console_desk import COMMITMENT, FUND, PROJECT, Both, deposited, open_both
from tests.integration.console_forms import fill, form_of


@pytest.fixture
async def both(database: ServiceDsn) -> AsyncIterator[Both]:
    async with open_both(database) as made:
        yield made


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
    for table in ("submissions", "contacts", "people"):
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
