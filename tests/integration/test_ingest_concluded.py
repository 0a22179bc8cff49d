"""What a match concluded lowers what remains on both sides, once, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.ingest.handlers import on_matches
from shared.database import Connection, in_transaction
from shared.events.entities import CommitmentPublished, ProjectPublished
from shared.events.matches import MatchChanged, OfferFacts
from shared.received import Batch, Received
from tests.factories import a_commitment, a_project, match_changed
from tests.integration.ingest_house import House, open_house


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        partner = await opened.partner("org-a")
        await partner.put("/v1/projects/prj-a", json=a_project().model_dump(mode="json"))
        await partner.put("/v1/commitments/eng-a", json=a_commitment().model_dump(mode="json"))
        yield opened


def concluded(eur: int | None = 5_000, days: int | None = None, **changes: Any) -> MatchChanged:
    return match_changed(change="concluded", state="concluded", concluded_eur=eur, concluded_days=days, **changes)


async def deliver(house: House, *events: MatchChanged | None) -> None:
    """One batch handled in one transaction, as the stream does it; None is a tombstone."""
    records = tuple(
        Received("matches", 0, offset, event.key if event else "k", event.version if event else 9, event, 0)
        for offset, event in enumerate(events)
    )

    async def work(connection: Connection) -> None:
        await on_matches(connection, Batch("matches", 0, records))

    await in_transaction(house.pool, work)


async def last(house: House) -> tuple[ProjectPublished, CommitmentPublished]:
    events = await house.said()
    [project] = [event for event in events if isinstance(event, ProjectPublished)][-1:]
    [commitment] = [event for event in events if isinstance(event, CommitmentPublished)][-1:]
    return project, commitment


async def test_concluded_match_told_three_times_lowers_both_sides_once(house: House) -> None:
    await deliver(house, concluded(), concluded(version=2))
    await deliver(house, concluded(version=3))
    project, commitment = await last(house)
    assert (project.version, commitment.version) == (2, 2)
    assert {need.kind: need.amount_eur for need in project.project.needs} == {
        "mecenat-nature": 7_000,
        "mecenat-financier": 20_000,
    }
    assert (commitment.commitment.committed_eur, commitment.commitment.total_eur) == (5_000, 24_000)
    # A gift in kind is no money: what is sought stays.
    assert (project.project.amount_sought_eur, project.project.amount_secured_eur) == (20_000, None)


async def test_other_changes_and_tombstones_lower_nothing(house: House) -> None:
    await deliver(house, match_changed(), match_changed(state="mutual", change="mutual"), None)
    project, commitment = await last(house)
    assert (project.version, commitment.version) == (1, 1)


async def test_later_submission_does_not_overwrite_what_was_concluded(house: House) -> None:
    partner = await house.partner("org-a")
    await deliver(house, concluded())
    read = await partner.get("/v1/commitments/eng-a")
    given_back = await partner.put("/v1/commitments/eng-a", json=read.json())
    changed = await partner.patch("/v1/commitments/eng-a", json={"title": "Nos quais", "committed_eur": 1_000})
    assert read.json()["concluded"] == {"eur": 5_000, "days": 0}
    assert (read.json()["committed_eur"], given_back.status_code, changed.status_code) == (0, 200, 202)
    _, commitment = await last(house)
    assert commitment.commitment.committed_eur == 6_000


async def test_money_lowers_the_amount_sought_and_a_need_wholly_served_is_gone(house: House) -> None:
    offer = OfferFacts.model_validate(match_changed().offer.model_dump() | {"kinds": ["mecenat-financier"]})
    await deliver(house, concluded(20_000, offer=offer))
    project, _ = await last(house)
    assert [need.kind for need in project.project.needs] == ["mecenat-nature"]
    assert (project.project.amount_sought_eur, project.project.amount_secured_eur) == (0, 20_000)


async def test_fund_lowers_the_project_alone(house: House) -> None:
    offer = OfferFacts.model_validate(match_changed().offer.model_dump() | {"kinds": ["subvention"]})
    await deliver(house, concluded(8_000, offer_type="fund", offer_id="fds-a", offer=offer))
    project, commitment = await last(house)
    assert (project.project.amount_sought_eur, commitment.version) == (12_000, 1)


async def test_days_are_lowered_too(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.put(
        "/v1/projects/prj-a", json=a_project(needs=[{"kind": "mecenat-nature", "days": 10}]).model_dump(mode="json")
    )
    await partner.patch("/v1/commitments/eng-a", json={"days": 30, "per_project_days": {"max": 12}})
    await deliver(house, concluded(None, 4))
    project, commitment = await last(house)
    assert (project.project.needs[0].days, commitment.commitment.committed_days) == (6, 4)


async def test_match_of_an_erased_side_still_lowers_the_other_once(house: House) -> None:
    partner = await house.partner("org-a")
    await partner.post("/v1/projects/prj-a/erasure")
    await deliver(house, concluded())
    await deliver(house, concluded(version=2))
    row = await house.pool.fetchrow("SELECT project_id, offer_id, eur FROM conclusions")
    assert dict(row) == {"project_id": None, "offer_id": "eng-a", "eur": 5_000}
    events = [event for event in await house.said("commitments") if isinstance(event, CommitmentPublished)]
    assert [event.commitment.committed_eur for event in events] == [0, 5_000]


async def test_conclusions_and_changes_at_once_lose_nothing(house: House) -> None:
    partner = await house.partner("org-a")
    for number in range(4):
        await partner.put(f"/v1/projects/prj-{number}", json=a_project(f"prj-{number}").model_dump(mode="json"))
    batches = (deliver(house, concluded(1_000, project_id=f"prj-{number}")) for number in range(4))
    changes = (partner.patch("/v1/commitments/eng-a", json={"description": f"Texte numéro {n}"}) for n in range(4))
    await asyncio.gather(*batches, *changes)
    _, commitment = await last(house)
    assert commitment.commitment.committed_eur == 4_000
    versions = [event.version for event in await house.said("commitments") if event]
    assert versions == list(range(1, len(versions) + 1))
