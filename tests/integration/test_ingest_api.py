"""The HTTP API of ingest on a real PostgreSQL: what is committed, what is refused, what others may see."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.ingest import accounts
from shared.events.entities import ProjectPublished
from tests.factories import a_commitment, a_fund, a_project
from tests.integration.ingest_house import House, open_house


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


def submission(project_id: str = "prj-a", **changes: Any) -> dict[str, Any]:
    return a_project(project_id, **changes).model_dump(mode="json", exclude_defaults=True, exclude_none=True)


async def test_project_is_accepted_with_its_event_and_without_its_contact(house: House) -> None:
    async with await house.partner("org-a") as partner:
        data = {**submission(), "contact": {"email": "lea@example.org", "name": "Léa"}}
        answer = await partner.put("/v1/projects/prj-a", json=data)
    assert answer.status_code == 202
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == "/v1/projects/prj-a"
    assert answer.json()["result"] == "accepted"
    [event] = await house.said()
    assert isinstance(event, ProjectPublished)
    assert event.version == 1
    assert event.project.title == data["title"]
    body = await house.pool.fetchval("SELECT body FROM outbox")
    assert b"lea" not in body.lower()
    assert (await house.contact("project", "prj-a") or {})["email"] == "lea@example.org"


async def test_same_content_twice_changes_nothing(house: House) -> None:
    async with await house.partner("org-a") as partner:
        data = {**submission(), "contact": {"email": "lea@example.org"}}
        await partner.put("/v1/projects/prj-a", json=data)
        reordered = dict(reversed({**data, "notes": [], "territory_id": None}.items()))
        again = await partner.put("/v1/projects/prj-a", json=reordered)
    assert (again.status_code, again.json()["result"], again.json()["version"]) == (200, "unchanged", 1)
    assert len(await house.said()) == 1


async def test_replaced_project_has_the_next_version(house: House) -> None:
    async with await house.partner("org-a") as partner:
        await partner.put("/v1/projects/prj-a", json=submission())
        answer = await partner.put("/v1/projects/prj-a", json=submission(title="Épicerie de la gare"))
        read = await partner.get("/v1/projects/prj-a")
    assert (answer.status_code, answer.headers["etag"]) == (202, '"2"')
    assert "location" not in answer.headers
    assert (read.json()["title"], read.json()["version"]) == ("Épicerie de la gare", 2)
    assert [event.version for event in await house.said() if event] == [1, 2]


async def test_what_is_read_changes_nothing_when_given_back(house: House) -> None:
    async with await house.partner("org-a") as partner:
        await partner.put(
            "/v1/funds/fds-a", json={**a_fund().model_dump(mode="json"), "contact": {"email": "f@example.org"}}
        )
        read = await partner.get("/v1/funds/fds-a")
        again = await partner.put("/v1/funds/fds-a", json=read.json())
        known = await partner.get("/v1/funds/fds-a", headers={"If-None-Match": read.headers["etag"]})
    assert again.json()["result"] == "unchanged"
    assert read.json()["contact"] == {"email": "f@example.org", "language": "fr"}
    assert (known.status_code, known.content) == (304, b"")


async def test_patch_merges_and_removes(house: House) -> None:
    async with await house.partner("org-a") as partner:
        await partner.put("/v1/projects/prj-a", json=submission())
        patch = {"owner": {"name": "Paniers"}, "deadline": None, "place": {"name": "nantes"}}
        answer = await partner.patch(
            "/v1/projects/prj-a", json=patch, headers={"Content-Type": "application/merge-patch+json"}
        )
        read = (await partner.get("/v1/projects/prj-a")).json()
    assert answer.status_code == 202
    assert answer.json()["completed"] == [{"field": "commune", "value": "44109"}]
    assert read["owner"] == {"owner_id": "por-prj-a", "name": "Paniers", "legal_form": "association"}
    assert (read["commune"], "deadline" in read) == ("44109", False)


async def test_patch_of_nothing_is_not_found(house: House) -> None:
    async with await house.partner("org-a") as partner:
        answer = await partner.patch("/v1/projects/prj-z", json={"title": "Autre titre"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_patch_cannot_change_the_id(house: House) -> None:
    async with await house.partner("org-a") as partner:
        await partner.put("/v1/projects/prj-a", json=submission())
        answer = await partner.patch("/v1/projects/prj-a", json={"project_id": "prj-b"})
    assert [error["code"] for error in answer.json()["errors"]] == ["identifiant-immuable"]


async def test_delete_withdraws_once(house: House) -> None:
    async with await house.partner("org-a") as partner:
        await partner.put("/v1/commitments/eng-a", json=a_commitment().model_dump(mode="json"))
        first = await partner.delete("/v1/commitments/eng-a")
        second = await partner.delete("/v1/commitments/eng-a")
    assert (first.status_code, first.json()["status"], second.status_code) == (202, "retire", 200)
    assert [event.commitment.status for event in await house.said("commitments")] == ["actif", "retire"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_change_made_for_another_version_is_refused(house: House, method: str) -> None:
    async with await house.partner("org-a") as partner:
        await partner.put("/v1/projects/prj-a", json=submission())
        body = {"json": submission(title="Autre titre")} if method != "DELETE" else {}
        late = await partner.request(method, "/v1/projects/prj-a", headers={"If-Match": '"7"'}, **body)
        right = await partner.request(method, "/v1/projects/prj-a", headers={"If-Match": '"6", "1"'}, **body)
    assert (late.status_code, late.headers["etag"]) == (412, '"1"')
    assert right.status_code == 202


async def test_creation_only_is_refused_where_something_stands(house: House) -> None:
    async with await house.partner("org-a") as partner:
        created = await partner.put("/v1/projects/prj-a", json=submission(), headers={"If-None-Match": "*"})
        again = await partner.put("/v1/projects/prj-a", json=submission(), headers={"If-None-Match": "*"})
        absent = await partner.put("/v1/projects/prj-b", json=submission("prj-b"), headers={"If-Match": "*"})
    assert [created.status_code, again.status_code, absent.status_code] == [202, 412, 412]


async def test_idempotency_key_gives_the_first_answer_again(house: House) -> None:
    headers = {"Idempotency-Key": "k-1"}
    async with await house.partner("org-a") as partner:
        first = await partner.put("/v1/projects/prj-a", json=submission(), headers=headers)
        await partner.put("/v1/projects/prj-a", json=submission(title="Entre-temps"))
        again = await partner.put("/v1/projects/prj-a", json=submission(), headers=headers)
        read = await partner.get("/v1/projects/prj-a")
    assert (again.status_code, again.json(), again.headers["etag"]) == (202, first.json(), first.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"
    assert read.json()["title"] == "Entre-temps"


async def test_idempotency_key_of_another_request_is_refused(house: House) -> None:
    headers = {"Idempotency-Key": "k-1"}
    async with await house.partner("org-a") as partner, await house.partner("org-b") as other:
        await partner.put("/v1/projects/prj-a", json=submission(), headers=headers)
        reused = await partner.put("/v1/projects/prj-a", json=submission(title="Autre titre"), headers=headers)
        theirs = await other.put("/v1/projects/prj-b", json=submission("prj-b"), headers=headers)
    assert (reused.status_code, reused.json()["type"]) == (422, "/docs#cle-reutilisee")
    assert theirs.status_code == 202


async def test_refused_request_does_not_use_up_its_idempotency_key(house: House) -> None:
    headers = {"Idempotency-Key": "k-1"}
    async with await house.partner("org-a") as partner:
        refused = await partner.put("/v1/projects/prj-a", json=submission() | {"title": ""}, headers=headers)
        corrected = await partner.put("/v1/projects/prj-a", json=submission(), headers=headers)
    assert (refused.status_code, corrected.status_code) == (422, 202)


async def test_same_request_sent_ten_times_at_once_has_one_effect(house: House) -> None:
    async with await house.partner("org-a") as partner:
        sent = (
            partner.put("/v1/projects/prj-a", json=submission(), headers={"Idempotency-Key": "k-1"}) for _ in range(10)
        )
        answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} == {202}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len(await house.said()) == 1


async def test_concurrent_changes_of_one_project_are_all_said_in_order(house: House) -> None:
    async with await house.partner("org-a") as partner:
        sent = (partner.put("/v1/projects/prj-a", json=submission(title=f"Titre {n}")) for n in range(12))
        answers = await asyncio.gather(*sent)
        read = await partner.get("/v1/projects/prj-a")
    events = [event for event in await house.said() if isinstance(event, ProjectPublished)]
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 13))
    assert [event.version for event in events] == list(range(1, 13))
    assert read.json()["title"] == events[-1].project.title


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/projects/prj-a"),
        ("PATCH", "/v1/projects/prj-a"),
        ("DELETE", "/v1/projects/prj-a"),
        ("GET", "/v1/projects/prj-a"),
        ("POST", "/v1/projects/prj-a/erasure"),
    ],
)
async def test_another_organisations_id_is_forbidden_by_its_field(house: House, method: str, path: str) -> None:
    async with await house.partner("org-a") as partner, await house.partner("org-b") as other:
        await partner.put("/v1/projects/prj-a", json=submission())
        body = {"json": submission(owner=a_project("prj-b").owner.model_dump())} if method in {"PUT", "PATCH"} else {}
        answer = await other.request(method, path, **body)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == ["project_id"]
    assert len(await house.said()) == 1


async def test_owner_of_another_organisation_is_forbidden_by_its_field(house: House) -> None:
    async with await house.partner("org-a") as partner, await house.partner("org-b") as other:
        await partner.put("/v1/projects/prj-a", json=submission())
        stolen = submission("prj-b", owner=a_project("prj-a").owner.model_dump())
        answer = await other.put("/v1/projects/prj-b", json=stolen)
        company = a_commitment("eng-b", company={"company_id": "org-a", "name": "Nous"}).model_dump(mode="json")
        account = await other.put("/v1/commitments/eng-b", json=company)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (403, "owner.owner_id")
    assert (account.status_code, account.json()["errors"][0]["field"]) == (403, "company.company_id")


async def test_organisation_has_what_the_operator_loaded_for_it(house: House) -> None:
    async with await house.partner("demo", "admin") as operator, await house.partner("ent-1") as company:
        loaded = a_commitment(company={"company_id": "ent-1", "name": "Entreprise 1"}).model_dump(mode="json")
        await operator.put("/v1/commitments/eng-a", json=loaded)
        changed = await company.patch("/v1/commitments/eng-a", json={"title": "Nos quais, la nuit"})
    assert changed.status_code == 202


async def test_without_a_valid_key_nothing_is_told(house: House) -> None:
    await accounts.add_organisation(house.pool, "org-a", "A")
    key = await accounts.add_key(house.pool, "org-a", ["read"])
    bad = ["", "Basic abc", "Bearer", f"Bearer {key}x", "Bearer essaim_00000000_" + "a" * 43]
    answers = [await house.client(authorization=value).get("/v1/projects") for value in bad]
    assert [answer.status_code for answer in answers] == [401] * len(bad)
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)
    await accounts.revoke_key(house.pool, key.split("_")[1])
    assert (await house.client(authorization=f"Bearer {key}").get("/v1/projects")).status_code == 401


async def test_revoked_organisation_is_out(house: House) -> None:
    async with await house.partner("org-a") as partner:
        assert (await partner.get("/v1/projects")).status_code == 200
        assert await accounts.revoke_organisation(house.pool, "org-a")
        assert (await partner.get("/v1/projects")).status_code == 401


async def test_key_without_the_scope_is_told_which(house: House) -> None:
    async with await house.partner("org-a", "read") as partner:
        answer = await partner.put("/v1/projects/prj-a", json=submission())
    assert answer.status_code == 403
    assert "projects:write" in answer.json()["detail"]


async def test_pages_hold_own_things_once_in_order(house: House) -> None:
    async with await house.partner("org-a") as partner, await house.partner("org-b") as other:
        for number in range(5):
            title = f"Projet numéro {number}"
            await partner.put(f"/v1/projects/prj-{number}", json=submission(f"prj-{number}", title=title))
        await other.put("/v1/projects/prj-x", json=submission("prj-x"))
        pages, after = [], ""
        while after is not None:
            answer = await partner.get("/v1/projects", params={"limit": 2, "after": after})
            pages.append([item["project_id"] for item in answer.json()["items"]])
            after = answer.json()["next"]
            assert ("link" in answer.headers) == (after is not None)
    assert pages == [["prj-0", "prj-1"], ["prj-2", "prj-3"], ["prj-4"]]


async def test_lists_are_filtered_by_field(house: House) -> None:
    async with await house.partner("org-a") as partner:
        await partner.put("/v1/projects/prj-a", json=submission("prj-a"))
        await partner.put("/v1/projects/prj-b", json=submission("prj-b", stage="idee", categories=["seniors"]))
        found = {}
        for query in (
            "stage=idee",
            "categories=alimentation",
            "needs.kind=mecenat-nature&stage=idee",
            "stage=idee,amorcage",
        ):
            answer = await partner.get(f"/v1/projects?{query}")
            found[query] = [item["project_id"] for item in answer.json()["items"]]
        unknown = await partner.get("/v1/projects?stages=idee&limit=0")
    assert found == {
        "stage=idee": ["prj-b"],
        "categories=alimentation": ["prj-a"],
        "needs.kind=mecenat-nature&stage=idee": ["prj-b"],
        "stage=idee,amorcage": ["prj-a", "prj-b"],
    }
    assert unknown.status_code == 422
    assert "«\u00a0stage\u00a0»" in unknown.json()["errors"][0]["remedy"]


async def test_all_faults_are_told_at_once_in_the_language_asked(house: House) -> None:
    data = submission() | {
        "title": "",
        "stage": "idees",
        "nom": "x",
        "starts_on": "2027-02-01",
        "ends_on": "2027-01-01",
    }
    async with await house.partner("org-a") as partner:
        french = await partner.put("/v1/projects/prj-a", json=data)
        english = await partner.put("/v1/projects/prj-a", json=data, headers={"Accept-Language": "en-GB, fr;q=0.5"})
    assert french.status_code == english.status_code == 422
    faults = {error["field"]: error["code"] for error in french.json()["errors"]}
    assert faults == {
        "title": "trop-court",
        "stage": "valeur-inconnue",
        "ends_on": "dates-inversees",
        "nom": "champ-inconnu",
    }
    assert french.headers["content-language"] == "fr"
    assert english.json()["title"] == "Submission refused"
    assert all(error["message"] and error["remedy"] for error in english.json()["errors"])
    assert await house.said() == []


UNREADABLE: list[tuple[bytes, str, int]] = [
    (b'{"title": ', "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b'{"a": NaN}', "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b"[]", "application/json", 422),
    (b'{"\\ud800": "\\ud800", "project_id": "\\udfff"}', "application/json", 422),
    (b'"' + b"a" * 300_000 + b'"', "application/json", 413),
    (b"title=x", "application/x-www-form-urlencoded", 415),
]


async def test_unreadable_content_is_a_problem(house: House) -> None:
    async with await house.partner("org-a") as partner:
        for body, kind, status in UNREADABLE:
            answer = await partner.put("/v1/projects/prj-a", content=body, headers={"Content-Type": kind})
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), body[
                :40
            ]


async def test_unknown_addresses_and_methods_are_problems(house: House) -> None:
    async with await house.partner("org-a") as partner:
        lost = await partner.get("/v1/projets")
        wrong = await partner.post("/v1/projects/prj-a")
    assert (lost.status_code, wrong.status_code) == (404, 405)
    assert {lost.headers["content-type"], wrong.headers["content-type"]} == {"application/problem+json"}


STRANGE: list[tuple[str, str, int]] = [
    ("GET", "/v1/projects/a%00b", 422),
    ("GET", "/v1/projects/%C3%A9", 422),
    ("GET", "/v1/projects?status=%00", 422),
    ("GET", "/v1/projects?status=%FF", 200),
    ("GET", "/v1/projects?limit=%C2%B2", 422),
    ("GET", "/v1/projects?limit=99999999999999999999", 422),
    ("GET", "/v1/projects?limit=0000000019999999", 422),
    ("GET", "/v1/projects?limit=201", 422),
    ("GET", "/v1/projects?limit=000", 422),
    ("GET", "/v1/projects?after=%21%21", 422),
    ("GET", "/v1/projects?after=AAAA", 422),
    ("GET", "/v1/projects?" + "&".join(["stage=a"] * 21), 422),
    ("POST", "/v1/projects/a%00b/erasure", 422),
    ("POST", "/v1/organisations/%00/erasure", 422),
    ("POST", "/v1/persons/%00/erasure", 422),
    ("POST", "/v1/imports?type=%00", 422),
]


async def test_strange_addresses_are_problems(house: House) -> None:
    operator = await house.partner("essaim", "admin")
    for method, path, status in STRANGE:
        answer = await operator.request(method, path)
        assert answer.status_code == status, (path, answer.text)


async def test_limits_are_announced_and_held_per_key(database: Callable[[str], str]) -> None:
    async with open_house(database("ingest"), calls_per_minute=2) as house:
        one, other = await house.partner("org-a"), await house.partner("org-b")
        answers = [await one.get("/v1/projects") for _ in range(3)]
        spared = await other.get("/v1/projects")
        house.now += 30
        later = await one.get("/v1/projects")
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit"] for answer in answers][:2] == ['"cle";r=1;t=30', '"cle";r=0;t=30']
    assert answers[0].headers["ratelimit-policy"] == '"cle";q=2;w=60'
    assert answers[2].headers["retry-after"] == "30"
    assert (spared.status_code, later.status_code) == (200, 200)


async def test_database_away_is_said_with_when_to_come_back(house: House) -> None:
    partner = await house.partner("org-a")
    house.pool.terminate()
    answer = await partner.put("/v1/projects/prj-a", json=submission())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["title"] == "Service momentanément indisponible"


async def test_individuals_name_is_not_published(house: House) -> None:
    owner = {
        "owner_id": "por-i",
        "name": "Camille Martin",
        "legal_form": "entreprise-individuelle",
        "siren": "732829320",
    }
    async with await house.partner("org-a") as partner:
        await partner.put("/v1/projects/prj-i", json=submission("prj-i", owner=owner))
        read = await partner.get("/v1/projects/prj-i")
    [event] = await house.said()
    assert isinstance(event, ProjectPublished)
    assert event.project.owner.name == "Porteur individuel, Rezé"
    assert event.project.owner.siren is None
    assert read.json()["owner"]["name"] == "Camille Martin"


async def test_unknown_categories_are_suggested_apart(house: House) -> None:
    text = "Un jardin maraîcher qui livre des légumes bio aux cantines et des paniers alimentaires aux habitants."
    data = submission(summary=text, title="Maraîchage pour les cantines") | {"categories": []}
    async with await house.partner("org-a") as partner:
        answer = await partner.put("/v1/projects/prj-a", json=data)
        read = await partner.get("/v1/projects/prj-a")
    assert answer.json()["suggested_categories"][0] == "alimentation"
    assert "categories" not in read.json()
    [event] = await house.said()
    assert isinstance(event, ProjectPublished)
    assert (event.project.categories, event.project.suggested_categories[0]) == ((), "alimentation")


async def test_field_given_twice_is_named_with_a_remedy(house: House) -> None:
    partner = await house.partner("org-a")
    answer = await partner.put("/v1/projects/prj-1", content=b'{"title": "a", "title": "b"}')
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (422, "title", "champ-en-double")
    assert error["remedy"]
