"""A hypothesis state machine: partners speak, matchers come and go and fail between any two awaits."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.database import _prepare
from tests.simulation import checks
from tests.simulation.partners import PREFIX, SAID, TOPICS, Partners
from tests.simulation.virtual import VirtualLoop
from tests.simulation.world import NEWEST, World

MOST_MATCHERS = 3
QUIET_SECONDS = 180.0
SHOWN = 120
"""Steps of the trace that a failure shows."""

KINDS = ("crash", "pause for 2 s", "pause for 12 s", "pause for 45 s", "cut before", "cut after", "expel")
PLACES = (
    "",
    "BEGIN",
    "COMMIT",
    "FOR UPDATE",
    "leases",
    "offsets",
    "merged_lists",
    "match_heads",
    "whole_entities",
    "log: ",
    "log: fetch",
    "log: commit the",
    "log: send",
)
"""Words of the step at which someone is struck."""

places = st.integers(0, 5)
orders = st.one_of(st.just([0]), st.just([NEWEST]), st.lists(st.integers(0, NEWEST), max_size=12))


class Stage:
    """What examples share: a loop, a database that each begins with empty, and the count of all steps."""

    def __init__(self, admin_dsn: str, dsn: str) -> None:
        self.admin_dsn, self.dsn = admin_dsn, dsn
        self.steps = 0
        self.examples = 0
        self.found: list[str] = []


class Simulation(RuleBasedStateMachine):
    """Rules are what partners and fate do; between them `run` lets awaits through one by one."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self._is_broken = False
        self._since_rest = 0
        self._loop = VirtualLoop()
        self._loop.set_exception_handler(lambda *_: None)
        self._admin = self._do(connect(stage.admin_dsn))
        topics = {PREFIX + topic: count for topic, count in TOPICS.items()}
        topics |= {f"{PREFIX}{topic}.dlq": 1 for topic in checks.HEARD}
        self.world = World(self._loop, self._admin, stage.dsn, topics)
        self.partners = Partners(self.world.log)

    def _do(self, work: Any) -> Any:
        was_broken, self._is_broken = self._is_broken, True
        result = self._loop.run_until_complete(work)
        self._is_broken = was_broken
        return result

    @initialize(matchers=st.sampled_from((2, 1, 3)))
    def begin(self, matchers: int) -> None:
        """A few parties, and matchers that have read them."""
        self.partners.begin()
        for _ in range(matchers):
            self.world.start()
        self._do(self.world.run(400, seconds=5))

    @rule(said=st.lists(st.tuples(st.sampled_from(SAID), places, places), min_size=1, max_size=4))
    def say(self, said: list[tuple[str, int, int]]) -> None:
        """Partners and people say something, an old record comes again, or a topic is compacted."""
        for what, place, variant in said:
            self.world.note(None, f"{what} {place} {variant}")
            self.partners.say(what, place, variant)

    @rule(steps=st.integers(1, 60), order=orders)
    def run(self, steps: int, order: list[int]) -> None:
        """Everybody goes on."""
        self._do(self.world.run(steps, order))

    @rule(kind=st.sampled_from(KINDS), at=st.sampled_from(PLACES), skipped=st.integers(0, 5), order=orders)
    def strike(self, kind: str, at: str, skipped: int, order: list[int]) -> None:
        """Everybody goes on until someone is about to do something; that process is struck there."""
        self.strike_at(kind, at, skipped, order)

    def strike_at(self, kind: str, at: str, skipped: int, order: list[int]) -> None:
        step = self._do(self.world.run_until(at, skipped, order))
        if step is not None:
            self._do(self.world.strike(step, kind))

    @rule(change=st.sampled_from(("start", "stop", "rebalance")), place=st.integers(0, MOST_MATCHERS - 1))
    def change(self, change: str, place: int) -> None:
        """A matcher comes or goes, or the group is shared anew."""
        actors = self.world.actors
        if change == "start" and len(actors) < MOST_MATCHERS:
            self.world.start()
        elif change == "stop" and actors:
            self.world.stop(actors[place % len(actors)])
        elif change == "rebalance":
            self.world.rebalance()

    @invariant()
    def nothing_forbidden_was_done(self) -> None:
        self._since_rest += 1
        self._do(self.world.settle())
        self._report(self.world.faults + self._do(checks.offences(self._admin)))

    @precondition(lambda self: self._since_rest > 8)
    @rule()
    def come_to_rest(self) -> None:
        """Everybody goes on until nothing is left to do; then everything stored and said is as it should be."""
        if not self.world.actors:
            self.world.start()
        self._since_rest = 0
        self._report(self._do(self._rest()))

    async def _rest(self) -> list[str]:
        """What is wrong once nothing is left to do, or after minutes of it."""
        end = self._loop.time() + QUIET_SECONDS
        found = ["nothing was looked at"]
        while found and self._loop.time() < end and not self.world.faults:
            if not self.world.actors:
                self.world.start()
            await self.world.run(100_000, seconds=2)
            found = await checks.unfinished(self._admin, self.world.log)
            found = found or await checks.faults(self._admin, self.world.log)
        return found + self.world.faults

    def _report(self, found: list[str]) -> None:
        if found:
            self._is_broken = True
            self._stage.found += found
            trace = "\n".join(self.world.trace[-SHOWN:])
            at_work = [self._do(actor.described()) for actor in self.world.actors]
            raise AssertionError("\n".join(["what was found:", *found[:10], *at_work, "the last steps:", trace]))

    def teardown(self) -> None:
        try:
            if not self._is_broken:
                self.come_to_rest()
        finally:
            self._stage.steps += self.world.steps
            self._stage.examples += 1
            self._do(self._end())
            self._loop.close()

    async def _end(self) -> None:
        for actor in list(self.world.actors):
            await self.world.crash(actor)
        await self._admin.close()
        await self._loop.shutdown_asyncgens()


def aimed(kinds: Sequence[str], at: Sequence[str]) -> type[Simulation]:
    """A simulation in which only these things befall processes, and only at these places."""

    class Aimed(Simulation):
        @rule(kind=st.sampled_from(kinds), at=st.sampled_from(at), skipped=st.integers(0, 2), order=orders)
        def strike(self, kind: str, at: str, skipped: int, order: list[int]) -> None:
            self.strike_at(kind, at, skipped, order)

    return Aimed


def simulate(
    stage: Stage,
    *,
    examples: int,
    chance: int | None = None,
    shrinks: bool = True,
    machine: type[Simulation] = Simulation,
) -> None:
    """Run examples, those of a `chance` or always the same; raises what one finds, the shortest where it `shrinks`."""

    def make() -> Simulation:
        return machine(stage)

    run_state_machine_as_test(
        make if chance is None else seed(chance)(make),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            derandomize=chance is None,
            database=None,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


async def connect(dsn: str) -> Any:
    """The administrator's connection to a database emptied of what the last example left."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "matcher"})
    await _prepare(connection)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'matcher'")
    kept = {"generation", "applied_migrations"}
    names = ", ".join(row["tablename"] for row in tables if row["tablename"] not in kept)
    await connection.execute(f"TRUNCATE {names}")
    return connection
