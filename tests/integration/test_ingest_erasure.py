"""Erasure leaves no trace in ingest's schema and tells the others, on a real PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.ingest import accounts
from services.ingest.announcing import TOPICS
from shared.events.people import Erased
from shared.events.vocabulary import EntityType
from tests.factories import a_commitment, a_fund, a_project
from tests.integration.ingest_house import House, open_house

MARKER = "zyxomarqueur"


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


def marked(project_id: str = "prj-a", **changes: Any) -> dict[str, Any]:
    data = a_project(project_id, title=f"Projet {MARKER}", **changes).model_dump(mode="json", exclude_none=True)
    return {**data, "contact": {"email": f"{MARKER}@example.org", "name": f"Léa {MARKER}"}}


async def places_of(house: House, marker: str) -> list[str]:
    """The tables of the schema with a row whose text, or whose bytes as text, hold the marker."""
    tables = await house.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'ingest'")
    found = []
    for (table,) in tables:
        for row in await house.pool.fetch(f'SELECT * FROM "{table}"'):
            values = (bytes(v).decode(errors="replace") if isinstance(v, bytes) else str(v) for v in row.values())
            if marker in " ".join(values):
                found.append(table)
                break
    return sorted(found)


async def erasures(house: House) -> list[tuple[str, str]]:
    events = await house.said("erasures")
    return [(event.subject, event.subject_id) for event in events if isinstance(event, Erased)]


async def test_erased_project_leaves_a_tombstone_and_nothing_else(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/projects/prj-a", json=marked(), headers={"Idempotency-Key": f"key {MARKER}"})
    await partner.patch("/v1/projects/prj-a", json={"summary": f"Résumé {MARKER}"})
    letter = "INSERT INTO dead_letters (topic, partition, record_offset, record_timestamp, key, value, reason)"
    await house.pool.execute(f"{letter} VALUES ('matches', 0, 1, 0, 'prj-a~fund~f', '{MARKER} prj-a', 'x')")
    places = ["contacts", "dead_letters", "kept_answers", "outbox", "people", "submissions"]
    assert await places_of(house, MARKER) == places
    answer = await partner.post("/v1/projects/prj-a/erasure")
    again = await partner.post("/v1/projects/prj-a/erasure")
    assert (answer.status_code, answer.json()["result"]) == (202, "accepted")
    assert (again.status_code, again.json()["result"]) == (200, "unchanged")
    assert await places_of(house, MARKER) == []
    assert await house.said("projects") == [None]
    assert await house.pool.fetchval("SELECT version FROM outbox WHERE topic = 'projects'") == 3
    subjects = await erasures(house)
    assert subjects[0] == ("project", "prj-a")
    # The address served nothing else: it goes too, and the others are told.
    assert [subject for subject, _ in subjects] == ["project", "person"]


async def test_name_taken_out_of_a_submission_is_kept_nowhere(house: House) -> None:
    partner = await house.partner("org-a")
    owner = {"owner_id": "por-i", "legal_form": "entreprise-individuelle"}
    for name in (f"Camille {MARKER}", "Camille Martin"):
        data = a_project("prj-i", owner={**owner, "name": name}).model_dump(mode="json", exclude_none=True)
        assert (await partner.put("/v1/projects/prj-i", json=data)).status_code == 202
    assert await places_of(house, MARKER) == []


async def test_erased_id_can_be_used_anew_above_its_versions(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/projects/prj-a", json=marked())
    await partner.post("/v1/projects/prj-a/erasure")
    anew = await partner.put("/v1/projects/prj-a", json=marked())
    assert (anew.status_code, anew.json()["version"]) == (202, 3)


async def test_contact_who_serves_something_else_stays(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/projects/prj-a", json=marked())
    await partner.put("/v1/projects/prj-b", json=marked("prj-b"))
    await partner.post("/v1/projects/prj-a/erasure")
    assert (await house.contact("project", "prj-b") or {})["email"] == f"{MARKER}@example.org"
    assert await erasures(house) == [("project", "prj-a")]


@pytest.mark.parametrize("entity_type", ["commitment", "fund"])
async def test_offers_are_erased_likewise(house: House, entity_type: EntityType) -> None:
    partner = await house.partner("org-a")
    entity = a_commitment("x-1") if entity_type == "commitment" else a_fund("x-1")
    plural = TOPICS[entity_type]
    data = entity.model_dump(mode="json") | {"title": MARKER, "contact": {"email": f"{MARKER}@example.org"}}
    await partner.put(f"/v1/{plural}/x-1", json=data)
    answer = await partner.post(f"/v1/{plural}/x-1/erasure")
    assert answer.status_code == 202
    assert await places_of(house, MARKER) == []
    assert await house.said(plural) == [None]


async def test_unknown_entity_is_not_found(house: House) -> None:
    partner = await house.partner("org-a")
    assert (await partner.post("/v1/projects/prj-z/erasure")).status_code == 404


async def test_erased_person_takes_their_own_projects_along(house: House) -> None:
    partner = await house.partner("org-a")
    own = {"owner_id": "por-i", "name": f"Camille {MARKER}", "legal_form": "entreprise-individuelle"}
    await partner.put("/v1/projects/prj-i", json=marked("prj-i", owner=own))
    await partner.put("/v1/projects/prj-b", json=marked("prj-b") | {"title": "Projet d'une association"})
    await accounts.add_coordinator(house.pool, "nantes-metropole", f"{MARKER}@example.org")
    person = (await house.contact("project", "prj-b") or {})["person_id"]
    forbidden = await partner.post(f"/v1/persons/{person}/erasure")
    answer = await house.service(person).post(f"/v1/persons/{person}/erasure")
    assert (forbidden.status_code, answer.status_code) == (403, 202)
    assert await places_of(house, MARKER) == []
    assert (await partner.get("/v1/projects/prj-b")).status_code == 200
    assert (await partner.get("/v1/projects/prj-i")).status_code == 404
    [event] = [event for event in await house.said("erasures") if isinstance(event, Erased)]
    assert (event.subject, event.entities) == ("person", (("project", "prj-i"),))


async def test_fund_without_its_contact_is_managed_by_nobody(house: House) -> None:
    partner, operator = await house.partner("org-a"), await house.partner("essaim", "admin")
    await partner.put(
        "/v1/funds/fds-a", json=a_fund().model_dump(mode="json") | {"contact": {"email": "f@example.org"}}
    )
    person = (await house.contact("fund", "fds-a") or {})["person_id"]
    assert (await operator.post(f"/v1/persons/{person}/erasure")).status_code == 202
    managed = [event.fund.managed for event in await house.said("funds")]  # type: ignore[union-attr]
    assert managed == [True, False]


async def test_erased_organisation_loses_keys_and_all_it_submitted(house: House) -> None:
    partner, other = await house.partner("org-a"), await house.partner("org-b")
    operator = await house.partner("essaim", "admin")
    await partner.put("/v1/projects/prj-a", json=marked())
    await partner.put("/v1/funds/fds-a", json=a_fund().model_dump(mode="json") | {"title": MARKER})
    await other.put("/v1/projects/prj-b", json=a_project("prj-b").model_dump(mode="json"))
    assert (await partner.post("/v1/organisations/org-a/erasure")).status_code == 403
    assert (await operator.post("/v1/organisations/org-a/erasure")).status_code == 202
    assert await places_of(house, MARKER) == []
    assert (await partner.get("/v1/projects")).status_code == 401
    assert (await other.get("/v1/projects/prj-b")).status_code == 200
    [event] = [e for e in await house.said("erasures") if isinstance(e, Erased) and e.subject == "organisation"]
    assert event.entities == (("fund", "fds-a"), ("project", "prj-a"))
