"""The live page's feed: numbered as committed, resumed from any id, each stream at its own pace."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from services.console.live import Feed, TooManyStreams
from services.console.store import feed as store
from services.console.store.feed import FeedEntry
from shared.database import Pool
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import match_changed
from tests.streams import opened

Keeps = Callable[[FeedEntry], bool]


@pytest.fixture
async def pool(database: ServiceDsn) -> AsyncIterator[Pool]:
    async with opened(database("console"), "console") as made:
        yield made


async def append(pool: Pool, *projects: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await store.append(connection, [match_changed(project) for project in projects])


@asynccontextmanager
async def following(pool: Pool, **limits: float) -> AsyncIterator[Feed]:
    feed = Feed(pool, **limits)  # type: ignore[arg-type]  # counts are whole
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        await feed.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def told(feed: Feed, after: int, count: int, keeps: Keeps = lambda _: True) -> list[str]:
    """The first projects that a stream tells after an entry, in order."""
    projects: list[str] = []
    async with asyncio.timeout(20):
        stream = feed.stream(after, keeps)
        async for message in stream:
            data = [line for line in message.splitlines() if line.startswith("data: ")]
            projects += [match.split("~")[0] for line in data for match, _ in json.loads(line[6:])]
            if len(projects) >= count:
                break
        await stream.aclose()  # type: ignore[attr-defined]  # an asynchronous generator
    return projects


async def test_stream_tells_what_comes_and_what_its_filters_keep(pool: Pool) -> None:
    async with following(pool) as feed:
        await append(pool, "prj-1")
        waiting = asyncio.create_task(told(feed, 0, 2, lambda entry: not entry.match_id.startswith("prj-2~")))
        await append(pool, "prj-2")
        await append(pool, "prj-3")
        assert await waiting == ["prj-1", "prj-3"]


async def test_stream_resumes_after_the_last_id_it_was_given(pool: Pool) -> None:
    await append(pool, "prj-1", "prj-2", "prj-3")
    async with pool.acquire() as connection:
        second = (await store.after(connection, 0, 10))[1].feed_id
    async with following(pool) as feed:
        assert await told(feed, second, 1) == ["prj-3"]


async def test_stream_further_behind_than_memory_reads_the_table(pool: Pool) -> None:
    async with following(pool, held=3) as feed:
        for n in range(10):
            await append(pool, f"prj-{n}")
        assert await told(feed, 0, 10) == [f"prj-{n}" for n in range(10)]


async def test_numbers_follow_commits_so_that_no_reader_misses_one(pool: Pool) -> None:
    """Two writers at once: the second takes its number only once the first has committed."""
    async with pool.acquire() as first, first.transaction():
        await store.append(first, [match_changed("prj-slow")])
        second = asyncio.create_task(append(pool, "prj-fast"))

        async def waits() -> bool:
            return bool(
                await pool.fetchval("select count(*) from pg_locks where locktype = 'advisory' and not granted")
            )

        await eventually(waits)
        assert not second.done()
    await second
    async with pool.acquire() as connection:
        entries = await store.after(connection, 0, 10)
    assert [entry.match_id.split("~")[0] for entry in entries] == ["prj-slow", "prj-fast"]


async def test_reader_that_takes_nothing_slows_nobody(pool: Pool) -> None:
    async with following(pool, held=50) as feed:
        stuck = feed.stream(0, lambda _: True)
        await anext(stuck)
        for n in range(120):
            await append(pool, f"prj-{n}")
        assert await told(feed, 0, 120) == [f"prj-{n}" for n in range(120)]
        await stuck.aclose()  # type: ignore[attr-defined]  # an asynchronous generator


async def test_quiet_stream_shows_that_it_lives_and_where_it_is(pool: Pool) -> None:
    await append(pool, "prj-1")
    async with following(pool, beat_s=0.05) as feed:
        stream = feed.stream(1, lambda _: False)
        async with asyncio.timeout(10):
            assert [await anext(stream), await anext(stream)] == ["retry: 2000\n\n", "id: 1\n\n"]
        await stream.aclose()  # type: ignore[attr-defined]  # an asynchronous generator


async def test_one_stream_too_many_is_refused_until_another_ends(pool: Pool) -> None:
    async with following(pool, most_streams=1) as feed:
        first, second = feed.stream(0, lambda _: True), feed.stream(0, lambda _: True)
        await anext(first)
        with pytest.raises(TooManyStreams):
            await anext(second)
        await first.aclose()  # type: ignore[attr-defined]  # an asynchronous generator
        assert not feed.is_full


async def test_closing_ends_every_stream(pool: Pool) -> None:
    async with following(pool) as feed:
        waiting = asyncio.create_task(told(feed, 0, 1))

        async def open_stream() -> bool:
            return feed.open_streams == 1

        await eventually(open_stream)
        await feed.close()
        assert await waiting == []


async def test_old_entries_go_and_numbers_go_on(pool: Pool) -> None:
    await append(pool, "prj-1", "prj-2")
    await pool.execute("update feed set at = now() - interval '30 days'")
    async with pool.acquire() as connection:
        await store.prune(connection, 7)
        assert [entry.feed_id for entry in await store.after(connection, 0, 10)] == [await store.last_id(connection)]
    await append(pool, "prj-3")
    async with pool.acquire() as connection:
        ids = [entry.feed_id for entry in await store.after(connection, 0, 10)]
    assert ids == sorted(set(ids))
    assert len(ids) == 2
