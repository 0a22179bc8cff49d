"""The pages: whose they are, what they show when empty, filtered or refused, and how lists leave."""

import io
from collections.abc import AsyncIterator
from datetime import date
from html import unescape

import pytest
from openpyxl import load_workbook

from services.console.views.rights import Person
from shared.events.matches import MatchChanged
from shared.events.people import PreferenceSet
from shared.links import sign
from tests.conftest import ServiceDsn
from tests.factories import (
    a_project,
    a_territory,
    commitment_published,
    fund_published,
    match_changed,
    project_published,
    territory_published,
)
from tests.integration.console_stage import COMPANY, COORDINATOR, OWNER, SECRET, STRANGER, Stage, staged

STREAM = "/territoires/nantes-metropole/flux"
NANTES = a_territory("nantes-metropole", name="Nantes Métropole", status="labellise")
PUBLIC = (
    "/",
    "/connexion",
    "/connexion/envoye",
    "/recherche",
    "/recherche?q=nantes",
    "/plan-du-site",
    "/aide",
    "/accessibilite",
    "/donnees-personnelles",
    "/mentions-legales",
    "/territoires/nantes-metropole",
    "/defis/nantes-metropole-d1",
    "/offres/fds-a",
)
PRIVATE = {
    "/mes-projets": (OWNER, COMPANY, COORDINATOR, STRANGER),
    "/mes-offres": (OWNER, COMPANY, COORDINATOR, STRANGER),
    "/alertes": (OWNER, COMPANY, COORDINATOR, STRANGER),
    "/projets/nouveau": (OWNER, COMPANY, COORDINATOR, STRANGER),
    "/offres/nouvelle": (OWNER, COMPANY, COORDINATOR, STRANGER),
    "/fonds/nouveau": (OWNER, COMPANY, COORDINATOR, STRANGER),
    "/projets/prj-a": (OWNER, COORDINATOR),
    "/projets/prj-a/export.csv": (OWNER, COORDINATOR),
    "/offres/eng-a": (COMPANY, COORDINATOR, OWNER),
    "/offres/eng-a/export.csv": (COMPANY, COORDINATOR, OWNER),
    "/rapprochements/prj-a~commitment~eng-a": (OWNER, COMPANY, COORDINATOR),
    STREAM: (COORDINATOR,),
    f"{STREAM}/nouveaux": (COORDINATOR,),
    f"{STREAM}/export.csv": (COORDINATOR,),
    "/territoires/nantes-metropole/suivi": (COORDINATOR,),
}


@pytest.fixture
async def stage(database: ServiceDsn) -> AsyncIterator[Stage]:
    async with staged(database("console")) as made:
        await made.hear(
            territory_published(NANTES),
            project_published(),
            commitment_published(),
            fund_published(),
            match_changed(),
        )
        yield made


def elsewhere(match: MatchChanged, **project: object) -> MatchChanged:
    return match.model_copy(update={"project": match.project.model_copy(update=project)})


@pytest.mark.parametrize("path", PUBLIC)
async def test_public_page_is_for_everyone(stage: Stage, path: str) -> None:
    async with stage.reader() as reader:
        answer = await reader.get(path)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("path", PRIVATE)
async def test_private_page_is_for_whose_it_is(stage: Stage, path: str) -> None:
    async with stage.reader() as reader:
        assert (await reader.get(path)).status_code == 303
    for person in (OWNER, COMPANY, COORDINATOR, STRANGER):
        async with stage.reader(person) as reader:
            expected = 200 if person in PRIVATE[path] else 403
            assert (await reader.get(path)).status_code == expected, person.person_id


@pytest.mark.parametrize(
    "path",
    [
        "/nulle-part",
        "/territoires/nulle-part",
        "/defis/x-d9",
        "/projets/absent",
        "/offres/absente",
        f"{STREAM}/export.pdf",
    ],
)
async def test_what_is_not_there_says_so_with_a_way_out(stage: Stage, path: str) -> None:
    async with stage.reader(COORDINATOR) as reader:
        answer = await reader.get(path)
    assert answer.status_code == 404
    assert 'href="/plan-du-site"' in answer.text


async def test_page_names_each_reason_and_never_a_code(stage: Stage) -> None:
    async with stage.reader(COORDINATOR) as reader:
        page = (await reader.get("/rapprochements/prj-a~commitment~eng-a")).text
    assert "Adéquation forte" in page
    assert "Même thème\u00a0: Alimentation" in page
    for code in ("defi-identique", "theme-principal", "geo-contenu", "mecenat-nature"):
        assert f">{code}<" not in page


