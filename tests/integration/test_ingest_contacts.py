"""Who is written to about what, and what a signed-in person may do, on a real PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.ingest import accounts
from services.ingest.app import MOST_BYTES
from shared.events.entities import FundPublished, TerritoryPublished
from tests.factories import a_commitment, a_fund, a_project, a_territory
from tests.integration.ingest_house import House, open_house


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


def submission(project_id: str = "prj-a", email: str | None = None, **changes: Any) -> dict[str, Any]:
    data = a_project(project_id, **changes).model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return {**data, "contact": {"email": email}} if email else data


async def asked(house: House, **body: Any) -> dict[str, Any]:
    answer = await house.service().post("/internal/contacts", json=body)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_contacts_need_the_services_token(house: House) -> None:
    partner = await house.partner("org-a", "admin")
    body = {"address": "lea@example.org"}
    assert (await partner.post("/internal/contacts", json=body)).status_code == 401
    assert (await house.client().post("/internal/contacts", json=body)).status_code == 401
    assert (await house.client().post("/internal/contacts", content=b"{")).status_code == 401  # before it is read
    too_long = await house.service().post("/internal/contacts", content=b"[" * (MOST_BYTES + 1))
    assert (too_long.status_code, too_long.headers["content-type"]) == (413, "application/problem+json")
    assert str(MOST_BYTES) in too_long.json()["detail"].replace("\u202f", "").replace("\xa0", "")


async def test_strange_question_is_a_problem(house: House) -> None:
    for body in ({"address": "\0"}, {"parties": [{"type": "club", "id": "x"}]}, {"who": 1}, []):
        answer = await house.service().post("/internal/contacts", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert await asked(house) == {"person": None}


async def test_parties_have_contacts_coordinators_and_owners_real_names(house: House) -> None:
    partner = await house.partner("org-a")
    owner = {"owner_id": "por-i", "name": "Camille Martin", "legal_form": "collectif-informel"}
    data = submission("prj-i", owner=owner) | {
        "contact": {"email": "cam@example.org", "name": "Camille", "language": "en"}
    }
    await partner.put("/v1/projects/prj-i", json=data)
    coordinator = await accounts.add_coordinator(house.pool, "nantes-metropole", "ana@example.org", "Ana")
    parties = [{"type": "project", "id": "prj-i"}, {"type": "territory", "id": "nantes-metropole"}]
    found = await asked(house, parties=[*parties, {"type": "fund", "id": "nobody"}])
    person = found["contacts"][0].pop("person_id")
    assert person.startswith("per-")
    assert found == {
        "contacts": [
            {
                "type": "project",
                "id": "prj-i",
                "email": "cam@example.org",
                "name": "Camille",
                "language": "en",
                "role": "contact",
            },
            {
                "type": "territory",
                "id": "nantes-metropole",
                "person_id": coordinator,
                "email": "ana@example.org",
                "name": "Ana",
                "language": "fr",
                "role": "coordinator",
            },
        ],
        "owners": [{"type": "project", "id": "prj-i", "name": "Camille Martin"}],
    }


async def test_one_address_is_one_person_however_written(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/projects/prj-a", json=submission("prj-a", "Lea@Example.org"))
    commitment = a_commitment().model_dump(mode="json") | {"contact": {"email": "lea@example.org"}}
    await partner.put("/v1/commitments/eng-a", json=commitment)
    person = (await asked(house, address=" LEA@example.ORG "))["person"]
    assert (person["projects"], person["commitments"], person["funds"]) == (["prj-a"], ["eng-a"], [])
    assert person["organisations"] == ["ent-eng-a", "por-prj-a"]
    assert (await asked(house, person_id=person["person_id"]))["person"] == person
    assert (await asked(house, address="nobody@example.org")) == {"person": None}


async def test_person_can_be_made_known_by_the_console(house: House) -> None:
    made = await asked(house, address="new@example.org", create=True, name="Nour")
    again = await asked(house, address="new@example.org", create=True)
    assert made["person"]["name"] == again["person"]["name"] == "Nour"
    assert made["person"]["person_id"] == again["person"]["person_id"]


async def test_silent_submission_keeps_the_contact_and_null_removes_it(house: House) -> None:
    partner = await house.partner("org-a")
    fund = a_fund().model_dump(mode="json", exclude_none=True)
    await partner.put("/v1/funds/fds-a", json=fund | {"contact": {"email": "f@example.org"}})
    await partner.put("/v1/funds/fds-a", json=fund | {"title": "Autre intitulé"})
    assert (await house.contact("fund", "fds-a") or {})["email"] == "f@example.org"
    await partner.patch("/v1/funds/fds-a", json={"contact": None})
    assert await house.contact("fund", "fds-a") is None
    managed = [event.fund.managed for event in await house.said() if isinstance(event, FundPublished)]
    assert managed == [True, True, False]


async def test_person_acts_for_what_they_are_the_contact_of(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/projects/prj-a", json=submission("prj-a", "lea@example.org"))
    await partner.put("/v1/projects/prj-b", json=submission("prj-b", "bo@example.org"))
    person = (await asked(house, address="lea@example.org"))["person"]
    console = house.service(person["person_id"])
    own = await console.patch("/v1/projects/prj-a", json={"title": "Nouveau titre"})
    others = await console.patch("/v1/projects/prj-b", json={"title": "Nouveau titre"})
    listed = await console.get("/v1/projects")
    assert (own.status_code, others.status_code) == (202, 403)
    assert [item["project_id"] for item in listed.json()["items"]] == ["prj-a"]


async def test_person_becomes_the_contact_of_what_they_create(house: House) -> None:
    person = (await asked(house, address="lea@example.org", create=True))["person"]
    console = house.service(person["person_id"])
    created = await console.put("/v1/projects/prj-n", json=submission("prj-n"))
    second = await console.put(
        "/v1/projects/prj-m", json=submission("prj-m", owner=a_project("prj-n").owner.model_dump())
    )
    stranger = (await asked(house, address="bo@example.org", create=True))["person"]
    stolen = submission("prj-o", owner=a_project("prj-n").owner.model_dump())
    refused = await house.service(stranger["person_id"]).put("/v1/projects/prj-o", json=stolen)
    assert (created.status_code, second.status_code) == (202, 202)
    assert (await house.contact("project", "prj-n") or {})["person_id"] == person["person_id"]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "owner.owner_id")


async def test_token_without_a_person_does_nothing(house: House) -> None:
    answer = await house.service().put("/v1/projects/prj-a", json=submission())
    unknown = await house.service("per-nobody").put("/v1/projects/prj-a", json=submission())
    assert (answer.status_code, unknown.status_code) == (401, 404)


CANDIDATE = {
    "territory_id": "pays-de-redon",
    "name": "Pays de Redon",
    "kind": "bassin-pays",
    "perimeter": [{"level": "epci", "code": "243500741"}],
    "challenges": [
        {
            "challenge_id": "pays-de-redon-d1",
            "title": "Manger d'ici",
            "description": "Relocaliser les repas des cantines.",
            "axis": "social",
            "categories": ["alimentation"],
        }
    ],
    "status": "candidat",
}


async def test_coordinator_declares_a_candidate_territory_whose_challenge_can_be_answered(house: House) -> None:
    person = await accounts.add_coordinator(house.pool, "nantes-metropole", "ana@example.org")
    console, partner = house.service(person), await house.partner("org-a")
    before = await partner.put("/v1/projects/prj-a", json=submission(challenge_id="pays-de-redon-d1"))
    declared = await console.put("/v1/territories/pays-de-redon", json=CANDIDATE)
    after = await partner.put("/v1/projects/prj-a", json=submission(challenge_id="pays-de-redon-d1"))
    assert (before.status_code, declared.status_code, after.status_code) == (422, 202, 202)
    [event] = await house.said("territories")
    assert isinstance(event, TerritoryPublished)
    assert (event.territory.status, event.territory.coordinated) == ("candidat", True)


async def test_only_the_operator_labels_a_territory(house: House) -> None:
    partner, operator = await house.partner("org-a"), await house.partner("essaim", "admin")
    labelled = CANDIDATE | {"status": "labellise"}
    refused = await partner.put("/v1/territories/pays-de-redon", json=labelled)
    await partner.put("/v1/territories/pays-de-redon", json=CANDIDATE)
    given = await operator.put("/v1/territories/pays-de-redon", json=labelled)
    renamed = await partner.put("/v1/territories/pays-de-redon", json=labelled | {"name": "Redon et son pays"})
    lost = await partner.put("/v1/territories/pays-de-redon", json=CANDIDATE)
    assert [refused.status_code, given.status_code, renamed.status_code, lost.status_code] == [403, 202, 202, 403]
    assert refused.json()["errors"][0]["field"] == "status"


async def test_person_who_coordinates_nothing_declares_no_territory(house: House) -> None:
    person = (await asked(house, address="lea@example.org", create=True))["person"]
    answer = await house.service(person["person_id"]).put("/v1/territories/pays-de-redon", json=CANDIDATE)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "reserve-aux-coordinateurs")


async def test_challenge_of_another_territory_is_refused(house: House) -> None:
    partner = await house.partner("org-a")
    challenge = CANDIDATE["challenges"][0] | {"challenge_id": "nantes-metropole-d1"}  # type: ignore[index]
    answer = await partner.put("/v1/territories/pays-de-redon", json=CANDIDATE | {"challenges": [challenge]})
    assert [error["code"] for error in answer.json()["errors"]] == ["defi-d-un-autre-territoire"]


async def test_territories_are_public_to_every_key(house: House) -> None:
    partner, reader = await house.partner("org-a"), await house.partner("org-b", "read")
    await partner.put("/v1/territories/pays-de-redon", json=CANDIDATE)
    answer = await reader.get("/v1/territories/pays-de-redon")
    listed = await reader.get("/v1/territories?status=candidat")
    assert answer.json()["perimeter"][0]["name"] == "CA Redon Agglomération"
    assert len(listed.json()["items"]) == 1


async def test_territory_says_whether_someone_coordinates_it(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put("/v1/territories/pays-de-redon", json=CANDIDATE)
    await accounts.add_coordinator(house.pool, "pays-de-redon", "ana@example.org", "Ana")
    assert await accounts.revoke_coordinator(house.pool, "pays-de-redon", "ANA@example.org")
    assert not await accounts.revoke_coordinator(house.pool, "pays-de-redon", "ana@example.org")
    events = await house.said("territories")
    assert [event.territory.coordinated for event in events if isinstance(event, TerritoryPublished)] == [
        False,
        True,
        False,
    ]


async def test_an_unknown_territory_gets_no_coordinator_and_near_ids_are_named(house: House) -> None:
    with pytest.raises(accounts.RefusedAccount, match=r"« nante-metropol » \(proches : nantes-metropole"):
        await accounts.add_coordinator(house.pool, "nante-metropol", "ana@example.org")
    with pytest.raises(accounts.RefusedAccount, match="aucun territoire"):
        await accounts.list_coordinators(house.pool, "atlantide")
    partner = await house.partner("org-a")
    await partner.put("/v1/territories/ter-a", json=a_territory("ter-a").model_dump(mode="json"))
    await accounts.add_coordinator(house.pool, "ter-a", "ana@example.org")
    assert [each.territory_id for each in await accounts.list_coordinators(house.pool, "ter-a")] == ["ter-a"]


async def test_keys_are_of_known_organisations(house: House) -> None:
    await accounts.add_organisation(house.pool, "les-paniers", "Les Paniers")
    for work in (accounts.add_key(house.pool, "les-panier", ["read"]), accounts.list_keys(house.pool, "les-panier")):
        with pytest.raises(accounts.RefusedAccount, match=r"« les-panier » \(proches : les-paniers\)"):
            await work


async def test_nobody_describes_a_fund_in_the_name_of_another(house: House) -> None:
    operator, partner = await house.partner("essaim", "admin"), await house.partner("org-a")
    fund = a_fund("fds-o", operator="Banque des Territoires").model_dump(mode="json", exclude_none=True)
    assert (await operator.put("/v1/funds/fds-o", json=fund)).status_code == 202
    person = (await asked(house, address="lea@example.org", create=True))["person"]
    for who in (partner, house.service(person["person_id"])):
        for name in ("BANQUE DES TERRITOIRÉS", "Organisation Essaim"):
            stolen = fund | {"fund_id": "fds-s", "operator": name, "deposited_by": "Banque des Territoires"}
            answer = await who.put("/v1/funds/fds-s", json=stolen)
            error = answer.json()["errors"][0]
            assert (answer.status_code, error["field"], error["code"]) == (403, "operator", "nom-d-un-autre-organisme")
    own = fund | {"fund_id": "fds-s", "operator": "Organisation org-a"}
    assert (await partner.put("/v1/funds/fds-s", json=own)).status_code == 202
    theirs = fund | {"fund_id": "fds-p", "operator": "Le club de Léa"}
    assert (await house.service(person["person_id"]).put("/v1/funds/fds-p", json=theirs)).status_code == 202
    again = await partner.put("/v1/funds/fds-s", json=(await partner.get("/v1/funds/fds-s")).json())
    assert again.json()["result"] == "unchanged"
    assert (await operator.patch("/v1/funds/fds-s", json={"title": "Un fonds vérifié"})).status_code == 202
    said = [event.fund.deposited_by for event in await house.said("funds") if isinstance(event, FundPublished)]
    assert said == [None, "Organisation org-a", "une personne inscrite", None]


async def test_partner_neither_reads_nor_rewrites_the_name_that_another_gave(house: House) -> None:
    one, other = await house.partner("org-a"), await house.partner("org-b")
    said = {"email": "lea@example.org", "name": "Léa Martin", "language": "en"}
    await one.put("/v1/projects/prj-a", json=submission("prj-a") | {"contact": said})
    await other.put("/v1/projects/prj-b", json=submission("prj-b", "lea@example.org"))
    read = (await other.get("/v1/projects/prj-b")).json()
    assert "name" not in read["contact"]
    renamed = {"email": "LEA@example.org", "name": "Cliquez ici", "language": "fr"}
    await other.patch("/v1/projects/prj-b", json={"contact": renamed})
    assert (await one.get("/v1/projects/prj-a")).json()["contact"] == said
    told = await house.contact("project", "prj-a") or {}
    assert (told["email"], told["name"], told["language"]) == ("lea@example.org", "Léa Martin", "en")
    assert (await asked(house, address="lea@example.org"))["person"]["name"] is None


async def test_id_that_nothing_can_have_is_erased_nowhere(house: House) -> None:
    operator = await house.partner("essaim", "admin")
    for plural in ("projects", "organisations", "persons"):
        answer = await operator.post(f"/v1/{plural}/%00/erasure")
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
