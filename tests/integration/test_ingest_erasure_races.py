"""Erasure and what is submitted at that moment: whichever commits first, nothing of who was erased is left."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from services.ingest import accounts
from services.ingest.intake.known import reference_known
from services.ingest.intake.outcome import Accepted
from services.ingest.intake.reading import read
from services.ingest.intake.rights import Submitter
from services.ingest.seed import load_reference
from services.ingest.store import entities
from services.ingest.submissions import SubmitterGone, deposit
from shared.database import in_transaction
from shared.events.entities import TerritoryPublished
from shared.events.people import Erased
from tests.deadline import eventually
from tests.integration.ingest_house import House, open_house
from tests.integration.test_ingest_erasure import MARKER, marked, places_of

T = TypeVar("T")
INDIVIDUAL = {"owner_id": "por-i", "name": f"Camille {MARKER}", "legal_form": "entreprise-individuelle"}


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


def accepted(data: dict[str, Any]) -> Accepted:
    reading = read("project", data, reference_known())
    assert isinstance(reading, Accepted)
    return reading


@asynccontextmanager
async def in_flight(house: House, who: Submitter, data: dict[str, Any]) -> AsyncIterator[None]:
    """A submission that commits when the block ends."""
    async with house.pool.acquire() as connection, connection.transaction():
        [outcome] = await deposit(connection, who, [accepted(data)], known=reference_known())
        assert outcome.result == "accepted"
        yield


async def waiting(house: House) -> int:
    """How many transactions wait for a lock of this database."""
    count: int = await house.pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return count


async def meanwhile(house: House, work: Coroutine[Any, Any, T], others: int = 0) -> asyncio.Task[T]:
    """Starts work, and returns once it is done or waits for a lock, as `others` do already."""
    task = asyncio.create_task(work)

    async def is_stopped() -> bool:
        return task.done() or await waiting(house) > others

    await eventually(is_stopped)
    return task


async def entities_said(house: House, subject: str) -> list[tuple[str, str]]:
    [event] = [e for e in await house.said("erasures") if isinstance(e, Erased) and e.subject == subject]
    return sorted(event.entities)


async def test_own_project_in_flight_goes_with_the_person(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/projects/prj-b", json=marked("prj-b") | {"title": "Projet d'une association"})
    person = (await house.contact("project", "prj-b") or {})["person_id"]
    async with in_flight(house, Submitter("org-a"), marked("prj-i", owner=INDIVIDUAL)):
        erasure = await meanwhile(house, house.service(person).post(f"/v1/persons/{person}/erasure"))
    assert (await erasure).status_code == 202
    assert await places_of(house, MARKER) == []
    assert (await partner.get("/v1/projects/prj-i")).status_code == 404
    assert await entities_said(house, "person") == [("project", "prj-i")]


async def test_project_that_the_person_has_in_flight_goes_with_them(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/projects/prj-b", json=marked("prj-b") | {"title": "Projet d'une association"})
    person = (await house.contact("project", "prj-b") or {})["person_id"]
    own = {name: value for name, value in marked("prj-i", owner=INDIVIDUAL).items() if name != "contact"}
    async with in_flight(house, Submitter(person_id=person), own):
        erasure = await meanwhile(house, house.service(person).post(f"/v1/persons/{person}/erasure"))
    assert (await erasure).status_code == 202
    assert await places_of(house, MARKER) == []
    assert await entities_said(house, "person") == [("project", "prj-i")]


async def test_who_was_erased_meanwhile_submits_nothing(house: House) -> None:
    partner, operator = await house.partner("org-a"), await house.partner("essaim", "admin")
    await partner.put("/v1/projects/prj-b", json=marked("prj-b"))
    person = (await house.contact("project", "prj-b") or {})["person_id"]
    await operator.post(f"/v1/persons/{person}/erasure")
    await operator.post("/v1/organisations/org-a/erasure")
    # They were told apart before they were erased: the request is still on its way.
    for who in (Submitter(person_id=person), Submitter("org-a")):
        with pytest.raises(SubmitterGone):
            await in_transaction(
                house.pool, lambda c, w=who: deposit(c, w, [accepted(marked())], known=reference_known())
            )
    assert await places_of(house, MARKER) == []


async def test_organisation_added_anew_submits_again(house: House) -> None:
    await house.partner("org-a")
    operator = await house.partner("essaim", "admin")
    await operator.post("/v1/organisations/org-a/erasure")
    partner = await house.partner("org-a")
    assert (await partner.put("/v1/projects/prj-a", json=marked())).status_code == 202


async def test_request_of_an_organisation_erased_meanwhile_is_refused_as_its_key_is(house: House) -> None:
    partner, operator = await house.partner("org-a"), await house.partner("essaim", "admin")
    await partner.put("/v1/projects/prj-a", json=marked())
    async with house.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM organisations WHERE organisation_id = 'org-a' FOR UPDATE")
        erasure = await meanwhile(house, operator.post("/v1/organisations/org-a/erasure"))
        work = partner.patch("/v1/projects/prj-a", json={"summary": f"Autre {MARKER}"})
        change = await meanwhile(house, work, others=1)
    assert (await erasure).status_code == 202
    assert (await change).status_code == 401
    assert await places_of(house, MARKER) == []


async def test_project_in_flight_goes_with_its_organisation(house: House) -> None:
    await house.partner("org-a")
    operator = await house.partner("essaim", "admin")
    async with in_flight(house, Submitter("org-a"), marked()):
        erasure = await meanwhile(house, operator.post("/v1/organisations/org-a/erasure"))
    assert (await erasure).status_code == 202
    assert await places_of(house, MARKER) == []
    assert await entities_said(house, "organisation") == [("project", "prj-a")]


async def test_what_another_has_in_flight_for_an_organisation_goes_with_it(house: House) -> None:
    await house.partner("org-a")
    operator = await house.partner("essaim", "admin")
    owner = {"owner_id": "org-a", "name": "Organisation A", "legal_form": "association"}
    async with in_flight(house, Submitter("essaim", operator=True), marked("prj-o", owner=owner)):
        erasure = await meanwhile(house, operator.post("/v1/organisations/org-a/erasure"))
    assert (await erasure).status_code == 202
    assert await places_of(house, MARKER) == []
    assert await entities_said(house, "organisation") == [("project", "prj-o")]


async def test_contact_of_what_is_in_flight_outlives_their_other_project(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/projects/prj-a", json=marked())
    async with in_flight(house, Submitter("org-a"), marked("prj-b", summary="Un autre")):
        erasure = await meanwhile(house, partner.post("/v1/projects/prj-a/erasure"))
    assert (await erasure).status_code == 202
    assert (await house.contact("project", "prj-b") or {})["email"] == f"{MARKER}@example.org"


async def test_territory_tells_whether_a_coordinator_is_left_when_one_is_erased_while_they_are_added(
    house: House,
) -> None:
    partner, operator = await house.partner("org-a"), await house.partner("essaim", "admin")
    await load_reference(house.pool)
    await partner.put("/v1/projects/prj-b", json=marked("prj-b"))
    person = (await house.contact("project", "prj-b") or {})["person_id"]
    async with house.pool.acquire() as connection, connection.transaction():
        await entities.lock(connection, ["entity:territory:nantes-metropole"])
        work = accounts.add_coordinator(house.pool, "nantes-metropole", f"{MARKER}@example.org")
        addition = await meanwhile(house, work)
        erasure = await meanwhile(house, operator.post(f"/v1/persons/{person}/erasure"), others=1)
    await addition
    assert (await erasure).status_code == 202
    left = await accounts.list_coordinators(house.pool, "nantes-metropole")
    said = [event for event in await house.said("territories") if isinstance(event, TerritoryPublished)]
    last = {event.key: event.territory.coordinated for event in said}
    assert last["nantes-metropole"] is bool(left)