async def test_stream_keeps_its_filters_in_the_address(stage: Stage) -> None:
    await stage.hear(elsewhere(match_changed("prj-b"), title="Vélos pour tous", categories=("numerique",)))
    async with stage.reader(COORDINATOR) as reader:
        page = (await reader.get(f"{STREAM}?theme=numerique&avancement=propose")).text
    assert "Vélos pour tous" in page
    assert "Épicerie du port" not in page
    assert '<option value="numerique" selected>' in page
    assert f"{STREAM}/export.xlsx?theme=numerique&amp;avancement=propose" in page


async def test_empty_stream_tells_filters_from_nothing(stage: Stage) -> None:
    async with stage.reader(COORDINATOR) as reader:
        hidden = (await reader.get(f"{STREAM}?theme=numerique")).text
        assert "Vos filtres cachent tout" in hidden
        assert f'href="{STREAM}"' in hidden
        await stage.erase("matches", "prj-a~commitment~eng-a", version=2)
        assert "Rien pour l'instant" in unescape((await reader.get(STREAM)).text)


async def test_stream_of_many_pages_stays_in_its_filters(stage: Stage) -> None:
    await stage.hear(*(match_changed(f"prj-{n:02}") for n in range(45)))
    async with stage.reader(COORDINATOR) as reader:
        first = (await reader.get(f"{STREAM}?tri=adequation")).text
        last = (await reader.get(f"{STREAM}?tri=adequation&page=3")).text
        beyond = (await reader.get(f"{STREAM}?page=99")).text
    assert "46 résultats" in first
    assert "?tri=adequation&amp;page=2" in first
    assert (first.count("data-match="), last.count("data-match="), beyond.count("data-match=")) == (20, 6, 6)


async def test_news_are_what_changed_since_an_entry_of_the_feed(stage: Stage) -> None:
    async with stage.reader(COORDINATOR) as reader:
        since = await stage.pool.fetchval("select max(feed_id) from feed")
        await stage.hear(elsewhere(match_changed("prj-b"), title="Vélos pour tous"))
        news = (await reader.get(f"{STREAM}/nouveaux?depuis={since}")).text
        filtered = (await reader.get(f"{STREAM}/nouveaux?depuis={since}&theme=numerique")).text
    assert "Vélos pour tous" in news
    assert "Épicerie du port" not in news
    assert "data-match=" not in filtered


async def test_export_has_the_columns_of_the_screen_and_computes_nothing(stage: Stage) -> None:
    await stage.hear(
        elsewhere(match_changed("prj-b"), title='=HYPERLINK("http://evil.example")', owner_name="@Les Paniers")
    )
    async with stage.reader(COORDINATOR) as reader:
        written = (await reader.get(f"{STREAM}/export.csv")).content.decode("utf-8-sig")
        book = load_workbook(io.BytesIO((await reader.get(f"{STREAM}/export.xlsx")).content))
    assert written.startswith("Mis à jour le;Avancement;Adéquation;Projet;")
    assert "'=HYPERLINK" in written
    rows = list(book.active.iter_rows(values_only=True)) if book.active else []
    assert len(rows) == 3
    assert all(cell.data_type != "f" for row in (book.active.iter_rows() if book.active else []) for cell in row)
    assert {row[3] for row in rows[1:]} == {"Épicerie du port", '\'=HYPERLINK("http://evil.example")'}


async def test_project_page_shows_what_fits_and_why_the_others_do_not(stage: Stage) -> None:
    fund = fund_published().fund
    facts = match_changed()
    stage.elsewhere.refusals = {
        "refused": [
            {
                "id": fund.fund_id,
                "type": "fund",
                "codes": ["stade-non-admis"],
                "facts": {
                    "project": facts.project.model_dump(mode="json", exclude_none=True) | {"stage": "idee"},
                    "offer": facts.offer.model_dump(mode="json", exclude_none=True) | {"title": fund.title},
                },
            }
        ],
        "counts": {"stade-non-admis": 1},
    }
    async with stage.reader(OWNER) as reader:
        page = (await reader.get("/projets/prj-a")).text
        stage.elsewhere.is_away = True
        await stage.pool.execute("update people set refreshed_at = now()")
        away = await reader.get("/projets/prj-a")
    assert "Entreprises (1)" in page
    assert "Des quais vides la nuit" in page
    assert "Financements (0)" in page
    assert "Le plus proche" in page
    assert "Non, car stades acceptés" in page
    assert "Oui si votre projet atteint ce stade" in page
    assert away.status_code == 200
    assert "Les refus ne sont pas disponibles" in away.text


async def test_match_put_aside_leaves_the_list_of_that_side_alone(stage: Stage) -> None:
    hidden = match_changed(version=2, project_hidden_until="2026-12-20", change="postponed")
    await stage.hear(hidden)
    async with stage.reader(OWNER) as reader:
        assert "Mis de côté (1)" in (await reader.get("/projets/prj-a")).text
    async with stage.reader(COMPANY) as reader:
        assert "Ses projets (1)" in (await reader.get("/offres/eng-a")).text


