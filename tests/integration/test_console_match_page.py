"""The page of a match: what both parties read of each other before they answer."""

from collections.abc import AsyncIterator
from html import unescape

import pytest

from services.console.views.rights import Person
from tests.conftest import ServiceDsn
from tests.factories import a_commitment, a_project, commitment_published, match_changed, project_published
from tests.integration.console_stage import COMPANY, OWNER, Stage, staged

MATCH = "prj-a~commitment~eng-a"
PAGE = f"/rapprochements/{MATCH}"


@pytest.fixture
async def stage(database: ServiceDsn) -> AsyncIterator[Stage]:
    async with staged(database("console")) as made:
        await made.hear(
            project_published(a_project(beneficiaries={"count": 120, "label": "habitants"})),
            commitment_published(),
            match_changed(),
        )
        yield made


async def read(stage: Stage, person: Person, page: str = PAGE) -> str:
    async with stage.reader(person) as reader:
        return unescape((await reader.get(page)).text).replace("\u00a0", " ")


@pytest.mark.parametrize("person", [OWNER, COMPANY])
async def test_both_sides_read_what_both_say_of_themselves_before_they_answer(stage: Stage, person: Person) -> None:
    page = await read(stage, person)
    assert "Une épicerie solidaire livrée de nuit par des vélos-cargos" in page
    assert "Nos quais sont libres la nuit" in page
    assert "120 habitants" in page
    assert "Mécénat financier : 20 000 €".replace("20 000", "20\u202f000") in page
    assert "Lire la suite" not in page


async def test_long_text_is_folded_at_a_words_end_and_stays_whole(stage: Stage) -> None:
    text = "Un quai prêté chaque nuit. " * 30
    await stage.hear(commitment_published(a_commitment(description=text.strip()), version=2))
    page = await read(stage, OWNER)
    assert "Lire la suite" in page
    assert page.count("Un quai prêté chaque nuit.") >= 28


async def test_titles_lead_to_the_pages_that_the_reader_may_open(stage: Stage) -> None:
    seen = await read(stage, COMPANY)
    assert 'href="/offres/eng-a"' in seen
    assert 'href="/projets/prj-a"' not in seen
    seen = await read(stage, OWNER)
    assert 'href="/projets/prj-a"' in seen
    assert 'href="/offres/eng-a"' in seen
    async with stage.reader(OWNER) as reader:
        assert (await reader.get("/offres/eng-a")).status_code == 200
