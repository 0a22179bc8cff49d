"""DESIGN §3 at once: in any order of awaits, with a crash, a pause or a lost connection at each, nothing is lost."""

import os

from tests.simulation.machine import Stage, simulate
from tests.simulation.staging import staged

LEAST_STEPS = 2_000
EXAMPLES = 8
WANTED = int(os.environ.get("ESSAIM_SIMULATION_STEPS") or "0")
"""`make simulate` goes on, with chances that nobody knows before, until so many steps were run."""


def test_whatever_happens_at_any_await_nothing_is_lost_doubled_or_wrong(stage: Stage) -> None:
    with staged():
        if WANTED:
            while stage.steps < WANTED:
                simulate(stage, examples=EXAMPLES, derandomize=False)
        else:
            simulate(stage, examples=EXAMPLES, shrinks=False)
    assert stage.steps >= max(LEAST_STEPS, WANTED)
