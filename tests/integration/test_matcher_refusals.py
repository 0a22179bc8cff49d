"""The internal reads: which pairs are refused and why, for services alone."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI

from services.matcher.api import router
from shared.events.matches import OfferFacts, ProjectFacts, match_id_of
from tests.factories import (
    a_commitment,
    a_fund,
    a_project,
    answer_given,
    commitment_published,
    day_started,
    fund_published,
    project_published,
)
from tests.integration.matcher_stage import Stage, stage

TOKEN = {"Authorization": "Bearer between-services"}


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


@pytest.fixture
async def client(matcher: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a process that owns all."""
    app = FastAPI()
    app.include_router(router)
    app.state.owners = (await matcher.process(0, 1)).owners
    app.state.service_token = "between-services"
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://matcher", headers=TOKEN) as made:
        yield made


@pytest.mark.parametrize("kind", ["projects", "commitments", "funds"])
async def test_nothing_has_a_nul_in_its_id(client: httpx.AsyncClient, kind: str) -> None:
    for path in (f"/internal/{kind}/%00/refusals", f"/internal/{kind}/prj%00a/refusals?x=%00"):
        assert (await client.get(path)).status_code == 404
        assert (await client.get(path, headers={"Authorization": ""})).status_code == 401


async def test_the_offers_refused_for_a_project_come_nearest_first(matcher: Stage, client: httpx.AsyncClient) -> None:
    far = a_commitment("eng-far", perimeter=[{"level": "departement", "code": "75"}], stages=["idee"])
    closed = a_commitment("eng-closed", status="clos")
    small = a_fund(ticket_eur={"min": 300_000})
    (process,) = matcher.processes
    said = [commitment_published(each) for each in (far, closed, a_commitment("eng-fits"))]
    await process.hears(*matcher.log.say(day_started(), *said, fund_published(small), project_published()))
    answer = (await client.get("/internal/projects/prj-a/refusals")).json()
    assert [(each["id"], each["codes"]) for each in answer["refused"]] == [
        ("eng-closed", ["clos"]),
        ("fds-a", ["montant-hors-fourchette"]),
        ("eng-far", ["hors-perimetre", "stade-non-admis"]),
    ]
    assert answer["counts"] == {"clos": 1, "hors-perimetre": 1, "montant-hors-fourchette": 1, "stade-non-admis": 1}
    assert answer["total"] == len(answer["refused"])
    first = answer["refused"][0]
    assert (first["type"], first["organisation_name"]) == ("commitment", "Entreprise engagée A")
    assert ProjectFacts.model_validate(first["facts"]["project"]).commune_name == "Rezé"
    assert OfferFacts.model_validate(first["facts"]["offer"]).title == closed.title


async def test_twenty_are_given_of_each_code_and_all_are_counted(matcher: Stage, client: httpx.AsyncClient) -> None:
    (process,) = matcher.processes
    closed = [commitment_published(a_commitment(f"eng-{number:02}", status="clos")) for number in range(25)]
    await process.hears(*matcher.log.say(day_started(), *closed, project_published()))
    answer = (await client.get("/internal/projects/prj-a/refusals")).json()
    assert [each["id"] for each in answer["refused"]] == [f"eng-{number:02}" for number in range(20)]
    assert answer["counts"] == {"clos": 25}
    assert answer["total"] == 25


async def test_the_projects_refused_for_an_offer_say_a_decline(matcher: Stage, client: httpx.AsyncClient) -> None:
    (process,) = matcher.processes
    paused = project_published(a_project("prj-b", status="suspendu"))
    await process.hears(*matcher.log.say(day_started(), commitment_published(), project_published(), paused))
    await process.hears(
        *matcher.log.say(answer_given("declined", match_id=match_id_of("prj-a", "commitment", "eng-a")))
    )
    answer = (await client.get("/internal/commitments/eng-a/refusals")).json()
    assert [(each["id"], each["type"], each["codes"]) for each in answer["refused"]] == [
        ("prj-a", "project", ["decline"]),
        ("prj-b", "project", ["suspendu"]),
    ]
    assert answer["refused"][0]["owner_name"] == "Les Paniers de Rezé"


@pytest.mark.parametrize("path", ["projects/prj-z", "commitments/eng-z", "funds/fds-z"])
async def test_what_is_not_known_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/internal/{path}/refusals")).status_code == 404


async def test_nobody_reads_without_the_service_token(client: httpx.AsyncClient) -> None:
    answer = await client.get("/internal/projects/prj-a/refusals", headers={"Authorization": "Bearer guessed"})
    assert answer.status_code == 401
