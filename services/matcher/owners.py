"""Owns partitions: takes their leases, loads them, judges what changed meanwhile, and lets go of what another holds."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from services.matcher.judging import Done, Judge, LeaseLost, StaleMemory
from services.matcher.loading import Stored, partition_from, read_stored
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.criteria import RULES
from services.matcher.matching.partitions import Answers, Arrival, Partition
from services.matcher.matching.rows import Positions
from services.matcher.store import leases, matchers, models
from services.matcher.store.leases import Lease
from services.matcher.store.matchers import AtWork
from shared.collector import uncollected
from shared.database import RETRIED, Connection, Pool, in_transaction
from shared.text.vectors import READING

Result = TypeVar("Result")
logger = logging.getLogger(__name__)

CATCH_UP_SECONDS = 30.0
KEPT_ASIDE_SECONDS = 60.0
SESSION_SECONDS = 10.0
"""After that long, a group that still assigns a partition to this process means it: its lease may be taken again."""


class LeaseHeld(Exception):
    """Another process holds the partition, and may still be right to: to be tried again."""


class OtherRules(LeaseHeld):
    """A process at work judges by other rules, or reads models otherwise: until it is stopped this one owns nothing."""


class OtherModel(LeaseHeld):
    """The lists are of another model than this process has loaded: it does so now."""


class Owners:
    """The partitions of this process: those it holds in memory, and those of them that are its own now."""

    def __init__(
        self,
        pool: Pool,
        judge: Judge,
        *,
        owner: str,
        address: str,
        session_seconds: float = SESSION_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`owner` names this process and no other, ever; `address` is where it answers."""
        self.pool = pool
        self.judge = judge
        self._owner, self._address = owner, address
        self._session_seconds, self._clock = session_seconds, clock
        self._held: dict[int, Partition] = {}
        self._owned: set[int] = set()
        self._assigned: set[int] = set()
        self._met_foreign: dict[int, float] = {}
        self._interrupted: set[int] = set()
        self._lost_at: dict[int, float] = {}
        self._taking: dict[int, asyncio.Lock] = {}
        self.before_judging: Callable[[], Awaitable[None]] = _nothing
        """What a partition just taken lets this process do first: storing what its lists will name."""

    @property
    def catalogue(self) -> Catalogue:
        """All offers, territories and the day, with the model at work."""
        return self.judge.catalogue

    @property
    def owned(self) -> list[int]:
        """The partitions judged here, by number."""
        return sorted(self._owned)

    @property
    def held(self) -> list[Partition]:
        """All partitions in memory: what the catalogue hears is noted in each."""
        return list(self._held.values())

    async def enter(self) -> None:
        """Say that this process is at work; to be said again every few seconds.

        Raises `OtherRules`, with nothing owned any more, while another is at work with other rules: lists must never
        mix what both judge.
        """
        at_work = self._at_work()
        other = await in_transaction(self.pool, lambda connection: matchers.enter(connection, self._owner, at_work))
        if other is not None:
            self._owned.clear()
            raise _refused(at_work, other)

    def _at_work(self) -> AtWork:
        return AtWork(self._address, self.catalogue.model, _code())

    async def leave(self) -> None:
        """Say that this process is no longer at work."""
        async with self.pool.acquire() as connection:
            await matchers.leave(connection, self._owner)

    def partition(self, number: int) -> Partition:
        """The partition, owned and in memory; raises `LeaseLost`."""
        if number not in self._owned:
            raise LeaseLost(f"partition {number} is not held here")
        return self._held[number]

    async def judge_batch(
        self,
        connection: Connection,
        number: int,
        arrived: Mapping[str, Arrival] | None = None,
        answers: Answers | None = None,
    ) -> Done:
        """Judge what the stream delivered, in its transaction; raises `LeaseLost` and `StaleMemory`."""
        try:
            partition = self.partition(number)
            return await self.judge.judge(connection, partition, arrived, answers)
        except LeaseLost:
            if number in self._owned:
                self.fenced(number)
            raise

    async def taken(self, number: int) -> None:
        """Make memory of the partition true and judge what changed since it was judged last.

        Raises `OtherRules`, `OtherModel`, and `LeaseHeld` while another process that took its lease may still be right
        to: for a session after it was met, where the group has not taken the partition away and given it back since.
        """
        self._assigned.add(number)
        await self._make_own(number)

    async def lost(self, number: int, *, taken_away: bool) -> None:
        """Let go of the partition: the group took it away, or what the stream did with it failed.

        Once it was taken away, whoever is given it is right to take its lease. After a failure this process may have
        slept through a takeover. What is in memory is kept aside for a while: its revision tells whether it is true.
        """
        if taken_away:
            self._met_foreign.pop(number, None)
            self._interrupted.discard(number)
        elif number in self._owned:
            self._interrupted.add(number)
        self._assigned.discard(number)
        self._owned.discard(number)
        self._lost_at[number] = self._clock()

    async def _make_own(self, number: int) -> None:
        async with self._taking.setdefault(number, asyncio.Lock()):
            if number in self._owned:
                return
            met = self._met_foreign.get(number)
            if met is not None and self._clock() - met < self._session_seconds:
                raise LeaseHeld(f"partition {number} is held by another process")
            await self.enter()
            await self._take(number)
            if number not in self._held:
                raise OtherModel(f"partition {number} is of the model before: it is loaded again")
            self._met_foreign.pop(number, None)
            self._interrupted.discard(number)
            self._owned.add(number)
            try:
                await self.before_judging()
            except BaseException:
                self._owned.discard(number)
                raise
            await self.judge_anew(number)

    async def judge_anew(self, number: int) -> None:
        """Judge what the catalogue has heard since, in a transaction of its own; a failure lets go of the partition."""
        partition = self.partition(number)
        done = await self._alone(number, lambda connection: self.judge.judge(connection, partition))
        done.after_commit()

    async def build_slice(self, number: int) -> None:
        """Judge one more slice aside, in a transaction of its own; a failure lets go of the partition."""
        partition = self.partition(number)
        if partition.aside and partition.aside.is_built:
            # Something was stored that this memory has not followed.
            partition.aside = None
        try:
            await self._alone(number, lambda connection: self.judge.build_slice(connection, partition))
        except BaseException:
            partition.aside = None
            raise

    async def _alone(self, number: int, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        try:
            return await in_transaction(self.pool, work)
        except LeaseLost:
            self.fenced(number)
            raise
        except BaseException:
            self._owned.discard(number)
            self._interrupted.add(number)
            raise

    def fenced(self, number: int) -> None:
        """Remember that another process holds the partition."""
        self._owned.discard(number)
        self._met_foreign.setdefault(number, self._clock())

    async def load_again(self) -> None:
        """Load every partition again: what is in memory of them is of another model than the lists now are."""
        self._owned.clear()
        self._held.clear()
        await self.retake()

    async def retake(self) -> None:
        """Take again what is assigned here and was let go of after a failure; forget what has long been elsewhere.

        Each is tried before a failure that passes, such as a full disk, is raised.
        """
        for number in [number for number in self._held if number not in self._assigned]:
            if self._clock() - self._lost_at.get(number, 0) > KEPT_ASIDE_SECONDS:
                del self._held[number]
        failed: BaseException | None = None
        for number in sorted(self._assigned - self._owned):
            try:
                await self._make_own(number)
            except (LeaseHeld, LeaseLost, StaleMemory) as problem:
                logger.info("a partition is not taken yet", extra={"partition": number, "problem": str(problem)})
            except RETRIED as problem:
                failed = problem
        if failed is not None:
            raise failed

    async def _take(self, number: int) -> None:
        async def work(connection: Connection) -> tuple[Lease, Stored | None]:
            if number in self._interrupted and number not in self._met_foreign:
                owner = await leases.owner_of(connection, number)
                if owner not in {None, self._owner}:
                    self.fenced(number)
                    raise LeaseHeld(f"partition {number} was taken by another process")
            lease = await leases.take(connection, number, self._owner, self._address)
            other = await matchers.other_rules(connection, _code())
            if other is not None:
                raise _refused(self._at_work(), other)
            current = (await models.epochs(connection)).current
            if current != self.catalogue.model:
                raise OtherModel(f"the lists are of model {current}, which is being loaded")
            held = self._held.get(number)
            if held is not None and held.is_at(lease.revision):
                held.epoch = lease.epoch
                return lease, None
            return lease, await read_stored(connection, number, self.catalogue.indexes)

        lease, stored = await in_transaction(self.pool, work)
        await self._read_to(lease.reflected.positions)
        if stored is not None:
            await self.judge.compute(self._load, lease, stored)

    def _load(self, lease: Lease, stored: Stored) -> None:
        # What was there is not true any more: both together might find no room.
        self._held.pop(lease.partition, None)
        with uncollected():
            partition = self._held[lease.partition] = partition_from(self.catalogue, lease, stored)
        if read := len(partition.unpacked):
            logger.info("projects were read as JSON", extra={"partition": lease.partition, "projects": read})

    async def _read_to(self, positions: Positions) -> None:
        """Wait until this process has read whole topics at least to `positions`."""
        async with asyncio.timeout(CATCH_UP_SECONDS):
            while not self.catalogue.has_read(positions):  # noqa: ASYNC110 - the catalogue moves on another thread
                await asyncio.sleep(0.05)


def _code() -> str:
    """What processes at work must have in common: by which rules they judge, and how they read a model.

    Lists are of rules and a model, whoever read it: another reading alone has nothing judged anew.
    """
    return f"{RULES}.{READING}"


def _refused(ours: AtWork, other: AtWork) -> OtherRules:
    return OtherRules(
        f"the matcher at {other.address} judges by rules {other.rules or 'of an older version'}, this one by"
        f" {ours.rules}: stop every matcher of the other version"
    )


async def _nothing() -> None:
    """Nothing is to be done."""
