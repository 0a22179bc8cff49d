"""Partitions have owners, by lease: takeovers judge what changed since, and who lost a partition writes nothing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from services.matcher import epochs, judging, owners, whole
from services.matcher.handlers import on_projects
from services.matcher.judging import Abandoned, LeaseLost, StaleMemory
from services.matcher.matching import aside
from services.matcher.matching.merging import PATIENCE
from services.matcher.matching.partitions import Partition, Plan
from services.matcher.matching.rows import StoredHead
from services.matcher.matching.shortlists import OfferKey
from services.matcher.owners import KEPT_ASIDE_SECONDS, LeaseHeld, OtherRules
from services.matcher.store import heads, leases, models
from services.matcher.store.matchers import SILENCE
from services.matcher.store.models import Epochs
from shared.clock import utc_now
from shared.database import Connection
from shared.dead_letter import Limit
from shared.events.matches import match_id_of
from shared.offsets import Arrived, Handling, Position, begin, store
from shared.text.model import load_text_model
from shared.text.vectors import READING
from tests.factories import (
    a_commitment,
    a_fund,
    a_project,
    a_territory,
    commitment_published,
    day_started,
    fund_published,
    project_published,
    territory_published,
)
from tests.integration.matcher_stage import Stage, stage

FIRST_DAY = date(2026, 12, 1)
EPOCH = load_text_model().epoch


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


async def test_a_redelivered_project_proposes_nothing_new(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    records = matcher.log.say(day_started(), commitment_published(), project_published())
    await process.hears(*records)
    await process.hears(*records)
    assert [change for _, change in await matcher.changes()] == ["proposed"]


async def test_a_restarted_process_goes_on_from_what_is_stored(matcher: Stage) -> None:
    first = await matcher.process(0, 1)
    await first.hears(*matcher.log.say(day_started(), commitment_published(), project_published()))
    second = await matcher.process(0, 1)
    assert second.owners.partition(0).epoch == 2
    assert second.owners.catalogue.positions["commitments"] == {0: 1}
    await second.hears(*matcher.log.say(commitment_published(a_commitment("eng-b"))))
    match_id = match_id_of("prj-a", "commitment", "eng-b")
    said = [(each.match_id, each.entered) for each in (await matcher.said())[1:]]
    assert said == [(match_id, ("project",)), (match_id, ("offer",))]
    assert await matcher.differences() == []


async def test_a_new_owner_judges_what_changed_while_nobody_owned(matcher: Stage) -> None:
    fund = fund_published(a_fund(labelled_territories_only=True))
    closing = commitment_published(a_commitment(closes_on=FIRST_DAY))
    first = await matcher.process(0, 1)
    said = matcher.log.say(day_started(FIRST_DAY), closing, fund, project_published())
    await first.hears(*said)
    second = await matcher.process()
    label = territory_published(a_territory(status="labellise"))
    tomorrow = day_started(FIRST_DAY + timedelta(days=1), version=2)
    await second.hears(*matcher.log.say(label, tomorrow, commitment_published(a_commitment("eng-b"))))
    assert [change for _, change in await matcher.changes()] == ["proposed"]
    await second.takes(0, 1)
    changes = dict((await matcher.changes())[1:])
    assert changes == {
        match_id_of("prj-a", "commitment", "eng-a"): "withdrawn",
        match_id_of("prj-a", "commitment", "eng-b"): "proposed",
        match_id_of("prj-a", "fund", "fds-a"): "proposed",
    }


async def test_a_new_owner_judges_the_fund_that_another_made_a_frame_or_freed(matcher: Stage) -> None:
    first = await matcher.process(0, 1)
    await first.hears(*matcher.log.say(day_started(), fund_published(), project_published()))
    part = a_fund("fds-b", part_of="fds-a", recipients=["collectivite"])
    second = await matcher.process()
    await second.hears(*matcher.log.say(fund_published(part)))
    await second.takes(0, 1)
    assert [change for _, change in await matcher.changes()] == ["proposed", "withdrawn"]
    third = await matcher.process()
    await third.hears(matcher.log.erase("funds", "fds-b", 2))
    await third.takes(0, 1)
    assert [change for _, change in await matcher.changes()] == ["proposed", "withdrawn", "proposed"]
    assert await matcher.differences() == []


async def test_who_lost_a_partition_without_noticing_writes_nothing(matcher: Stage) -> None:
    paused = await matcher.process(0, 1)
    await paused.hears(*matcher.log.say(day_started(), commitment_published()))
    await matcher.process(0, 1)
    records = matcher.log.say(project_published())
    with pytest.raises(LeaseLost):
        await paused.hears(*records)
    assert await matcher.said() == []
    assert await matcher.pool.fetchval("SELECT count(*) FROM projects") == 0


async def test_who_lost_a_partition_judges_no_offer_in_it(matcher: Stage) -> None:
    paused = await matcher.process(0, 1)
    await paused.hears(*matcher.log.say(day_started(), project_published()))
    await matcher.process(0, 1)
    await paused.hears(*matcher.log.say(commitment_published()))
    assert paused.owners.owned == []
    assert await matcher.said() == []


async def test_who_is_still_assigned_takes_the_lease_again_after_a_session(matcher: Stage) -> None:
    now = [0.0]
    paused = await matcher.process(session_seconds=10, clock=lambda: now[0])
    await paused.takes(0, 1)
    await paused.hears(*matcher.log.say(day_started(), project_published()))
    other = await matcher.process(0)
    await other.hears(*matcher.log.say())
    await paused.hears(*matcher.log.say(commitment_published()))
    with pytest.raises(LeaseHeld):
        await paused.owners.taken(0)
    now[0] = 10.0
    await paused.owners.retake()
    assert paused.owners.owned == [0, 1]
    assert paused.owners.partition(0).epoch == 3
    assert [change for _, change in await matcher.changes()] == ["proposed"]


async def test_who_wakes_behind_another_takes_nothing_from_it(matcher: Stage) -> None:
    woken = await matcher.process(session_seconds=10, clock=lambda: 0.0)
    await woken.takes(0, 1)
    before = Position(0, -1, "test")
    async with matcher.pool.acquire() as connection:
        await begin(connection, "projects", 0, before)
    handler = partial(on_projects, woken.owners)
    handling = Handling(matcher.pool, handler, Limit("projects"), before, alone=True)
    other = await matcher.process(0)
    records = matcher.log.say(day_started(), commitment_published(), project_published())
    await other.hears(*records)
    async with matcher.pool.acquire() as connection:
        await store(connection, "projects", 0, Position(1, -1, "test"))

    async def still_open() -> bool:
        return True

    with pytest.raises(LeaseLost):
        await handling.handle(Arrived.of("projects", 0, records[2:]), still_open)
    await woken.owners.lost(0, taken_away=False)
    with pytest.raises(LeaseHeld):
        await woken.owners.taken(0)
    await other.hears(*matcher.log.say(project_published(version=2)))
    assert other.owners.partition(0).epoch == 2


async def test_who_wakes_and_fails_for_another_reason_takes_nothing_from_another(matcher: Stage) -> None:
    now = [0.0]
    woken = await matcher.process(session_seconds=10, clock=lambda: now[0])
    await woken.takes(0, 1)
    other = await matcher.process(0)
    await woken.owners.lost(0, taken_away=False)
    for _ in range(2):
        with pytest.raises(LeaseHeld):
            await woken.owners.taken(0)
        await woken.owners.lost(0, taken_away=False)
    records = matcher.log.say(day_started(), commitment_published(), project_published())
    await other.hears(*records)
    assert other.owners.partition(0).epoch == 2
    now[0] = 10.0
    await woken.hears(*records[:2])
    await woken.takes(0)
    assert woken.owners.partition(0).epoch == 3


async def test_who_fails_while_nobody_took_over_goes_on_at_once(matcher: Stage) -> None:
    process = await matcher.process(0, 1, session_seconds=10, clock=lambda: 0.0)
    await process.owners.lost(0, taken_away=False)
    await process.takes(0)
    assert process.owners.partition(0).epoch == 1


async def test_a_partition_got_back_at_the_same_epoch_keeps_its_memory(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(), project_published()))
    before = process.owners.partition(0)
    await process.owners.lost(0, taken_away=True)
    await process.hears(*matcher.log.say(commitment_published()))
    await process.takes(0)
    assert process.owners.partition(0) is before
    assert [change for _, change in await matcher.changes()] == ["proposed"]


async def test_memory_that_missed_a_commit_is_loaded_again(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(), commitment_published()))
    (record,) = matcher.log.say(project_published())
    await process.batch("projects", 0, [record], tell_memory=False)
    with pytest.raises(StaleMemory):
        await process.hears(record)
    await process.owners.lost(0, taken_away=False)
    await process.takes(0)
    await process.hears(record)
    assert [change for _, change in await matcher.changes()] == ["proposed"]
    assert await matcher.differences() == []


async def test_memory_that_failed_to_follow_is_never_true_again(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails once the next batch has found it to be what the lease row says."""
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(), commitment_published()))
    has_begun, has_failed = threading.Event(), threading.Event()
    apply, heads_of = Partition.apply, heads.heads_of

    def fail_once(partition: Partition, plan: Plan, deferred: frozenset[OfferKey]) -> None:
        if "prj-a" not in plan.arrived:
            return apply(partition, plan, deferred)
        has_begun.wait(10)
        has_failed.set()
        raise MemoryError

    async def begun(connection: Connection, match_ids: Sequence[str]) -> dict[str, StoredHead]:
        has_begun.set()
        return await heads_of(connection, match_ids)

    monkeypatch.setattr(Partition, "apply", fail_once)
    first, second = matcher.log.say(project_published(), project_published(a_project("prj-c")))
    await process.hears(first)
    monkeypatch.setattr(heads, "heads_of", begun)
    with pytest.raises(StaleMemory):
        await process.hears(second)
    assert has_failed.is_set()
    assert await matcher.pool.fetchval("SELECT count(*) FROM projects") == 1
    before = process.owners.partition(0)
    await process.owners.lost(0, taken_away=False)
    await process.takes(0)
    assert process.owners.partition(0) is not before
    await process.hears(second)
    assert await process.owners.judge.compute(sorted, process.owners.partition(0).projects) == ["prj-a", "prj-c"]
    assert await matcher.differences() == []


