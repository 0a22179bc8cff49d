"""A deposit that its author paused: one word everywhere, the way back, and nothing that nobody can lift."""

from collections.abc import AsyncIterator
from html import unescape

import pytest

from services.console.views.rights import Person
from tests.conftest import ServiceDsn
from tests.factories import a_commitment, a_project, commitment_published, match_changed, project_published
from tests.integration.console_stage import COMPANY, COORDINATOR, OWNER, Stage, staged


@pytest.fixture
async def stage(database: ServiceDsn) -> AsyncIterator[Stage]:
    async with staged(database("console")) as made:
        await made.hear(
            project_published(a_project(status="suspendu")),
            commitment_published(a_commitment(status="suspendu")),
            match_changed(),
        )
        yield made


async def read(stage: Stage, person: Person, page: str) -> str:
    async with stage.reader(person) as reader:
        return unescape((await reader.get(page)).text).replace("\u00a0", " ")


async def test_owner_of_a_paused_project_reads_so_and_may_resume_it(stage: Stage) -> None:
    page = await read(stage, OWNER, "/projets/prj-a")
    assert "Votre projet est en pause : aucun rapprochement n'est proposé tant que vous ne reprenez pas." in page
    assert "Suspendu" not in page
    assert page.index("Reprendre") < page.index("Financements")
    assert "Rien n'est refusé" not in page
    assert "Pas encore possibles (" not in page


async def test_coordinator_reads_that_a_project_is_paused_without_its_authors_button(stage: Stage) -> None:
    page = await read(stage, COORDINATOR, "/projets/prj-a")
    assert "Ce projet est en pause" in page
    assert "Reprendre" not in page


async def test_company_reads_that_its_offer_is_paused(stage: Stage) -> None:
    page = await read(stage, COMPANY, "/offres/eng-a")
    assert "Votre offre est en pause" in page
    assert 'action="/offres/eng-a/etat"' in page
