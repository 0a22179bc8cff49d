"""How much happens in a run: a few minutes of it in CI, half an hour by `make faults`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Counts of what happens while the load goes on."""

    steps: int
    """Of each partner, after its first entities, at least."""
    kills: Mapping[str, int]
    """Of each service, as `kill -9` does; the relay of a service lives in its process."""
    restarts: int
    """Of the database server, and of one broker or another; every second one as `kill -9` does."""
    cuts: int
    """Of all connections to the database server, and of those to the brokers."""
    slow: int
    """Times during which what services and servers say to one another takes longer."""
    pauses: int
    """Of each service, for longer than its session."""
    matchers: int
    """Processes of the matcher: the others come and go, are killed and paused, beside the first."""
    turn_s: float
    """After how long another of these matchers comes or goes, on average."""
    brokers: int


SCALES = {
    "short": Scale(
        steps=50,
        kills={"ingest": 1, "matcher": 2, "notifier": 2, "console": 1},
        restarts=2,
        cuts=1,
        slow=1,
        pauses=0,
        matchers=3,
        turn_s=15,
        brokers=1,
    ),
    "long": Scale(
        steps=600,
        kills={"ingest": 20, "matcher": 20, "notifier": 20, "console": 20},
        restarts=10,
        cuts=10,
        slow=5,
        pauses=2,
        matchers=3,
        turn_s=15,
        brokers=3,
    ),
}
SCALE = SCALES[os.environ.get("ESSAIM_FAULTS", "short")]