async def test_a_plan_that_nobody_waits_for_any_more_ends_and_its_retry_goes_on(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection was lost while it was made."""
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(), commitment_published()))
    met: list[type[BaseException]] = []
    begun, plan_of = threading.Event(), aside.plan_of

    def plan_once_abandoned(*given: Any, check: Callable[[], None], **named: Any) -> Plan:
        if begun.is_set():
            return plan_of(*given, check=check, **named)
        begun.set()
        try:
            while True:
                check()
        except Exception as error:
            met.append(type(error))
            raise

    monkeypatch.setattr(judging, "SIGN_OF_LIFE_SECONDS", 0.05)
    monkeypatch.setattr(aside, "plan_of", plan_once_abandoned)
    hearing = asyncio.create_task(process.hears(*matcher.log.say(project_published())))
    await asyncio.to_thread(begun.wait, 10)
    await matcher.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle in transaction'"
    )
    async with asyncio.timeout(20):
        await hearing
    assert met == [Abandoned]
    assert [change for _, change in await matcher.changes()] == ["proposed"]


async def test_who_judges_by_other_rules_waits_until_nobody_works_by_the_first(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that judges otherwise cannot build beside the one at work: two rules never judge at the same time."""
    old = await matcher.process(0, 1)
    await old.hears(*matcher.log.say(day_started(), commitment_published(), project_published()))
    with monkeypatch.context() as other:
        other.setattr(owners, "RULES", "2")
        with pytest.raises(OtherRules, match=rf"by 2\.{READING}: stop every matcher"):
            await matcher.process()
    await old.hears(*matcher.log.say(project_published(a_project("prj-b"))))
    assert await matcher.pool.fetch("SELECT FROM leases WHERE epoch > 1") == []
    await old.owners.leave()
    monkeypatch.setattr(owners, "RULES", "2")
    monkeypatch.setattr(epochs, "RULES", "2")
    new = await matcher.process(0, 1, model="model-2")
    assert (new.owners.owned, new.owners.catalogue.model) == ([0, 1], "model-2")
    assert await matcher.pool.fetch("SELECT FROM leases WHERE model <> 'model-2'") == []
    assert await matcher.differences() == []


async def test_who_reads_models_otherwise_waits_but_has_nothing_judged_anew(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes of a model would give it other vectors; of the lists there are it makes the same."""
    old = await matcher.process(0, 1)
    await old.hears(*matcher.log.say(day_started(), commitment_published(), project_published()))
    monkeypatch.setattr(owners, "READING", "9")
    with pytest.raises(OtherRules, match=r"by 1\.9: stop every matcher"):
        await matcher.process()
    await old.owners.leave()
    new = await matcher.process(0, 1, model="model-2")
    async with matcher.pool.acquire() as connection:
        assert await models.epochs(connection) == Epochs(current=EPOCH, next="model-2")
        assert {lease.reflected.model for lease in await leases.all_leases(connection)} == {EPOCH}
    assert new.owners.catalogue.model == EPOCH
    assert await matcher.differences() == []


async def test_other_rules_under_the_same_name_of_a_model_are_judged_anew_too(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await matcher.process(0, 1)
    await old.hears(*matcher.log.say(day_started(), commitment_published(), project_published()))
    await old.owners.leave()
    monkeypatch.setattr(owners, "RULES", "2")
    monkeypatch.setattr(epochs, "RULES", "2")
    new = await matcher.process()
    async with matcher.pool.acquire() as connection:
        assert {lease.reflected.model for lease in await leases.all_leases(connection)} == {None}
    await new.takes(0, 1)
    assert await matcher.differences() == []


async def test_who_was_silent_for_long_owns_nothing_beside_other_rules(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await matcher.process(0, 1)
    await matcher.pool.execute("UPDATE matchers SET seen_at = seen_at - $1::interval", SILENCE)
    with monkeypatch.context() as other:
        other.setattr(owners, "RULES", "2")
        other.setattr(epochs, "RULES", "2")
        await matcher.process(0)
    with pytest.raises(OtherRules):
        await old.owners.enter()
    assert old.owners.owned == []
    await old.owners.retake()
    assert old.owners.owned == []


async def test_processes_of_the_same_rules_work_together(matcher: Stage) -> None:
    first, second = await matcher.process(0), await matcher.process(1)
    await first.owners.enter()
    await second.owners.enter()
    assert (first.owners.owned, second.owners.owned) == ([0], [1])
    assert await matcher.pool.fetchval("SELECT count(*) FROM matchers") == 2


async def test_a_project_and_an_offer_that_arrive_at_once_are_proposed_once(matcher: Stage) -> None:
    first, second = await matcher.process(0), await matcher.process(1)
    for process in (first, second):
        await process.hears(*matcher.log.say(day_started()))
    offer, *projects = matcher.log.say(
        commitment_published(), project_published(a_project("prj-a")), project_published(a_project("prj-b"))
    )
    await asyncio.gather(
        first.batch("commitments", 0, [offer]),
        second.batch("commitments", 0, [offer]),
        first.batch("projects", 0, [projects[0]]),
        second.batch("projects", 1, [projects[1]]),
    )
    said = await matcher.said()
    entered = [(each.project_id, side) for each in said for side in each.entered]
    assert sorted(entered) == [(key, side) for key in ("prj-a", "prj-b") for side in ("offer", "project")]
    assert await matcher.differences() == []


async def test_the_next_in_line_may_be_of_another_partition_and_in_no_list(matcher: Stage) -> None:
    first, second = await matcher.process(0), await matcher.process(1)
    angers = [{"level": "commune", "code": "49007"}]
    near = [commitment_published(a_commitment(f"eng-b{number:02}", perimeter=angers)) for number in range(20)]
    national = commitment_published(a_commitment(perimeter=[{"level": "national", "code": "FR"}]))
    offers = matcher.log.say(day_started(), national, *near)
    await first.hears(*offers)
    await second.hears(*offers)
    best = [project_published(a_project(f"prj-{letter}")) for letter in "acegikmoqsuwy"]
    best += [project_published(a_project(f"prj-y{letter}")) for letter in "acegikm"]
    await first.hears(*matcher.log.say(*best))
    await second.hears(*matcher.log.say(project_published(a_project("prj-zz", commune="49007"))))
    match_id = match_id_of("prj-zz", "commitment", "eng-a")
    assert match_id not in {each for each, _ in await matcher.changes()}
    await first.hears(*matcher.log.say(project_published(a_project("prj-a", status="retire"), version=2)))
    match = await matcher.match(match_id)
    assert (match.entered, match.project.commune_name) == (("offer",), "Angers")
    assert await matcher.differences() == []


async def test_a_version_is_merged_by_the_last_partition_that_judges_it(matcher: Stage) -> None:
    first, second = await matcher.process(0), await matcher.process(1)
    records = matcher.log.say(day_started(), commitment_published(), project_published())
    await first.hears(*records)
    assert [each.entered for each in await matcher.said()] == [("project",)]
    await second.hears(*records[:2])
    assert [each.entered for each in await matcher.said()] == [("project",), ("offer",)]


async def test_a_version_that_waits_long_is_merged_by_anybody(matcher: Stage) -> None:
    first = await matcher.process(0)
    await first.hears(*matcher.log.say(day_started(), commitment_published(), project_published()))
    assert [each.entered for each in await matcher.said()] == [("project",)]
    await matcher.pool.execute("UPDATE merged_lists SET pending_since = pending_since - $1::interval", PATIENCE)
    await first.whole.merge_waiting(utc_now() - PATIENCE)
    assert [each.entered for each in await matcher.said()] == [("project",), ("offer",)]


async def test_all_that_waits_long_is_merged_in_one_turn(matcher: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait, as after a switch: an audit's patience is twice that of a version that waits."""
    monkeypatch.setattr(whole, "MERGED_AT_ONCE", 2)
    first = await matcher.process(0)
    offers = [commitment_published(a_commitment(f"eng-{letter}")) for letter in "abcde"]
    await first.hears(*matcher.log.say(day_started(), *offers, project_published()))
    await matcher.pool.execute("UPDATE merged_lists SET pending_since = pending_since - $1::interval", PATIENCE)
    await first.whole.merge_waiting(utc_now() - PATIENCE)
    assert await matcher.pool.fetchval("SELECT count(*) FROM merged_lists WHERE pending_since IS NOT NULL") == 0
    assert await matcher.differences() == []


async def test_what_the_group_took_away_and_gave_back_is_taken_at_once(matcher: Stage) -> None:
    now = [0.0]
    first = await matcher.process(session_seconds=10, clock=lambda: now[0])
    await first.takes(0, 1)
    second = await matcher.process(0)
    await first.hears(*matcher.log.say(day_started(), commitment_published()))
    await first.owners.lost(0, taken_away=True)
    await second.owners.lost(0, taken_away=True)
    await first.takes(0)
    assert first.owners.owned == [0, 1]
    await first.hears(*matcher.log.say(project_published()))
    assert await matcher.differences() == []


async def test_memory_of_a_partition_long_elsewhere_is_dropped(matcher: Stage) -> None:
    now = [0.0]
    process = await matcher.process(clock=lambda: now[0])
    await process.takes(0, 1)
    await process.owners.lost(1, taken_away=True)
    now[0] = KEPT_ASIDE_SECONDS + 1
    await process.owners.retake()
    assert [partition.number for partition in process.owners.held] == [0]
