"""What a coordinator follows: whom to chase, what nothing answers, what was concluded; in the menu and as a file."""

from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import pytest

from tests.conftest import ServiceDsn
from tests.factories import NOW, a_project, a_territory, match_changed, project_published, territory_published
from tests.integration.console_stage import COORDINATOR, OWNER, Stage, staged

PAGE = "/territoires/nantes-metropole/suivi"


def _challenge(number: int, title: str) -> dict[str, object]:
    named = {"challenge_id": f"nantes-metropole-d{number}", "title": title, "description": "Un défi."}
    return {**named, "axis": "environnement", "categories": ["alimentation"]}


@pytest.fixture
async def stage(database: ServiceDsn) -> AsyncIterator[Stage]:
    async with staged(database("console")) as made:
        challenges = [
            _challenge(2, "Nourrir la ville"),
            _challenge(3, "Loger les jeunes"),
            _challenge(4, "Se déplacer"),
        ]
        nantes = a_territory("nantes-metropole", name="Nantes Métropole", status="labellise", challenges=challenges)
        yes = {"change": "interested", "side": "project"}
        waiting = {"change": "interested", "state": "interested", "interested_sides": ["project"]}
        await made.hear(
            territory_published(nantes),
            project_published(),
            project_published(a_project("prj-b", title="Un toit", challenge_id="nantes-metropole-d3")),
            match_changed("prj-a", "eng-a", **waiting, history=[{**yes, "at": NOW - timedelta(days=2)}]),
            match_changed("prj-a", "eng-b", **waiting, history=[{**yes, "at": NOW - timedelta(days=9)}]),
            match_changed("prj-a", "eng-c", change="concluded", state="concluded", concluded_eur=6_500),
        )
        yield made


async def read(stage: Stage, page: str = PAGE) -> str:
    async with stage.reader(COORDINATOR) as reader:
        return unescape((await reader.get(page)).text).replace("\u00a0", " ").replace("\u202f", " ")


async def test_longest_waits_are_to_chase_first_and_what_was_concluded_is_summed(stage: Stage) -> None:
    page = await read(stage)
    assert page.index("depuis 9 jours") < page.index("depuis 2 jours")
    assert "À relancer (2)" in page
    assert "Conclu jusqu'ici : 6 500 € et 0 jour, en 1 rapprochement." in page


async def test_defis_without_a_match_are_listed_with_their_projects(stage: Stage) -> None:
    page = await read(stage)
    listed = page[page.index("Défis sans réponse (2)") : page.index("Projets sans rapprochement (1)")]
    assert "Nourrir la ville" not in listed
    assert listed.index("Loger les jeunes") < listed.index("Un toit") < listed.index("Se déplacer")
    assert 'href="/projets/prj-b"' in page[page.index("Projets sans rapprochement (1)") :]


async def test_follow_up_is_in_the_menu_and_beside_the_stream(stage: Stage) -> None:
    assert f'<a href="{PAGE}">Suivi</a>' in await read(stage, "/alertes")
    stream = await read(stage, "/territoires/nantes-metropole/flux")
    assert stream.count(f'href="{PAGE}"') == 2


async def test_follow_up_leaves_as_a_file_for_its_coordinator_alone(stage: Stage) -> None:
    table = await read(stage, f"{PAGE}/export.csv")
    assert "À relancer;Nourrir la ville;Épicerie du port" in table
    assert "Projet sans rapprochement;Loger les jeunes;Un toit" in table
    assert "Défi sans réponse;Se déplacer" in table
    assert ";6500;" in table
    async with stage.reader(OWNER) as reader:
        assert (await reader.get(f"{PAGE}/export.csv")).status_code == 403


async def test_stream_keeps_the_best_fits_alone_where_the_address_asks_so(stage: Stage) -> None:
    await stage.hear(match_changed("prj-a", "eng-d", score=0.4), match_changed("prj-a", "eng-e", score=0.8))
    stream = "/territoires/nantes-metropole/flux?adequation="
    assert "prj-a~commitment~eng-d" in await read(stage, "/territoires/nantes-metropole/flux")
    best = await read(stage, f"{stream}forte")
    assert "prj-a~commitment~eng-e" in best
    assert "prj-a~commitment~eng-d" not in best
    assert '<option value="forte" selected>' in best
    assert "Adéquation : « nulle »" in await read(stage, f"{stream}nulle")
