"""The world that processes live in: chooses which of them goes on, lets time pass, and has things befall them."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka.errors import KafkaError

from shared.database import RETRIED
from tests.simulation.actors import Actor, Step, keep_tasks
from tests.simulation.groups import Group
from tests.simulation.locks import circle, wait_for_steps
from tests.simulation.matcher import run_matcher, stop_matcher
from tests.simulation.scripted_log import ScriptedLog
from tests.simulation.virtual import VirtualLoop

BEGINNING = datetime(2026, 12, 1, 8, tzinfo=UTC)
NEWEST = 5
"""In an order: the step that came last; below it, the oldest, the one after it, and so on."""
TURNS_OF_AN_END = 20
"""Turns of the loop in which a client meets its last words, that the socket is closed, and what follows from it."""
SURVIVED = (*RETRIED, KafkaError, asyncio.CancelledError)
"""What ends a process whose supervisor then starts it again; anything else is a fault."""


class World:
    """Everything of one example; `step` is one await let through."""

    def __init__(self, loop: VirtualLoop, admin: Any, dsn: str, topics: dict[str, int]) -> None:
        self.loop, self.dsn, self.admin = loop, dsn, admin
        self.log = ScriptedLog(topics, loop.time)
        self.actors: list[Actor] = []
        self.trace: list[str] = []
        self.faults: list[str] = []
        self.steps = 0
        self._started = 0
        self._numbered = 0
        self._groups: dict[tuple[str, ...], Group] = {}
        self._asking = asyncio.Lock()
        loop.asked = lambda: any(actor.in_flight for actor in self.actors)
        keep_tasks(loop)

    def now(self) -> datetime:
        """The virtual time of day."""
        return BEGINNING + timedelta(seconds=self.loop.time())

    def group(self, topics: Sequence[str]) -> Group:
        """The group that hears these topics."""
        return self._groups.setdefault(tuple(topics), Group(self.log, list(topics), self.loop.time))

    def note(self, actor: Actor | None, what: str) -> None:
        """One more line of what happened."""
        self.trace.append(f"{self.loop.time():8.2f} s {self.steps:5d}  {actor.name if actor else '-':4} {what}")

    # What befalls processes.

    def start(self) -> Actor:
        """One more matcher, from nothing but what is stored."""
        self._started += 1
        actor = Actor(f"m{self._started}", self, self._started)
        self.actors.append(actor)
        self.note(actor, "starts")
        actor.spawn(run_matcher(actor))
        return actor

    def stop(self, actor: Actor) -> None:
        """Ask a matcher to end, as SIGTERM does."""
        if actor.is_stopping:
            return
        actor.is_stopping = True
        self.note(actor, "is asked to stop")
        actor.spawn(stop_matcher(actor))

    def pause(self, actor: Actor, seconds: float) -> None:
        """Let nothing of a process happen for so long, as SIGSTOP does."""
        self.note(actor, f"is paused for {seconds:.0f} s")
        actor.paused_until = self.loop.time() + seconds
        actor.silent_since = self.loop.time()

    def expel(self, actor: Actor) -> None:
        """Have the group take a process for gone: it learns of it by its next heartbeat."""
        self.note(actor, "is expelled from its group")
        for group in self._groups.values():
            for member in [member for member in group.members if member.actor is actor]:
                group.leave(member)

    def rebalance(self) -> None:
        """Have all members join their groups again."""
        self.note(None, "a rebalance begins")
        for group in self._groups.values():
            group.rebalance()

    async def crash(self, actor: Actor, why: str = "is killed") -> None:
        """End a process without a word: its connections break, its memory is gone, its group does not know."""
        self.note(actor, why)
        actor.is_dead = True
        actor.silent_since = self.loop.time() if actor.silent_since is None else actor.silent_since
        await self.end_backends(actor.connections)
        for _ in range(100):
            for task in list(actor.tasks):
                task.cancel()
            await self.loop.quiet()
            if not actor.tasks:
                break
        assert not actor.tasks, f"tasks outlive {actor.name}: {actor.tasks}"
        actor.in_flight.clear()
        self.actors.remove(actor)

    async def end_backends(self, connections: Iterable[Any]) -> None:
        """Have the server end connections, and wait until it has and their processes have heard of it."""
        open_ones = [each for each in connections if not each.is_closed()]
        pids = [each.get_server_pid() for each in open_ones]
        if pids:
            async with self._asking:
                await self.admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest($1::int[]) AS pid", pids)
        for _ in range(TURNS_OF_AN_END):
            # What the server said last is here already: it was waited for until it was gone.
            await asyncio.sleep(0)
        assert all(each.is_closed() for each in open_ones), "a connection outlives its end"

    # What happens by itself.

    def _runnable(self) -> list[Step]:
        """The steps that could be let through now, the oldest first."""
        found = [step for actor in self.actors if actor.paused_until is None for step in actor.steps]
        return sorted((step for step in found if not step.go.done()), key=lambda step: step.number)

    async def run(self, steps: int, order: Sequence[int] = (), *, seconds: float = 60.0) -> None:
        """Let so many steps through, each time the one that `order` says, while time passes."""
        end = self.loop.time() + seconds
        for done in range(steps):
            step = await self._next(end, order, done)
            if step is None:
                break
            await self._let(step)
        await self.settle()

    async def run_until(self, words: str, skipped: int, order: Sequence[int] = ()) -> Step | None:
        """Go on until a step with these words could be let through, the next one after `skipped` such; None if never.

        It goes on for 200 steps, or half a minute, at most.
        """
        end = self.loop.time() + 30
        for done in range(200):
            step = await self._next(end, order, done)
            if step is None:
                return None
            if words in step.what:
                if not skipped:
                    return step
                skipped -= 1
            await self._let(step)
        return None

    async def strike(self, step: Step, kind: str) -> None:
        """Have a process meet something at this step."""
        name, *rest = kind.split()
        if name == "crash":
            await self.crash(step.actor)
        elif name == "cut":
            await self._let(step, rest[0])
        elif name == "pause":
            self.pause(step.actor, float(rest[1]))
        else:
            self.expel(step.actor)

    async def _next(self, end: float, order: Sequence[int], done: int) -> Step | None:
        """The step to be let through now, after as much time as it takes until there is one; None at `end`."""
        await self.settle()
        while not (runnable := self._runnable()):
            if not await self._pass(end):
                return None
            await self.settle()
        place = order[done % len(order)] if order else 0
        return runnable[-1 if place == NEWEST else place % len(runnable)]

    async def settle(self) -> None:
        """Until every process waits: at a step, for time, or in PostgreSQL for a lock that no answer will free."""
        circling: list[int] = []
        while True:
            await self.loop.quiet()
            for actor in [actor for actor in self.actors if actor.ended and not actor.is_dead]:
                self._judge_end(actor)
                await self.crash(actor, "ends")
            asked = [each for actor in self.actors for each in actor.in_flight]
            if None in asked:
                continue
            blockers = await self._blockers(asked) if asked else {}
            if len(wait_for_steps(blockers)) == len(asked):
                break
            # Looked at twice, since locks are not read all at once.
            before, circling = circling, circle(blockers)
            if circling and circling == before:
                await self._break(circling, asked)
        self._number()

    def _number(self) -> None:
        """Give new steps their places, in an order that servers and clocks have no part in."""
        new = [step for actor in self.actors for step in actor.steps if not step.number]
        for step in sorted(new, key=lambda step: (step.actor.number, step.what)):
            self._numbered += 1
            step.number = self._numbered

    def _judge_end(self, actor: Actor) -> None:
        failure = actor.failure
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        if failure is not None and not isinstance(failure, SURVIVED):
            self.faults.append(f"{actor.name} gives up: {failure!r}")

    async def _blockers(self, connections: list[Any]) -> dict[int, set[int]]:
        """Whom each of these waits for, of all connections of processes; those that are closed wait for nobody."""
        pids = {each.get_server_pid(): each for each in connections if not each.is_closed()}
        ours = {each.get_server_pid() for actor in self.actors for each in actor.connections if not each.is_closed()}
        async with self._asking:
            rows = await self.admin.fetch(
                "SELECT pid, pg_blocking_pids(pid) AS blockers FROM unnest($1::int[]) AS pid", list(pids)
            )
        return {row["pid"]: set(row["blockers"]) & ours for row in rows}

    async def _break(self, circling: list[int], asked: list[Any]) -> None:
        """End a deadlock as PostgreSQL would, but for whom it befalls: always the last who asked."""
        last = max((each for each in asked if each.get_server_pid() in circling), key=lambda each: each.asked_last)
        self.note(last.actor, "is told of a deadlock")
        last.gives_way = True
        async with self._asking:
            await self.admin.execute("SELECT pg_cancel_backend($1)", last.get_server_pid())

    async def _let(self, step: Step, befalls: str = "") -> None:
        actor = step.actor
        self.steps += 1
        self.note(actor, f"{step.what}{f'   [connection lost {befalls}]' if befalls else ''}")
        if befalls == "before" and step.connection is not None:
            await self.end_backends([step.connection])
        if not step.go.done():
            step.go.set_result(befalls)

    async def _pass(self, end: float) -> bool:
        """Let time pass to the next thing that it brings; false when that lies beyond `end`."""
        now = self.loop.time()
        connections = [each for actor in self.actors for each in actor.connections]
        times = [self.loop.next_timer(), *(actor.paused_until for actor in self.actors)]
        times += [each.deadline() for each in connections]
        coming = min((each for each in times if each is not None), default=end + 1)
        if coming > end:
            self.loop.move_on(end)
            return False
        self.loop.move_on(max(coming, now))
        await self._tick(connections)
        return True

    async def _tick(self, connections: list[Any]) -> None:
        now = self.loop.time()
        for actor in self.actors:
            if actor.paused_until is not None and actor.paused_until <= now:
                actor.paused_until = actor.silent_since = None
                self.note(actor, "goes on")
        over = [each for each in connections if (at := each.deadline()) is not None and at <= now]
        if over:
            self.note(None, f"the server ends idle sessions of {sorted({each.actor.name for each in over})}")
            await self.end_backends(over)
        self.log.tick()
        for group in self._groups.values():
            group.tick()
