"""The live page: one reader of the feed per process, from which each stream takes what its filters keep."""

import asyncio
import json
import signal
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

import asyncpg
from starlette.responses import StreamingResponse
from starlette.types import Send

from services.console.store import feed
from services.console.store.feed import FeedEntry
from shared.database import CONNECTION_LOST, Pool

POLL_S = 0.25
HELD = 2_000
"""Entries kept in memory; a stream further behind reads the table."""
BEAT_S = 15.0
"""Something goes at least so often, so that a connection that died is noticed."""
LIFE_S = 300.0
"""A stream ends after so long: the browser comes back at once, and its rights are checked anew."""
AWAY: tuple[type[BaseException], ...] = (asyncpg.PostgresError, *CONNECTION_LOST)
MOST_STREAMS = 500
"""Beyond these, a new stream is refused: pages work without."""


class TooManyStreams(RuntimeError):
    """As many streams are open as this process serves."""


class Feed:
    """Follows the feed table; streams share what it read, and none can slow it or another."""

    def __init__(
        self, pool: Pool, *, held: int = HELD, most_streams: int = MOST_STREAMS, beat_s: float = BEAT_S
    ) -> None:
        self._pool = pool
        self._most_streams = most_streams
        self._beat_s = beat_s
        self._entries: deque[FeedEntry] = deque(maxlen=held)
        self._last = -1
        self._news = asyncio.Condition()
        self._streams = 0
        self._closing = False

    @property
    def open_streams(self) -> int:
        """How many streams are open."""
        return self._streams

    @property
    def is_full(self) -> bool:
        """Whether one more stream would be refused."""
        return self._streams >= self._most_streams

    async def run(self) -> None:
        """Follow the feed until cancelled; an unavailable database only delays it."""
        while True:
            try:
                await self._read()
            except AWAY:
                await asyncio.sleep(POLL_S * 8)  # readiness says that the database is away
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """End every stream, so that the server can stop."""
        async with self._news:
            self._closing = True
            self._news.notify_all()

    @contextmanager
    def closed_by_signals(self) -> Iterator[None]:
        """Within, the streams end as soon as the process is asked to stop.

        The server waits for its connections before it tells the application to stop, and a stream lasts for minutes.
        """
        loop = asyncio.get_running_loop()
        closing: list[asyncio.Task[None]] = []
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(lambda: closing.append(loop.create_task(self.close())))
            handle = before[signal.Signals(number)]
            if callable(handle):
                handle(number, frame)

        try:
            for number, handle in before.items():
                if callable(handle):
                    signal.signal(number, stop)
            yield
        finally:
            for number, handle in before.items():
                signal.signal(number, handle)

    async def _read(self) -> None:
        async with self._pool.acquire() as connection:
            if self._last < 0:
                self._last = await feed.last_id(connection)
            entries = await feed.after(connection, self._last, HELD)
        if entries:
            async with self._news:
                self._entries.extend(entries)
                self._last = entries[-1].feed_id
                self._news.notify_all()

    async def stream(self, after: int, keeps: Callable[[FeedEntry], bool]) -> AsyncGenerator[str, None]:
        """Server-sent events for what is kept after entry `after`: each lists the matches that changed.

        Ends after five minutes or when the feed closes; the browser comes back with the last id it was given.
        Raises `TooManyStreams`.
        """
        if self.is_full:
            raise TooManyStreams
        self._streams += 1
        try:
            yield "retry: 2000\n\n"
            ends_at = asyncio.get_running_loop().time() + LIFE_S
            while not self._closing and asyncio.get_running_loop().time() < ends_at:
                is_quiet = not await self._wait(after)
                entries, after = await self._since(after)
                kept = [entry for entry in entries if keeps(entry)]
                if kept or is_quiet:
                    yield _message(after, kept)
        finally:
            self._streams -= 1

    async def _wait(self, after: int) -> bool:
        """Wait for something after `after`; false when nothing came for a while."""
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: self._last > after or self._closing), self._beat_s)
            except TimeoutError:
                return False
        return True

    async def _since(self, after: int) -> tuple[Sequence[FeedEntry], int]:
        """What follows `after`, and up to where that reaches: from memory, or from the table for who is far behind."""
        if self._last <= after:
            return (), after
        if self._entries and self._entries[0].feed_id <= after + 1:
            return [entry for entry in self._entries if entry.feed_id > after], self._last
        reaches = self._last
        async with self._pool.acquire() as connection:
            entries = await feed.after(connection, after, HELD)
        return entries, entries[-1].feed_id if entries else reaches


class LiveAnswer(StreamingResponse):
    """An answer that carries one stream, and ends it when its reader takes nothing for as long as a stream lasts.

    A server holds back a few kilobytes for each reader, then waits; who never reads would keep a stream for ever.
    """

    def __init__(self, stream: AsyncGenerator[str, None], *, patience_s: float = LIFE_S + BEAT_S) -> None:
        super().__init__(
            stream,
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._stream, self._patience_s = stream, patience_s

    async def stream_response(self, send: Send) -> None:
        """Send until the stream ends, or for so long at most: the browser comes back with the last id it was given."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    await super().stream_response(send)
        finally:
            await self._stream.aclose()


def _message(last: int, entries: Sequence[FeedEntry]) -> str:
    """One event; without entries, only the id to come back with."""
    if not entries:
        return f"id: {last}\n\n"
    changes = list({entry.match_id: entry.change for entry in entries}.items())
    return f"id: {last}\nevent: rapprochements\ndata: {json.dumps(changes)}\n\n"
