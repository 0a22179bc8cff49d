"""Liveness watches progress: a relay says since when it began no turn, and its service is then stuck."""

import asyncio
import time
from typing import Any

import pytest

import shared.broker
import shared.relay
from shared.broker import Stream
from shared.relay import Relay
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.integration.test_stream_relay import relaying, wait_until_emptied
from tests.streams import opened, say_preference

FAR_LESS_THAN_A_SEND = 1.0


def turned_at(relay: Relay) -> float:
    """When its last turn began."""
    return time.monotonic() - relay.silent_for()


async def turns_again(relay: Relay) -> None:
    """Until it has begun another turn than its present one."""
    before = turned_at(relay)

    async def has() -> bool:
        return turned_at(relay) > before + 0.01

    await eventually(has, seconds=30)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Kafka takes no event until this is set."""
    answered, send = asyncio.Event(), shared.relay.send

    async def slow(*arguments: Any) -> None:
        await answered.wait()
        await send(*arguments)

    monkeypatch.setattr(shared.relay, "send", slow)
    return answered


async def test_a_relay_that_waits_for_its_turn_beats_as_the_one_that_sends_does(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with (
        opened(service_dsn("console"), "console") as pool,
        relaying(pool, bootstrap_servers, topic_prefix) as first,
    ):

        async def leads() -> bool:
            return first.active

        await eventually(leads, seconds=30)
        async with relaying(pool, bootstrap_servers, topic_prefix) as second:
            await turns_again(second)
            await turns_again(second)
            await turns_again(first)
            assert (first.active, second.active) == (True, False)
    assert (first.silent_for(), second.silent_for()) == (0, 0)


async def test_a_send_without_an_answer_silences_the_relay_and_its_service_is_stuck_until_it_comes(
    service_dsn: ServiceDsn,
    bootstrap_servers: str,
    topic_prefix: str,
    answers: asyncio.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared.broker, "STUCK_SECONDS", FAR_LESS_THAN_A_SEND)
    async with opened(service_dsn("console"), "console") as pool:
        stream = Stream(service="console", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, pool=pool)
        assert not stream.stuck()

        async def sends() -> bool:
            return stream.relay_active() and not stream.stuck()

        async def is_stuck() -> bool:
            return stream.stuck()

        async def goes_on() -> bool:
            return not stream.stuck()

        async with stream.running():
            await eventually(sends, seconds=30)
            await say_preference(pool, "per-a")
            await eventually(is_stuck, seconds=30)
            answers.set()
            await wait_until_emptied(pool)
            await eventually(goes_on, seconds=30)
