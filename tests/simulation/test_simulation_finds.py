"""A simulation that finds nothing proves nothing: with one mechanism taken out, it finds what that one was for.

Two mechanisms are not found missing here, and have tests of their own: the check of a lease's epoch, since its revision
refuses the same writers, and the lock of offers, which two partitions must need at one moment
(`test_matcher_owners`, `test_matcher_leases`).
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from services.matcher import repacking
from services.matcher.judging import Judge
from services.matcher.matching.partitions import Partition
from shared import relay
from tests.simulation.machine import Stage, aimed, simulate
from tests.simulation.staging import staged

EXAMPLES = 20


def with_memory_kept(patch: pytest.MonkeyPatch) -> None:
    """§3: a refused or failed transaction drops the partition and reloads it."""

    async def follows(self: Judge, partition: Partition, revision: int) -> bool:
        return True

    patch.setattr(Judge, "_follows", follows)
    patch.setattr(Partition, "is_at", lambda self, revision: True)


def with_sending_after_deletion(patch: pytest.MonkeyPatch) -> None:
    """§3: the relay sends in order, deletes what was sent."""

    async def forgetful(self: Any, connection: Any, producer: Any) -> None:
        while not self._stopping.is_set():
            rows = await connection.fetch(relay._WAITING, relay.MOST_ROWS, relay.MOST_BYTES)
            await connection.execute("DELETE FROM outbox WHERE id = ANY ($1)", [row["id"] for row in rows])
            if rows:
                await self._held(connection, relay.send(producer, self._prefix, rows))
            else:
                await self._pause(relay.POLL_SECONDS)

    patch.setattr(relay.Relay, "_relay", forgetful)


def with_packing_by_anybody(patch: pytest.MonkeyPatch) -> None:
    """§3: the holder of a lease alone stores its projects, that of partition 0 whole topics; packed rows, too."""

    async def lock(*_: Any) -> int:
        return 1

    patch.setattr(repacking, "leases", SimpleNamespace(lock=lock))


@pytest.mark.parametrize(
    ("mistake", "kinds", "at", "found"),
    [
        (
            with_memory_kept,
            ("expel", "pause for 12 s", "cut after"),
            ("COMMIT", "log: fetch essaim.projects"),
            "instead of",
        ),
        (with_sending_after_deletion, ("crash", "cut before"), ("log: send", "log: commit the"), "was said last"),
        (
            with_packing_by_anybody,
            ("pause for 45 s", "pause for 45 s", "expel"),
            ("SELECT topic, key, version FROM", "UPDATE whole_entities SET packed", "FETCH"),
            "wrote whole_entities",
        ),
        (
            with_packing_by_anybody,
            ("pause for 45 s", "expel"),
            ("UPDATE projects SET packed", "BEGIN"),
            "wrote projects",
        ),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_the_simulation_finds_a_matcher(
    stage: Stage,
    mistake: Callable[[pytest.MonkeyPatch], None],
    kinds: tuple[str, ...],
    at: tuple[str, ...],
    found: str,
) -> None:
    with staged() as patch:
        mistake(patch)
        with pytest.raises(Exception, match="what was found"):
            simulate(stage, examples=EXAMPLES, shrinks=False, machine=aimed(kinds, at))
    assert any(found in each for each in stage.found), stage.found
