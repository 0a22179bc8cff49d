"""Shortlists and matches follow what is heard: any order and batching give what judging every pair gives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest

from services.matcher import announcing, judging
from services.matcher.matching.deciding import Decision
from services.matcher.matching.rows import PartitionList
from services.matcher.matching.shortlists import OfferKey, OfferRank, ProjectRank
from services.matcher.store import heads, lists
from services.matcher.store.heads import Wanted
from shared.database import Connection
from shared.events.matches import match_id_of
from tests.deadline import eventually
from tests.factories import (
    a_commitment,
    a_project,
    commitment_published,
    day_started,
    project_published,
)
from tests.integration.matcher_stage import Stage, stage

MATCH = match_id_of("prj-a", "commitment", "eng-a")

OFFER = OfferKey("eng-a", "commitment")
WHOLE: dict[str, Callable[[Connection], Awaitable[object]]] = {
    "next_project_lists": lambda connection: lists.store_project_lists(
        connection, 0, {"prj-a": (OfferRank(-1, OFFER),)}, "next_"
    ),
    "next_offer_lists": lambda connection: lists.store_offer_lists(
        connection, [PartitionList(OFFER, 0, 1, (ProjectRank(-1, "prj-a"),))], "next_"
    ),
    "next_project_lists, next_offer_lists": lambda connection: lists.forget_next_lists(connection, 0),
    "merged_lists": lists.merged_offers,
    "match_heads": lambda connection: heads.lock_heads(connection, 0, Wanted(all_own=True)),
}
"""What is done to a whole partition around a switch of models, by the tables that it waits for."""


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


async def test_a_project_and_an_offer_are_proposed_to_both_sides(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(), commitment_published(), project_published()))
    (match,) = await matcher.said()
    assert (match.match_id, match.change, match.state) == (MATCH, "proposed", "proposed")
    assert match.entered == ("project", "offer")
    assert match.project.title == a_project().title
    assert match.offer.title == a_commitment().title
    assert sum(round(reason.share * 1_000_000) for reason in match.reasons) == round(match.score * 1_000_000)
    assert await matcher.differences() == []


async def test_a_batch_moves_its_matches_some_at_a_time(matcher: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded memory: events in words of all that a batch moves would take ten kilobytes for each match at once."""
    handed: list[int] = []

    async def announce(connection: Connection, decided: Sequence[Decision], **given: Any) -> None:
        handed.append(len(decided))
        await announcing.announce_moves(connection, decided, **given)

    monkeypatch.setattr(judging, "AT_ONCE", 2)
    monkeypatch.setattr(judging, "announce_moves", announce)
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started()))
    await process.hears(*matcher.log.say(*(commitment_published(a_commitment(f"eng-{at}")) for at in "abc")))
    await process.hears(*matcher.log.say(*(project_published(a_project(f"prj-{at}")) for at in "ac")))
    assert max(handed) == 2
    assert sorted(await matcher.changes()) == [
        (match_id_of(f"prj-{one}", "commitment", f"eng-{other}"), "proposed") for one in "ac" for other in "abc"
    ]
    assert await matcher.differences() == []


@pytest.mark.parametrize("tables", WHOLE)
async def test_what_is_done_to_a_whole_partition_may_take_longer_than_other_statements(
    database: Callable[[str], str], matcher: Stage, tables: str
) -> None:
    """Otherwise a partition too large for the time of any statement could never switch to a model."""
    hurried = await asyncpg.connect(database("matcher"), command_timeout=0.05)

    async def has_waited() -> bool:
        return bool(
            await matcher.pool.fetchval(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'"
                " AND clock_timestamp() - query_start > interval '0.1 s')",
                hurried.get_server_pid(),
            )
        )

    async with matcher.pool.acquire() as other, other.transaction():
        await other.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        working = asyncio.ensure_future(WHOLE[tables](hurried))
        await eventually(has_waited)
    await working
    await hurried.close()
