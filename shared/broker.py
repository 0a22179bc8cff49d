"""A service hears its topics by one FastStream broker and speaks by one relay; it says why not while it cannot."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.errors import KafkaError
from faststream import FastStream

from shared.database import CONNECTION_LOST, Pool, backoff
from shared.dead_letter import Handler
from shared.description import describe_stream
from shared.failures import failure_of
from shared.housekeeping import keep_house
from shared.log_identity import Log
from shared.logs import describe, is_worth_saying
from shared.opening import Opening
from shared.readiness import say_readiness
from shared.reading import Reading
from shared.relay import Relay
from shared.subscribing import build_broker, subscribe
from shared.units import PartitionOwner

__all__ = ["PartitionOwner", "Stream"]

logger = logging.getLogger(__name__)

START_SECONDS = 60.0
STOP_SECONDS = 3.0
STUCK_SECONDS = 300.0


def stop_this_process() -> None:
    """End as `kill` would: the server finishes its requests, closes its pools and leaves."""
    signal.raise_signal(signal.SIGTERM)


class UnequalTopics(Exception):
    """Topics that one owner holds by partition number differ in their number of partitions: the service stops."""


class Stream:
    """All that a service hears and says; built without any server, started once."""

    def __init__(
        self,
        *,
        service: str,
        bootstrap_servers: str = "127.0.0.1:9092",
        topic_prefix: str = "essaim.",
        pool: Pool | None = None,
        relay: bool = True,
        session_timeout_ms: int = 10_000,
        set_aside_all: Collection[str] = (),
        give_up: Callable[[], None] = stop_this_process,
    ) -> None:
        """`pool` may be absent only where the stream is described, never started; `give_up` ends the process.

        `set_aside_all`: topics of which any number of bad records is set aside.
        """
        self._service = service
        self._servers = bootstrap_servers
        self._prefix = topic_prefix
        self._pool = pool
        self._session_timeout_ms = session_timeout_ms
        self._give_up = give_up
        self._set_aside_all = set_aside_all
        self._broker = build_broker(bootstrap_servers, f"{topic_prefix.rstrip('.')}-{service}")
        self._heard: list[str] = []
        self._named: dict[tuple[str, ...], bool] = {}
        self._readings: list[Reading] = []
        self._relay: Relay | None = None
        if relay and pool is not None:
            self._relay = Relay(pool, service=service, bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
        self._tasks: list[asyncio.Task[None]] = []
        self._saying: asyncio.Task[None] | None = None
        self._fatal: str | None = None
        self._trouble: str | None = "not started"

    @property
    def faststream(self) -> FastStream:
        """The service's AsyncAPI document as a FastStream application: what it hears and what it says."""
        return describe_stream(self._service, self._prefix, self._heard)

    def hears(
        self,
        topics: Sequence[str],
        handler_by_topic: Mapping[str, Handler],
        *,
        group: str | None = None,
        owner: PartitionOwner | None = None,
    ) -> None:
        """Hear `topics` (short names) in one group, each batch by its topic's handler, from the log's beginning on.

        With an `owner` the topics must have the same number of partitions: those of one number are its, together.
        """
        self._heard.extend(topics)
        if self._pool is None:
            return
        names = {self._prefix + topic: topic for topic in topics}
        self._named[tuple(names)] = owner is not None
        opening = Opening(
            service=self._service,
            pool=self._pool,
            topics=names,
            handlers=handler_by_topic,
            owner=owner,
            consumer=lambda: subscriber.consumer,
            bootstrap_servers=self._servers,
            set_aside_all=self._set_aside_all,
        )
        reading = Reading(
            pool=self._pool,
            topics=names,
            handlers=handler_by_topic,
            together=owner is not None,
            consumer=lambda: subscriber.consumer,
            opening=opening,
        )
        name = group or f"{self._prefix.rstrip('.')}-{self._service}-{topics[0]}"
        subscriber = subscribe(self._broker, list(names), name, reading, session_timeout_ms=self._session_timeout_ms)
        self._readings.append(reading)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear and say meanwhile; however it ends, nothing of it still holds a connection of the pool afterwards."""
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    async def start(self) -> None:
        """Begin hearing and saying, in the background: `problems` says what is still in the way."""
        if self._pool is None:
            raise ValueError("a stream without a pool can be described, not started")
        self._trouble = "Kafka has not answered yet"
        work = [self._hear()] + ([self._relay.run()] if self._relay else [])
        self._tasks = [asyncio.create_task(self._guarded(one)) for one in work]
        self._saying = asyncio.create_task(say_readiness(self.problems))

    async def stop(self) -> None:
        """Stop hearing, finish what is at work, send what was announced meanwhile where that is quick."""
        self._trouble = "stopped"
        if self._saying:
            self._saying.cancel()
            await asyncio.wait([self._saying])
        if not self._tasks:
            return
        hearing, *relaying = self._tasks
        hearing.cancel()
        await asyncio.wait([hearing])
        for reading in self._readings:
            await reading.stop()
        await self._broker.stop()
        if self._relay and relaying:
            self._relay.stop()
            await asyncio.wait(relaying, timeout=STOP_SECONDS)
            relaying[0].cancel()
            await asyncio.wait(relaying)

    def problems(self) -> list[str]:
        """Why the service is not ready, in words; empty when it hears and says all."""
        found = [self._fatal, self._trouble, self._relay.problem() if self._relay else None]
        return [one for one in found if one] + [one for reading in self._readings for one in reading.problems()]

    def lag(self) -> dict[str, int]:
        """Records not handled yet, by `topic/partition`, of the partitions that this process reads."""
        return {place: lag for reading in self._readings for place, lag in reading.lag.items()}

    def relay_active(self) -> bool:
        """Whether it is this process that sends the service's events."""
        return self._relay is not None and self._relay.active

    def stuck(self) -> bool:
        """Whether a batch, or a turn of the relay, lasts longer than any should: better start the process again."""
        longest = max((reading.at_work_for() for reading in self._readings), default=0.0)
        return max(longest, self._relay.silent_for() if self._relay else 0.0) > STUCK_SECONDS

    async def _hear(self) -> None:
        await self._connect()
        self._trouble = None
        async with asyncio.TaskGroup() as group:
            for reading in self._readings:
                group.create_task(reading.run())
            if self._pool and self._readings:
                group.create_task(keep_house(self._pool))

    async def _connect(self) -> None:
        attempt = 0
        while self._readings:
            attempt += 1
            try:
                await self._check_topics()
                if self._relay:
                    # What is handled on a database that was put back from an older one would be handled wrongly.
                    await self._relay.check()
                async with asyncio.timeout(START_SECONDS):
                    await self._broker.start()
                return
            except (KafkaError, *CONNECTION_LOST) as error:
                who = "Kafka" if isinstance(error, KafkaError) else "Kafka or PostgreSQL"
                self._trouble = f"{who} does not answer: {describe(error)}; trying again"
                if is_worth_saying(attempt):
                    logger.warning("the stream is not started", exc_info=error, extra={"attempts": attempt})
                await self._broker.stop()
                await asyncio.sleep(backoff(attempt, first=0.2))

    async def _check_topics(self) -> None:
        log = await Log.of(self._servers, [name for names in self._named for name in names])
        for names, together in self._named.items():
            counts = {name: len(log.partitions[name]) for name in names}
            if together and len(set(counts.values())) > 1:
                raise UnequalTopics(f"topics heard together must have the same number of partitions: {counts}")

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """End the process when what it lives by fails: libraries would only log it."""
        failure = await failure_of(work)
        if failure is None:
            return
        while isinstance(failure, ExceptionGroup):
            failure = failure.exceptions[0]
        self._fatal = f"{self._service} stops: {describe(failure)}"
        logger.critical(self._fatal, exc_info=failure)
        self._give_up()
