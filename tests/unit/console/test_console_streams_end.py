"""Open streams do not hold up a process that is asked to stop."""

import asyncio
import os
import signal
from types import FrameType
from typing import cast

import pytest
from starlette.types import Message

from services.console.live import Feed, LiveAnswer
from shared.database import Pool

NO_POOL = cast(Pool, None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_streams_end_when_the_process_is_asked_to_stop(number: signal.Signals) -> None:
    heard: list[int] = []

    def server_handler(caught: int, frame: FrameType | None) -> None:
        heard.append(caught)

    feed, before = Feed(NO_POOL), signal.signal(number, server_handler)
    try:
        with feed.closed_by_signals():
            stream = feed.stream(0, lambda entry: True)
            assert await anext(stream) == "retry: 2000\n\n"
            os.kill(os.getpid(), number)
            assert [said async for said in stream] == []
        assert (heard, feed.open_streams) == ([number], 0)
        assert signal.getsignal(number) is server_handler
    finally:
        signal.signal(number, before)


async def test_a_stream_ends_when_its_reader_never_reads() -> None:
    """A slow client is ended, or its place would be taken for ever."""
    feed, began = Feed(NO_POOL), asyncio.Event()

    async def send(message: Message) -> None:
        began.set()
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()  # the server waits until its buffer has been read

    answer = asyncio.create_task(LiveAnswer(feed.stream(0, lambda entry: True), patience_s=0.05).stream_response(send))
    await began.wait()
    assert feed.open_streams == 1
    await answer
    assert feed.open_streams == 0
