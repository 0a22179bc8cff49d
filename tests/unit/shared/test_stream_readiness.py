"""Operator's page: the log alone tells that Kafka or PostgreSQL went away, in one line, and that it came back."""

import asyncio
import logging

import pytest

from shared.readiness import say_readiness
from tests.deadline import eventually


async def test_an_outage_is_one_warning_with_its_reasons_and_one_line_at_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = ["starting"]
    looks = 0

    def problems() -> list[str]:
        nonlocal looks
        looks += 1
        return list(found)

    async def looked_again() -> None:
        before = looks

        async def seen() -> bool:
            return looks > before + 1

        await eventually(seen, seconds=10)

    caplog.set_level(logging.INFO, "shared.readiness")
    task = asyncio.create_task(say_readiness(problems, every=0.001))
    await looked_again()
    for now in ([], ["Kafka has not answered for 30 s"], ["Kafka has not answered for 30 s", "more"], []):
        found[:] = now
        await looked_again()
    task.cancel()
    await asyncio.wait([task])
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("INFO", "ready"),
        ("WARNING", "not ready any more: Kafka has not answered for 30 s"),
        ("INFO", "ready again"),
    ]
