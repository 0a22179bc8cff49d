"""Whole topics: one process stores them, what it replays reaches every partition, a rebalance ends nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from services.matcher import whole
from services.matcher.matching.shortlists import OfferKey
from services.matcher.store import lists
from shared.clock import utc_now
from shared.dead_letter import ask_replay
from shared.events.event import VERSION_HEADER
from shared.events.matches import match_id_of
from tests.deadline import eventually
from tests.factories import (
    a_commitment,
    a_project,
    commitment_published,
    day_started,
    project_published,
    territory_published,
)
from tests.integration.matcher_stage import Process, Stage, stage


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


async def a_bad_commitment(matcher: Stage, *processes: Process) -> None:
    """Each process hears a commitment that lacks a header; then the header is mended, and a replay asked for."""
    (record,) = matcher.log.say(commitment_published())
    for process in processes:
        await process.hears(replace(record, headers=()))
    await matcher.pool.execute(
        "UPDATE dead_letters SET header_names = $1, header_values = $2", [VERSION_HEADER], [b"1"]
    )
    async with matcher.pool.acquire() as connection:
        assert await ask_replay(connection, topic="commitments") == 1


async def test_what_one_process_replays_is_judged_by_all(matcher: Stage) -> None:
    first, second = await matcher.process(0), await matcher.process(1)
    said = matcher.log.say(day_started(), project_published(), project_published(a_project("prj-b")))
    await first.hears(*said[:2])
    await second.hears(said[0], said[2])
    await a_bad_commitment(matcher, first, second)
    await first.whole.replay()
    for process in (first, second, first):
        await process.whole.hear_replayed()
    assert {match_id for match_id, _ in await matcher.changes()} == {
        match_id_of(project_id, "commitment", "eng-a") for project_id in ("prj-a", "prj-b")
    }
    assert await matcher.differences() == []


async def test_a_replay_that_nobody_judged_is_judged_by_the_next_owner(matcher: Stage) -> None:
    first = await matcher.process(0, 1)
    await first.hears(*matcher.log.say(day_started(), project_published()))
    await a_bad_commitment(matcher, first)
    await first.whole.replay()
    await matcher.process(0, 1)
    assert {match_id for match_id, _ in await matcher.changes()} == {match_id_of("prj-a", "commitment", "eng-a")}
    assert await matcher.differences() == []


async def test_what_a_batch_sets_aside_of_an_offer_its_own_tombstone_erases(matcher: Stage) -> None:
    """« Erasure in every table, dead letters too »: the tombstone may come in the batch of what could not be read."""
    process = await matcher.process(0)
    (record,) = matcher.log.say(commitment_published())
    gone = replace(record, offset=record.offset + 1, value=None, headers=((VERSION_HEADER, b"9"),))
    await process.batch("commitments", record.partition, [replace(record, headers=()), gone])
    assert await matcher.pool.fetchval("SELECT body IS NULL FROM whole_entities") is True
    assert await matcher.pool.fetch("SELECT key FROM dead_letters") == []


async def test_a_process_forgets_what_another_has_stored(matcher: Stage) -> None:
    first, second = await matcher.process(0), await matcher.process(1)
    records = matcher.log.say(day_started(), *(commitment_published(a_commitment(f"eng-{n}")) for n in range(30)))
    for record in records:
        await second.hears(record)
    assert second.whole.unstored == len(records)
    for record in records[:-1]:
        await first.hears(record)
    await second.whole.drop_stored()
    assert second.whole.unstored == 1
    await second.takes(0)
    assert second.whole.unstored == 0
    assert await matcher.pool.fetchval("SELECT count(*) FROM whole_entities") == len(records)


async def test_what_waits_is_stored_in_pieces_that_each_say_how_far_they_go(matcher: Stage) -> None:
    process = await matcher.process()
    for version in range(1, 26):
        await process.hears(*matcher.log.say(territory_published(version=version)))
    await process.takes(0)
    row = await matcher.pool.fetchrow("SELECT version, topic_offset FROM whole_entities")
    assert tuple(row or ()) == (25, 24)
    assert await matcher.pool.fetchval("SELECT next_offset FROM offsets WHERE topic = 'territories'") == 25


async def test_a_partition_revoked_while_merges_are_looked_for_is_left_alone(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await matcher.process(0)

    async def revoked_meanwhile(*_: object) -> list[OfferKey]:
        await process.owners.lost(0, taken_away=True)
        return [OfferKey("eng-a", "commitment")]

    monkeypatch.setattr(lists, "long_pending", revoked_meanwhile)
    await process.whole.merge_waiting(utc_now())
    assert process.owners.owned == []


async def test_a_lease_lost_during_a_replay_stops_nothing(matcher: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "TEND_SECONDS", 0.01)
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(), project_published()))
    await a_bad_commitment(matcher, process)
    await matcher.process(0)
    met: list[int] = []
    fenced = process.owners.fenced

    def note_and_fence(number: int) -> None:
        met.append(number)
        fenced(number)

    monkeypatch.setattr(process.owners, "fenced", note_and_fence)
    tending = asyncio.create_task(process.whole.tend())

    async def is_proposed() -> bool:
        return bool(await matcher.changes()) and not await matcher.differences()

    try:
        await eventually(is_proposed)
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending
    assert met == [0]


async def packed_all(process: Process) -> None:
    """Have it pack until nothing is packed otherwise."""
    while await process.whole.repack():
        pass


async def test_who_comes_to_hold_the_keepers_partition_again_packs_anew(matcher: Stage) -> None:
    """Decision 0015: of two releases side by side, either packs anew when it comes to hold partition 0."""
    first = await matcher.process(0, 1)
    said = (commitment_published(a_commitment(f"eng-{letter}")) for letter in "abc")
    await first.hears(*matcher.log.say(day_started(), *said))
    await packed_all(first)
    await first.owners.lost(0, taken_away=True)
    second = await matcher.process()
    second.owners.catalogue.packed_as = "another/release"
    await second.takes(0)
    await packed_all(second)
    of_second = "SELECT count(*) FROM whole_entities WHERE packed_as = 'another/release'"
    assert await matcher.pool.fetchval(of_second) == 3
    await second.owners.lost(0, taken_away=True)
    await first.takes(0)
    await packed_all(first)
    assert await matcher.pool.fetchval(of_second) == 0


async def test_what_a_replay_stored_is_packed_after_it(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started()))
    await packed_all(process)
    await a_bad_commitment(matcher, process)
    await process.whole.replay()
    await process.whole.hear_replayed()
    await packed_all(process)
    assert await matcher.pool.fetchval("SELECT count(*) FROM whole_entities WHERE packed IS NOT NULL") == 1