async def test_alerts_are_said_once_and_by_the_link_of_a_mail_too(stage: Stage) -> None:
    link = sign(SECRET, "alerts", {"person": "per-company"}, stage.now[0].replace(year=2027))
    async with stage.reader() as reader:
        for _ in range(2):
            answer = await reader.send(
                f"/alertes?lien={link}", f"/alertes?lien={link}", frequence="weekly", minimum="forte", langue="fr"
            )
            assert answer.status_code == 303
        assert 'value="weekly" checked' in (await reader.get(f"/alertes?lien={link}")).text
        assert (await reader.get("/alertes?lien=forged.token")).status_code == 303
    [event] = await stage.said("preferences")
    assert isinstance(event, PreferenceSet)
    assert (event.key, event.frequency, event.minimum) == ("per-company", "weekly", "forte")


async def test_deposit_is_made_in_the_readers_name(stage: Stage) -> None:
    stage.elsewhere.kept["/v1/projects/prj-a"] = a_project().model_dump(mode="json", exclude_none=True)
    async with stage.reader(OWNER) as reader:
        answer = await reader.send(
            "/projets/nouveau",
            "/projets/nouveau",
            identifiant="0" * 32,
            titre="Épicerie du port",
            resume="Une épicerie solidaire.",
            commune="Rezé",
            code_postal="44400",
            stade="amorcage",
            themes=["alimentation"],
            besoin=["mecenat-financier", "mecenat-competences"],
            porteur="Les Paniers",
            forme="association",
            echeance="2027-06-30",
            **{"montant-mecenat-financier": "20 000 €", "jours-mecenat-competences": "12"},
        )
    assert (answer.status_code, answer.headers["location"]) == (303, "/mes-projets?merci=1")
    [(path, acting_for, body)] = stage.elsewhere.deposits
    assert (path, acting_for) == ("/v1/projects/prj-" + "0" * 20, "person:per-owner")
    assert body["place"] == {"name": "Rezé", "postal_code": "44400"}
    assert body["needs"] == [
        {"kind": "mecenat-financier", "amount_eur": 20_000},
        {"kind": "mecenat-competences", "days": 12},
    ]
    assert body["owner"]["owner_id"] == a_project().owner.owner_id
    assert "contact" not in body


async def test_refused_deposit_keeps_what_was_typed_and_says_what_to_do_beside_each_field(stage: Stage) -> None:
    stage.elsewhere.answer = (
        422,
        {
            "title": "Dépôt refusé",
            "errors": [
                {
                    "field": "place",
                    "message": "Plusieurs communes portent ce nom.",
                    "remedy": "Ajoutez le code postal.",
                },
                {"field": "needs.0.amount_eur", "message": "Montant trop grand.", "remedy": "Vérifiez les zéros."},
            ],
        },
    )
    async with stage.reader(OWNER) as reader:
        answer = await reader.send(
            "/projets/nouveau",
            "/projets/nouveau",
            titre="Épicerie du port",
            resume="Une épicerie solidaire.",
            commune="Saint-Denis",
            stade="amorcage",
            besoin=["mecenat-financier"],
            porteur="Les Paniers",
            forme="association",
            **{"montant-mecenat-financier": "20000"},
        )
    page = answer.text
    assert answer.status_code == 422
    assert 'value="Saint-Denis"' in page
    assert 'id="commune-faute"' in page
    assert "Plusieurs communes portent ce nom. Ajoutez le code postal." in page
    assert 'id="montant-mecenat-financier-faute"' in page
    assert '<option value="amorcage" selected>' in page


