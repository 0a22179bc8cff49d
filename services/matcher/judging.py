"""One transaction of a partition: what arrived is judged, lists change by differences, matches move."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar
from uuid import UUID, uuid4

from services.matcher.announcing import announce_moves
from services.matcher.keeping import built_lists, store_aside, store_built, store_plan
from services.matcher.matching.aside import SLICE, Planned, Slice, begun, judge_slice, planned_of
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.deciding import Changes, decide, parties_of
from services.matcher.matching.head import Outcome
from services.matcher.matching.merging import Merged, merge
from services.matcher.matching.partitions import Answers, Arrival, Delivered, Partition, Plan
from services.matcher.matching.shortlists import OfferKey
from services.matcher.store import entities, heads, leases, lists
from services.matcher.store.heads import Wanted
from services.matcher.store.leases import Reflected
from shared.clock import utc_now
from shared.database import IDLE_IN_TRANSACTION_MS, Connection
from shared.logs import describe
from shared.offsets import AfterCommit
from shared.restoring import LONG

Given = ParamSpec("Given")
Result = TypeVar("Result")
logger = logging.getLogger(__name__)

AT_ONCE = 500
"""Matches moved before they are handed to PostgreSQL and others get their turn: a batch may move thousands."""
STUCK_SECONDS = 300.0
SIGN_OF_LIFE_SECONDS = IDLE_IN_TRANSACTION_MS / 4_000

Check = Callable[[], None]
"""To be called now and then while something long is computed."""


class Abandoned(Exception):
    """Nobody waits any more for what is being computed."""


class LeaseLost(Exception):
    """Another process holds the partition: nothing of this transaction may be kept."""


class StaleMemory(Exception):
    """What this process keeps of the partition is not what its last transaction stored: it must be loaded again."""


class NoDay(Exception):
    """A match was answered and no day was heard yet, without which none moves: the answer must come again."""


@dataclass(frozen=True, slots=True)
class Done:
    """What follows a transaction: memory changes once it has committed; `unknown` are answered ids without match."""

    after_commit: AfterCommit
    unknown: frozenset[str]


class Judge:
    """Judges partitions; all that is computed runs on one thread, so that memory is never read half changed."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        now: Callable[[], datetime] = utc_now,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self.catalogue = catalogue
        self.next: Catalogue | None = None
        """The same with the next model, while lists are built for it aside."""
        self.partitions = 0
        """How many the topic of projects has; to be set before any is judged."""
        self._now = now
        self._new_id = new_id
        self._asked: dict[object, float] = {}
        self._advanced = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def compute(self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """What `work` returns, run after all that was asked before."""
        asked = object()
        self._asked[asked] = time.monotonic()
        try:
            given = partial(work, *args, **kwargs)
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._computed, given)
        finally:
            del self._asked[asked]

    def _computed(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; where the disk has no room, that of the next model is given back first."""
        try:
            return work()
        except OSError as problem:
            self.give_up_next(problem)
            raise

    def give_up_next(self, problem: OSError) -> None:
        """Let go of the next model, on the judge's thread: the disk has no room for both. It is told again later."""
        if self.next is not None:
            said = {"model": self.next.model, "problem": describe(problem)}
            logger.warning("the next model gives its room back", extra=said)
        self.next = None

    async def _compute(self, connection: Connection, work: Callable[[Check], Result]) -> Result:
        """As `compute`, within a transaction: PostgreSQL ends one that is idle, unless it hears of it now and then.

        `work` gets what to call now and then: it raises `Abandoned` once the connection is lost or nobody waits for
        the result, so that another attempt does not queue behind it.
        """
        is_abandoned = threading.Event()

        def check() -> None:
            if is_abandoned.is_set():
                raise Abandoned

        task = asyncio.ensure_future(self.compute(work, check))
        try:
            while not (await asyncio.wait([task], timeout=SIGN_OF_LIFE_SECONDS))[0]:
                await connection.execute("SELECT 1")
        except BaseException:
            is_abandoned.set()
            task.cancel()
            raise
        return task.result()

    def is_stuck(self) -> bool:
        """Whether something asked five minutes ago has not been computed yet."""
        return any(time.monotonic() - since > STUCK_SECONDS for since in self._asked.values())

    async def judge(
        self,
        connection: Connection,
        partition: Partition,
        arrived: Mapping[str, Arrival] | None = None,
        answers: Answers | None = None,
    ) -> Done:
        """Bring the partition's lists and matches to what arrived and to all that the catalogue has heard.

        The lease row is locked first, then offers, then heads, each by id. Raises `LeaseLost`, `StaleMemory`, `NoDay`.
        """
        revision = await self._begin(connection, partition)
        known = await heads.heads_of(connection, list(answers or ()))
        delivered = Delivered(arrived or {}, answers or {}, known)
        planned = await self._compute(connection, partial(self._plan, partition, revision, delivered))
        plan = planned.plan
        if plan.day is None and known:
            raise NoDay("no day was heard yet: answers wait")
        await store_plan(connection, partition.number, plan)
        next_model = await store_aside(connection, partition.number, planned.aside, planned.plan_aside)
        deferred: frozenset[OfferKey] = frozenset()
        outcomes: Sequence[tuple[str, Outcome]] = ()
        if plan.day is not None:
            merged = await self._merge(connection, partition, plan)
            deferred = merged.deferred
            outcomes = await self._move(connection, partition, plan, merged, delivered)
        reflected = Reflected(plan.model, plan.day, {topic: dict(by) for topic, by in plan.positions.items()})
        await leases.advance(connection, partition.number, revision + 1, reflected, next_model)
        unknown = frozenset(match_id for match_id in answers or () if match_id not in known)
        return Done(partial(self._committed, partition, planned, deferred, revision + 1, outcomes), unknown)

    async def build_slice(self, connection: Connection, partition: Partition) -> bool:
        """Judge one more slice of the partition aside, by the next model; whether its next lists are now stored whole.

        The lease row stays locked meanwhile: nothing else is planned. Raises `LeaseLost` and `StaleMemory`.
        """
        revision = await self._begin(connection, partition)
        done = await self._compute(connection, partial(self._judge_slice, partition, revision))
        aside = partition.aside
        if aside is None or done is None or not done.is_last:
            return False
        await store_built(
            connection, aside, await self._compute(connection, partial(built_lists, aside, done.versions))
        )
        aside.is_built = True
        return True

    def _judge_slice(self, partition: Partition, revision: int, check: Check) -> Slice | None:
        following = self.next
        if not partition.is_at(revision) or following is None or following.day is None:
            return None
        if partition.aside is None or partition.aside.partition.offers is not following.index:
            partition.aside = begun(partition, following)
        return judge_slice(partition, following, check=check, size=SLICE)

    async def _begin(self, connection: Connection, partition: Partition) -> int:
        revision = await leases.lock(connection, partition.number, partition.epoch)
        if revision is None:
            raise LeaseLost(f"partition {partition.number}: epoch {partition.epoch} is over")
        if not await self._follows(partition, revision):
            raise StaleMemory(f"partition {partition.number}: {partition.revision} in memory, {revision} stored")
        return revision

    def _plan(self, partition: Partition, revision: int, delivered: Delivered, check: Check) -> Planned:
        """The plan, from memory that all that was asked before has changed, or failed to."""
        if not partition.is_at(revision):
            raise StaleMemory(f"partition {partition.number}: its memory did not follow {revision}")
        return planned_of(partition, self.catalogue, self.next, delivered, check=check)

    async def _follows(self, partition: Partition, revision: int) -> bool:
        """Whether memory is what `revision` stored, waiting a second for a transaction that has just committed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                while partition.revision < revision and not partition.is_lost:
                    self._advanced.clear()
                    await self._advanced.wait()
        return partition.is_at(revision)

    async def _merge(self, connection: Connection, partition: Partition, plan: Plan) -> Merged:
        """Lock the offers concerned, then merge, in a later statement, what all partitions have stored for them.

        Deferred are those that someone has judged with what this process has not heard yet, and all of them while heads
        of another partition do not follow its lists: they wait until this one judges again or, should it end before, in
        storage, until anybody merges what waits.
        """
        behind = await lists.merged_offers(connection) if partition.heads_behind else ()
        if not plan.versions and not behind:
            return Merged()
        held = await lists.lock_offers(connection, {*plan.versions, *behind}, LONG if partition.heads_behind else None)
        stored = await lists.lists_to_merge(connection, plan.versions)
        others = [each for each in await leases.all_leases(connection) if each.partition != partition.number]
        ahead = {each.partition for each in others if not self.catalogue.has_context(each.reflected.positions)}
        all_wait = any(each.heads_behind for each in others)
        now = self._now()
        found, deferred, waiting = [], [], []
        for offer, version in plan.versions.items():
            all_judged = len(others) == self.partitions - 1 and all(
                self.catalogue.is_judged_at(offer, each.reflected.positions) for each in others
            )
            merged = merge(held[offer], stored[offer], version, all_judged=all_judged, now=now)
            if merged is None:
                deferred.append(offer)
            elif all_wait or any(each.partition in ahead for each in stored[offer]):
                deferred.append(offer)
                waiting.append(held[offer].waiting(version, now))
            elif merged.merged != held[offer]:
                found.append(merged)
        await lists.store_merged_lists(connection, [*(each.merged for each in found), *waiting])
        listed = {**held, **{each.merged.offer: each.merged for each in found}} if partition.heads_behind else None
        return Merged(found, frozenset(deferred), listed)

    async def _move(
        self, connection: Connection, partition: Partition, plan: Plan, merged: Merged, delivered: Delivered
    ) -> list[tuple[str, Outcome]]:
        """Move the matches concerned, some at a time; returns what became of each answer, by match id."""
        changes = await self._compute(connection, lambda _: Changes.of(partition, plan, merged))
        wanted = Wanted(
            pairs=changes.pairs,
            match_ids=frozenset(delivered.answers),
            projects=frozenset(plan.changed_projects),
            offers=plan.changed_offers,
            due=plan.day if plan.day != partition.day else None,
            all_own=partition.heads_behind,
        )
        rows = await heads.lock_heads(connection, partition.number, wanted)
        heads.refuse_moved(delivered.known, rows)
        foreign = {pair.project_id for pair, row in rows.items() if row.partition != partition.number}
        stored = await entities.projects_by_id(connection, sorted(foreign)) if foreign else []
        at, outcomes = self._now(), []
        parties = await self._compute(connection, lambda _: parties_of(self.catalogue, changes, stored))
        deciding = partial(decide, parties, changes, answers=delivered.answers, at=at)
        ordered = sorted(rows.values(), key=lambda row: row.pair.match_id)
        for place in range(0, len(ordered), AT_ONCE):
            decided = await self._compute(connection, partial(deciding, ordered[place : place + AT_ONCE]))
            await announce_moves(connection, decided, at=at, new_id=self._new_id)
            await heads.store_heads(connection, [each.moves.row for each in decided])
            outcomes += [(each.moves.row.pair.match_id, what) for each in decided for what in each.moves.outcomes]
        return outcomes

    def _committed(
        self,
        partition: Partition,
        planned: Planned,
        deferred: frozenset[OfferKey],
        revision: int,
        outcomes: Sequence[tuple[str, Outcome]],
    ) -> None:
        partition.revision = revision
        partition.heads_behind = partition.heads_behind and planned.plan.day is None
        self._advanced.set()
        self._thread.submit(self._computed, partial(planned.apply, partition, deferred, self.give_up_next))
        for match_id, outcome in outcomes:
            logger.info("an answer is handled", extra={"match_id": match_id, "outcome": outcome})
