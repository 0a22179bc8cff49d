"""Operator's page: the log alone tells that Kafka or PostgreSQL went away, in one line, and that it came back."""

import asyncio
import gc
import logging

import pytest

from shared.collector import AS_STARTED, settled, uncollected
from shared.readiness import say_readiness
from tests.deadline import eventually


async def test_what_is_held_when_a_service_becomes_ready_is_passed_over_by_the_collector() -> None:
    """Once, at the first time: what comes and goes later is collected as ever, and all of it once the service stops."""
    found, frozen = ["starting"], list[int]()

    def problems() -> list[str]:
        frozen.append(gc.get_freeze_count())
        return list(found)

    async def looked_twice() -> bool:
        return len(frozen) > 1

    task = asyncio.create_task(say_readiness(problems, every=0.001))
    for is_ready in (False, True):
        found[:] = [] if is_ready else found
        frozen.clear()
        await eventually(looked_twice, seconds=10)
        assert (frozen[-1] > 0) == is_ready
        assert (gc.get_threshold() != AS_STARTED) == is_ready
    task.cancel()
    await asyncio.wait([task])
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, AS_STARTED)


def test_of_several_services_in_a_process_the_last_that_stops_leaves_the_collector_as_it_was() -> None:
    """They stop in the order in which they became ready, which no stack of their settings would undo."""
    first, second = settled(), settled()
    for each in (first, second):
        each.__enter__()
    for each in (first, second):
        each.__exit__(None, None, None)
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, AS_STARTED)


def test_what_makes_many_objects_is_not_looked_at_and_the_collector_goes_on_after_it() -> None:
    """Also where it fails, and within what is not looked at either."""
    with uncollected():
        with pytest.raises(ValueError, match="of"), uncollected():
            raise ValueError("of what is loaded")
        assert not gc.isenabled()
    assert gc.isenabled()


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
