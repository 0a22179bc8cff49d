"""Whatever an address holds, it is answered: ids that two offers share, links of the erased, NUL, endless numbers."""

from collections.abc import AsyncIterator

import pytest

from shared.links import sign
from tests.conftest import ServiceDsn
from tests.factories import a_territory, commitment_published, fund_published, match_changed, territory_published
from tests.integration.console_stage import COMPANY, COORDINATOR, SECRET, STRANGER, Stage, staged

STREAM = "/territoires/nantes-metropole/flux"


@pytest.fixture
async def stage(database: ServiceDsn) -> AsyncIterator[Stage]:
    async with staged(database("console")) as made:
        await made.hear(
            territory_published(a_territory("nantes-metropole", name="Nantes Métropole")),
            commitment_published(),
            match_changed(),
        )
        yield made


async def test_fund_is_public_even_when_a_commitment_has_its_id(stage: Stage) -> None:
    fund = fund_published()
    shared = fund.fund.model_copy(update={"fund_id": "eng-a", "title": "Fonds de tous"})
    await stage.hear(fund.model_copy(update={"fund": shared}))
    for person in (None, STRANGER):
        async with stage.reader(person) as reader:
            page = await reader.get("/offres/eng-a")
            assert (page.status_code, "Fonds de tous" in page.text) == (200, True)
            assert (await reader.get("/offres/eng-a/export.csv")).status_code == 200
    async with stage.reader(COMPANY) as reader:
        assert "Fonds de tous" not in (await reader.get("/offres/eng-a")).text


async def test_alerts_link_of_somebody_erased_is_gone_and_writes_nothing(stage: Stage) -> None:
    link = sign(SECRET, "alerts", {"person": "per-erased"}, stage.now[0].replace(year=2027))
    async with stage.reader() as reader:
        assert (await reader.get(f"/alertes?lien={link}")).status_code == 410
        sent = await reader.send(
            "/connexion", f"/alertes?lien={link}", frequence="weekly", minimum="forte", langue="fr"
        )
    assert sent.status_code == 410
    assert await stage.said("preferences") == []
    assert await stage.pool.fetchval("select count(*) from preferences") == 0


@pytest.mark.parametrize(
    "path",
    [
        "/offres/a%00b",
        "/projets/%00",
        "/territoires/%00",
        "/rapprochements/%00",
        "/v1/matches?after=%00",
        "/static/%00",
        f"{STREAM}/nouveaux?depuis={2**63}",
        f"{STREAM}/nouveaux?depuis={'9' * 5_000}",
        f"{STREAM}/evenements?depuis={2**63}",
    ],
)
async def test_address_of_nothing_is_not_found(stage: Stage, path: str) -> None:
    async with stage.reader(COORDINATOR) as reader:
        assert (await reader.get(path)).status_code == 404


async def test_page_beyond_any_is_the_last(stage: Stage) -> None:
    async with stage.reader(COORDINATOR) as reader:
        assert (await reader.get(f"{STREAM}?page={'9' * 5_000}")).status_code == 200


@pytest.mark.parametrize(("token", "status"), [("é" * 80, 403), ("a" * 32 + "é", 403), ("\0", 400)])
async def test_token_of_no_form_is_refused(stage: Stage, token: str, status: int) -> None:
    async with stage.reader() as reader:
        await reader.get("/connexion")
        answer = await reader.client.post("/connexion", data={"jeton": token, "adresse": "lea@example.org"})
    assert answer.status_code == status
