"""Duplicates are marked and revived in the storing transaction, whoever comes first, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import permutations
from typing import Any

import pytest

from shared.events.entities import CommitmentPublished
from tests.factories import a_commitment
from tests.integration.ingest_house import House, open_house

COMPANY = {"company_id": "ent-1", "name": "Entreprise 1"}


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


def twin(commitment_id: str, **changes: Any) -> dict[str, Any]:
    return a_commitment(commitment_id, company=COMPANY, **changes).model_dump(mode="json", exclude_none=True)


async def standing(house: House) -> dict[str, str | None]:
    """What the last event of each commitment says it is a duplicate of."""
    events = [event for event in await house.said("commitments") if isinstance(event, CommitmentPublished)]
    kept = {row["entity_id"]: row["duplicate_of"] for row in await house.pool.fetch("SELECT * FROM submissions")}
    said = {event.commitment.commitment_id: event.commitment.duplicate_of for event in events}
    assert {entity_id: said[entity_id] for entity_id in kept} == kept
    return kept


@pytest.mark.parametrize("order", list(permutations(["eng-a", "eng-b", "eng-c"])))
async def test_smallest_id_stays_whatever_the_order(house: House, order: tuple[str, ...]) -> None:
    partner = await house.partner("ent-1")
    titles = {"eng-a": "Des quais vides", "eng-b": "DES  QUAIS vides", "eng-c": "Dés quais  vidés"}
    for commitment_id in order:
        answer = await partner.put(
            f"/v1/commitments/{commitment_id}", json=twin(commitment_id, title=titles[commitment_id])
        )
        assert answer.status_code == 202
    assert await standing(house) == {"eng-a": None, "eng-b": "eng-a", "eng-c": "eng-a"}


@pytest.mark.parametrize("change", [{"status": "suspendu"}, {"title": "Autre titre"}, {"closes_on": "2029-01-01"}])
async def test_survivor_is_revived_when_the_kept_one_changes(house: House, change: dict[str, Any]) -> None:
    partner = await house.partner("ent-1")
    for commitment_id in ("eng-a", "eng-b", "eng-c"):
        await partner.put(f"/v1/commitments/{commitment_id}", json=twin(commitment_id))
    await partner.patch("/v1/commitments/eng-a", json=change)
    assert await standing(house) == {"eng-a": None, "eng-b": None, "eng-c": "eng-b"}
    await partner.put("/v1/commitments/eng-a", json=twin("eng-a"))
    assert await standing(house) == {"eng-a": None, "eng-b": "eng-a", "eng-c": "eng-a"}


async def test_survivor_is_revived_when_the_kept_one_is_withdrawn_or_erased(house: House) -> None:
    partner = await house.partner("ent-1")
    for commitment_id in ("eng-a", "eng-b", "eng-c"):
        await partner.put(f"/v1/commitments/{commitment_id}", json=twin(commitment_id))
    await partner.delete("/v1/commitments/eng-a")
    assert await standing(house) == {"eng-a": None, "eng-b": None, "eng-c": "eng-b"}
    await partner.post("/v1/commitments/eng-b/erasure")
    assert await standing(house) == {"eng-a": None, "eng-c": None}


async def test_duplicate_is_told_to_who_submits_it(house: House) -> None:
    partner = await house.partner("ent-1")
    await partner.put("/v1/commitments/eng-a", json=twin("eng-a"))
    answer = await partner.put("/v1/commitments/eng-b", json=twin("eng-b"))
    read = await partner.get("/v1/commitments/eng-b")
    assert answer.json()["duplicate_of"] == read.json()["duplicate_of"] == "eng-a"


async def test_other_organisation_kind_or_place_is_no_twin(house: House) -> None:
    operator = await house.partner("essaim", "admin")
    others = [
        twin("eng-a"),
        twin("eng-b") | {"company": {"company_id": "ent-2", "name": "Entreprise 2"}},
        twin("eng-c", kind="partenariat"),
        twin("eng-d", perimeter=[{"level": "commune", "code": "44143"}]),
    ]
    for data in others:
        await operator.put(f"/v1/commitments/{data['commitment_id']}", json=data)
    assert set((await standing(house)).values()) == {None}


async def test_twins_submitted_at_once_leave_one(house: House) -> None:
    partner = await house.partner("ent-1")
    ids = [f"eng-{number:02}" for number in range(12)]
    await asyncio.gather(*(partner.put(f"/v1/commitments/{i}", json=twin(i)) for i in ids))
    assert await standing(house) == {ids[0]: None, **dict.fromkeys(ids[1:], ids[0])}
    removals = (partner.delete(f"/v1/commitments/{i}") for i in ids[:6])
    changes = (partner.patch(f"/v1/commitments/{i}", json={"description": f"Texte {i}"}) for i in ids[6:])
    answers = await asyncio.gather(*removals, *changes)
    assert {answer.status_code for answer in answers} == {202}
    assert await standing(house) == {**dict.fromkeys(ids[:7]), **dict.fromkeys(ids[7:], ids[6])}