async def test_unreadable_form_says_everything_at_once_and_keeps_nothing(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        answer = await reader.send("/offres/nouvelle", "/offres/nouvelle", total="beaucoup", ouverture="demain")
    assert answer.status_code == 422
    for field in ("titre", "description", "nature", "entreprise", "total", "ouverture"):
        assert f'id="{field}-faute"' in answer.text, field
    assert stage.elsewhere.deposits == []


async def test_deposit_while_ingest_is_away_loses_nothing(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        opened = await reader.get("/offres/nouvelle")
        assert opened.status_code == 200
        stage.elsewhere.is_away = True
        answer = await reader.send(
            "/alertes",
            "/offres/nouvelle",
            titre="Vingt jours de comptable",
            description="Un comptable.",
            nature="mecenat-competences",
            entreprise="Entreprise A",
        )
    assert answer.status_code == 503
    assert "rien n'est perdu" in unescape(answer.text)
    assert 'value="Vingt jours de comptable"' in answer.text


async def test_search_finds_without_accents_and_shows_others_nothing_of_ours(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        assert "/projets/prj-a" in (await reader.get("/recherche?q=EPICERIE+port")).text
    async with stage.reader(STRANGER) as reader:
        assert "/projets/prj-a" not in (await reader.get("/recherche?q=epicerie")).text
    async with stage.reader() as reader:
        assert "/offres/fds-a" in (await reader.get("/recherche?q=amorcage")).text
        assert "/defis/nantes-metropole-d1" in (await reader.get("/recherche?q=nourrir+ville")).text


@pytest.mark.parametrize(
    "q",
    [
        "amorçage",
        "Rezé",
        "44400",
        "loire-atlantique",
        "44",
        "Paniers",
        "quais vides",
        "nourrir épicerie",
        "ALIMENTATION",
    ],
)
async def test_search_finds_by_stage_place_organisation_theme_and_challenge(stage: Stage, q: str) -> None:
    challenge = NANTES.challenges[0].challenge_id
    await stage.hear(project_published(a_project(challenge_id=challenge), version=2))
    async with stage.reader(OWNER) as reader:
        page = (await reader.client.get("/recherche", params={"q": q})).text
    assert "/projets/prj-a" in page or "/offres/eng-a" in page


async def test_search_of_a_commune_leads_everyone_to_its_territory(stage: Stage) -> None:
    async with stage.reader() as reader:
        for q in ("rezé", "44400"):
            page = unescape((await reader.client.get("/recherche", params={"q": q})).text)
            assert "/territoires/nantes-metropole" in page
            assert "Il comprend\u00a0: Rezé" in page


async def test_fund_past_its_last_day_is_closed_everywhere_and_invites_nobody(stage: Stage) -> None:
    closed = fund_published().fund.model_copy(update={"title": "Vieux fonds", "closes_on": date(2019, 6, 30)})
    await stage.hear(fund_published(closed, version=2))
    async with stage.reader() as reader:
        page = unescape((await reader.get("/offres/fds-a")).text)
        territory = unescape((await reader.get("/territoires/nantes-metropole")).text)
        found = unescape((await reader.get("/recherche?q=vieux")).text)
    assert "Clos</span>" in page
    assert "Actif" not in page
    assert "Déposez-le" not in page
    assert "Voir comment candidater" not in page
    assert "Clos, sauf nouvelle édition (1)" in territory
    assert "Aucun fonds ouvert n'est connu ici" in territory
    assert "Banque solidaire, clos" in found


async def test_offer_shows_its_projects_a_page_at_a_time_within_its_filters(stage: Stage) -> None:
    await stage.hear(*(match_changed(f"prj-{n:02}", version=1) for n in range(24)))
    await stage.hear(match_changed("prj-24", version=1, offer_hidden_until="2026-12-20"))
    await stage.hear(match_changed("prj-25", version=1, state="concluded"))
    async with stage.reader(COMPANY) as reader:
        first = unescape((await reader.get("/offres/eng-a")).text)
        second = (await reader.get("/offres/eng-a?page=2")).text
        aside = unescape((await reader.get("/offres/eng-a?avancement=mis-de-cote")).text)
        wrong = unescape((await reader.get("/offres/eng-a?theme=numerik")).text)
        mine = unescape((await reader.get("/mes-offres")).text).replace("\u00a0", " ")
        table = (await reader.get("/offres/eng-a/export.csv?avancement=conclu")).text
    assert "Ses projets (26)" in first
    assert "1 à 20 sur 26" in first
    assert (first.count("<article"), second.count("<article")) == (20, 6)
    assert "Ses projets (1)" in aside
    assert "Filtre inconnu, laissé de côté\u00a0: Thème\u00a0: «\u00a0numerik\u00a0»" in wrong
    assert "27 projets : 26 proposés, 1 conclu, dont 1 mis de côté" in mine
    assert table.count("/rapprochements/") == 1


@pytest.mark.parametrize("q", ["' or 1=1 --", "a & b | !c", "%", "<script>alert(1)</script>", "\x00", "le la les"])
async def test_search_of_anything_is_a_page(stage: Stage, q: str) -> None:
    async with stage.reader(OWNER) as reader:
        answer = await reader.client.get("/recherche", params={"q": q})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


async def test_text_of_others_is_never_markup(stage: Stage) -> None:
    await stage.hear(elsewhere(match_changed("prj-x"), title="<img src=x onerror=alert(1)>"))
    async with stage.reader(COORDINATOR) as reader:
        page = (await reader.get(STREAM)).text
    assert "<img" not in page
    assert "&lt;img src=x" in page


async def test_coordinator_of_another_territory_sees_nothing_of_this_one(stage: Stage) -> None:
    neighbour = Person("per-neighbour", territories=frozenset({"figeac"}))
    async with stage.reader(neighbour) as reader:
        for path in (STREAM, "/projets/prj-a", "/offres/eng-a", "/rapprochements/prj-a~commitment~eng-a"):
            assert (await reader.get(path)).status_code == 403, path
