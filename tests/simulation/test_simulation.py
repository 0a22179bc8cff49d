"""DESIGN §3 at once: in any order of awaits, with a crash, a pause or a lost connection at each, nothing is lost."""

import os
import random

from tests.simulation.machine import Stage, simulate
from tests.simulation.staging import staged

LEAST_STEPS = 2_000
EXAMPLES = 8
WANTED = int(os.environ.get("ESSAIM_SIMULATION_STEPS") or "0")
"""`make simulate` goes on, with other chances each time, until so many steps were run."""
SEED = int(os.environ.get("ESSAIM_SIMULATION_SEED") or random.randrange(10**9))
"""Where its chances begin; the one of a failure repeats it."""


def test_whatever_happens_at_any_await_nothing_is_lost_doubled_or_wrong(stage: Stage) -> None:
    with staged():
        if WANTED:
            chance = SEED
            while stage.steps < WANTED:
                print(f"ESSAIM_SIMULATION_SEED={chance}: {stage.steps} steps before")  # noqa: T201 - it repeats a failure
                simulate(stage, examples=EXAMPLES, chance=chance)
                chance += 1
        else:
            simulate(stage, examples=EXAMPLES, shrinks=False)
    assert stage.steps >= max(LEAST_STEPS, WANTED)
