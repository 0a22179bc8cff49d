"""What fences and what merges, statement by statement: leases are locked, and lists are read once their offer is."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from services.matcher.matching.merging import PATIENCE
from services.matcher.matching.rows import PartitionList
from services.matcher.matching.shortlists import OfferKey, OfferList, ProjectRank, best
from services.matcher.store import leases, lists
from services.matcher.store.leases import Lease
from shared.clock import utc_now
from shared.database import Connection, Pool, in_transaction, open_pool
from shared.events.matches import match_id_of
from tests.deadline import eventually
from tests.factories import a_commitment, a_project, commitment_published, day_started, project_published
from tests.integration.matcher_stage import Stage, stage

OFFER = OfferKey("eng-a", "commitment")


@pytest.fixture
async def pool(database: Callable[[str], str]) -> AsyncIterator[Pool]:
    """The matcher's database."""
    made = await open_pool(database("matcher"), service="matcher", max_size=4)
    yield made
    await made.close()


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


async def take(pool: Pool, owner: str) -> Lease:
    """The lease of partition 0, taken."""
    return await in_transaction(pool, lambda connection: leases.take(connection, 0, owner, "http://127.0.0.1:0"))


async def waits(pool: Pool) -> None:
    """Until a transaction waits for another's lock."""

    async def one_waits() -> bool:
        return bool(
            await pool.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database())"
            )
        )

    await eventually(one_waits)


async def test_a_lease_is_taken_once_the_transaction_of_its_owner_has_ended(pool: Pool) -> None:
    """`FOR UPDATE` where the epoch is its own: a plain check would let both write."""
    first = await take(pool, "first")
    reflected = first.reflected
    async with pool.acquire() as connection:
        async with connection.transaction():
            assert await leases.lock(connection, 0, first.epoch) == 0
            taking = asyncio.create_task(take(pool, "second"))
            await waits(pool)
            await leases.advance(connection, 0, 1, reflected)
        second = await taking
        assert (second.epoch, second.revision) == (2, 1)
        async with connection.transaction():
            assert await leases.lock(connection, 0, first.epoch) is None


def listed(partition: int, project_id: str) -> list[PartitionList]:
    """The list of an offer within one partition."""
    return [PartitionList(OFFER, partition, 1, (ProjectRank(-500_000, project_id),))]


async def merged(connection: Connection) -> OfferList:
    """What a transaction that comes to merge finds of all partitions."""
    await lists.lock_offers(connection, [OFFER])
    stored = await lists.lists_to_merge(connection, [OFFER])
    return best(rank for each in stored[OFFER] for rank in each.entries)


async def test_who_waited_for_an_offer_merges_what_the_other_stored(pool: Pool) -> None:
    """The offer is locked, then, in a later statement, all stored lists are read."""

    async def second(connection: Connection) -> OfferList:
        await lists.store_offer_lists(connection, listed(1, "prj-b"))
        return await merged(connection)

    await in_transaction(pool, lambda connection: lists.lock_offers(connection, [OFFER]))
    async with pool.acquire() as connection, connection.transaction():
        await lists.store_offer_lists(connection, listed(0, "prj-a"))
        assert [rank.project_id for rank in await merged(connection)] == ["prj-a"]
        merging = asyncio.create_task(in_transaction(pool, second))
        await waits(pool)
    assert [rank.project_id for rank in await merging] == ["prj-a", "prj-b"]


async def test_a_transaction_that_began_before_sees_what_was_stored_since(pool: Pool) -> None:
    """Isolation is READ COMMITTED: a snapshot of the first statement would merge old lists."""
    await in_transaction(pool, lambda connection: lists.lock_offers(connection, [OFFER]))

    async def work(connection: Connection) -> OfferList:
        await leases.all_leases(connection)
        await in_transaction(pool, lambda other: lists.store_offer_lists(other, listed(0, "prj-a")))
        return await merged(connection)

    assert [rank.project_id for rank in await in_transaction(pool, work)] == ["prj-a"]


async def test_a_new_owner_first_reads_at_least_to_what_the_lists_reflect(matcher: Stage) -> None:
    first, second = await matcher.process(0, 1), await matcher.process()
    records = matcher.log.say(day_started(), commitment_published(), project_published())
    await first.hears(*records)
    taking = asyncio.create_task(second.takes(0, 1))

    async def has_the_lease() -> bool:
        return bool(await matcher.pool.fetchval("SELECT epoch = 2 FROM leases WHERE partition = 0"))

    await eventually(has_the_lease)
    await second.hears(*records[:2])
    await taking
    assert [change for _, change in await matcher.changes()] == ["proposed"]
    assert await matcher.differences() == []


async def test_an_erased_offer_ends_also_what_a_partition_that_has_not_heard_of_it_let_go_of(matcher: Stage) -> None:
    """A version that waits long is merged without the others, whose lists still change by what they know."""
    first, second = await matcher.process(0), await matcher.process(1)
    angers = [{"level": "commune", "code": "49007"}]
    near = [commitment_published(a_commitment(f"eng-b{number:02}", perimeter=angers)) for number in range(20)]
    national = commitment_published(a_commitment(perimeter=[{"level": "national", "code": "FR"}]))
    offers = matcher.log.say(day_started(), national, *near)
    await first.hears(*offers)
    await second.hears(*offers)
    await second.hears(*matcher.log.say(project_published(a_project("prj-zz", commune="49007"))))
    match_id = match_id_of("prj-zz", "commitment", "eng-a")
    assert (await matcher.match(match_id)).entered == ("offer",)
    erased = matcher.log.erase("commitments", "eng-a", 2)
    await first.hears(erased)
    await matcher.pool.execute("UPDATE merged_lists SET pending_since = pending_since - $1::interval", PATIENCE)
    await first.whole.merge_waiting(utc_now() - PATIENCE)
    # As when better projects push it out.
    await matcher.pool.execute("DELETE FROM offer_lists WHERE offer_id = 'eng-a' AND partition = 1")
    first.owners.partition(0).note(frozenset([OFFER]), first.owners.catalogue.sequence)
    await first.whole.judge_all()
    assert [change for each, change in await matcher.changes() if each == match_id] == ["erased"]
    await second.hears(erased)
    assert [change for each, change in await matcher.changes() if each == match_id] == ["erased"]
    assert await matcher.differences() == []
