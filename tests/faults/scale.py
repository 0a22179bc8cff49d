"""How much happens in a run: a few minutes of it in CI, half an hour by `make faults`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scale:
    """Counts of what happens while the load goes on."""

    steps: int
    """Of each partner, after its first entities, at least."""
    pause_s: float = 0.5
    """How long a partner pauses between two steps, on average."""
    kills: Mapping[str, int] = field(default_factory=dict)
    """Of each service, as `kill -9` does; the relay of a service lives in its process."""
    other_kills: int = 0
    """Of each matcher beside the first, at least."""
    restarts: int = 0
    """Of the database server; every second one as `kill -9` does."""
    broker_restarts: int = 0
    """Of one broker after the other; every second one as `kill -9` does."""
    cuts: int = 0
    """Of all connections to the database server, and of those to the brokers."""
    slow: int = 0
    """Times during which what services and servers say to one another takes longer."""
    pauses: int = 0
    """Of each service, for longer than its session."""
    erasures: int = 0
    """Of projects that somebody is just answering."""
    restorations: tuple[tuple[str, str], ...] = ()
    """What `essaim` is asked to do, once each: ("restored", "matcher") from an older backup, ("rebuild", "console")."""
    models: int = 0
    """Text models never seen that are brought, so that lists are built aside while all this happens."""
    matchers: int = 2
    """Processes of the matcher: the others come and go, are killed and paused, beside the first."""
    turn_s: float = 15
    """After how long another of these matchers comes or goes, on average."""
    brokers: int = 1


@dataclass(frozen=True)
class Plan:
    """A run: everything behind one broker, then a cluster of brokers of which one at a time is away."""

    whole: Scale
    cluster: Scale


PLANS = {
    "short": Plan(
        whole=Scale(
            steps=40,
            kills={"ingest": 1, "matcher": 2, "notifier": 2, "console": 1},
            restarts=2,
            broker_restarts=2,
            cuts=1,
            slow=1,
            erasures=2,
            models=1,
            matchers=3,
            turn_s=12,
        ),
        cluster=Scale(steps=10, broker_restarts=1, turn_s=15, brokers=3),
    ),
    "long": Plan(
        whole=Scale(
            steps=300,
            pause_s=2.0,
            kills={"ingest": 20, "matcher": 20, "notifier": 20, "console": 20},
            other_kills=20,
            restarts=10,
            broker_restarts=10,
            cuts=10,
            slow=4,
            pauses=1,
            erasures=10,
            restorations=(("restored", "matcher"), ("rebuild", "console"), ("rebuild", "matcher")),
            models=1,
            matchers=8,
            turn_s=10,
        ),
        cluster=Scale(steps=40, pause_s=1.0, broker_restarts=6, cuts=2, turn_s=20, brokers=3),
    ),
    # Some of everything that the long run does, in the time of a coffee: to try a change of this folder.
    "trial": Plan(
        whole=Scale(
            steps=25,
            pause_s=1.0,
            kills={"ingest": 1, "matcher": 1, "notifier": 1, "console": 1},
            other_kills=1,
            restarts=1,
            broker_restarts=1,
            cuts=1,
            slow=1,
            pauses=1,
            erasures=2,
            restorations=(("restored", "matcher"), ("rebuild", "console"), ("rebuild", "matcher")),
            models=1,
            matchers=4,
            turn_s=8,
        ),
        cluster=Scale(steps=10, broker_restarts=3, cuts=1, turn_s=15, brokers=3),
    ),
}
PLAN = PLANS[os.environ.get("ESSAIM_FAULTS", "short")]
