"""Processes of the simulation: each await on PostgreSQL or the log is a step that waits until it is chosen."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from aiokafka.errors import KafkaConnectionError

if TYPE_CHECKING:
    from tests.simulation.world import World

Result = TypeVar("Result")

CURRENT: ContextVar["Actor"] = ContextVar("actor")
"""Whose code is running."""


@dataclass(eq=False)
class Step:
    """One await that has not been let through; `go` then tells what befalls it."""

    actor: "Actor"
    what: str
    go: asyncio.Future[str]
    connection: Any = None
    number: int = 0
    """Its place among all, given once every process waits: not the order in which servers happened to answer."""


@dataclass(eq=False)
class Actor:
    """One process: its tasks, its steps in waiting, and what befalls it."""

    name: str
    world: "World"
    number: int
    tasks: dict[asyncio.Task[Any], None] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    connections: dict[Any, None] = field(default_factory=dict)
    paused_until: float | None = None
    silent_since: float | None = None
    is_dead: bool = False
    is_stopping: bool = False
    in_flight: list[Any] = field(default_factory=list)
    """The connections that have been asked something; None for one that is being made, given back or ended."""
    pool: Any = None
    owners: Any = None
    work: Any = None
    main: asyncio.Task[None] | None = None
    ended: bool = False
    failure: BaseException | None = None

    def give_up(self, failure: BaseException | None = None) -> None:
        """The process ends: of `failure`, else of what its log says was critical."""
        self.failure = failure or self.failure
        self.ended = True

    async def described(self) -> str:
        """What it owns, what it says is in its way, and where it is, for who reads of a failure."""
        owned, problems = (self.owners.owned, self.work.problems()) if self.work and self.owners else ([], [])
        return f"{self.name} owns {owned}; problems: {problems}; waits at {[step.what for step in self.steps]}"

    async def gate(self, what: str, connection: Any = None) -> str:
        """Wait until this step is chosen; returns what befalls it: nothing, or a loss `before` or `after` it."""
        if self.is_dead:
            raise asyncio.CancelledError
        step = Step(self, what, asyncio.get_running_loop().create_future(), connection)
        self.steps.append(step)
        try:
            return await step.go
        finally:
            if step in self.steps:
                self.steps.remove(step)

    @contextlib.contextmanager
    def asking(self, connection: Any) -> Iterator[None]:
        """PostgreSQL is at work, or waits for a lock."""
        self.in_flight.append(connection)
        try:
            yield
        finally:
            self.in_flight.remove(connection)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task of this process."""
        token = CURRENT.set(self)
        try:
            return self.world.loop.create_task(work)
        finally:
            CURRENT.reset(token)


async def at_log(what: str, work: Callable[[], Result]) -> Result:
    """Ask the log something, in one step of the process whose code this is."""
    befalls = await CURRENT.get().gate(f"log: {what}")
    if befalls == "before":
        raise KafkaConnectionError("cut")
    result = work()
    if befalls == "after":
        raise KafkaConnectionError("cut")
    return result


def keep_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Have every task known to the process that starts it."""

    def make(loop: asyncio.AbstractEventLoop, work: Any, **given: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **given)
        actor = CURRENT.get(None)
        if actor is not None:
            actor.tasks[task] = None
            task.add_done_callback(actor.tasks.pop)
        return task

    loop.set_task_factory(make)
