"""A new model is a new epoch: lists are built aside while events go on, and one transaction switches to them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.matcher import epochs, judging
from services.matcher.audit import Difference
from services.matcher.judging import LeaseLost, StaleMemory
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.heard import News
from services.matcher.matching.merging import PATIENCE
from services.matcher.matching.shortlists import OfferKey
from services.matcher.owners import OtherModel
from services.matcher.store import models
from shared.clock import utc_now
from shared.database import in_transaction
from shared.events.entities import CommitmentPublished, ProjectPublished
from shared.events.people import AnswerGiven
from shared.received import Received
from shared.text.model import load_text_model
from tests.deadline import wait_until
from tests.factories import (
    a_commitment,
    a_project,
    answer_given,
    commitment_published,
    day_started,
    project_published,
)
from tests.integration.matcher_stage import Process, Record, Stage, other_model, stage

OLD = load_text_model().epoch
NEW = "model-2"
TEXTS = (
    "Une épicerie solidaire dans le quartier",
    "Ateliers de réparation de vélos et mobilité douce",
    "Un jardin partagé, du compost et des repas pour les aînés",
    "Logement des jeunes, numérique et accompagnement vers l'emploi",
    "Collecte des déchets et recyclerie de quartier",
)


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight projects at once: nine steps lie between the first and the last, three of them for each partition."""
    monkeypatch.setattr(judging, "SLICE", 8)


def project(number: int, version: int = 1) -> ProjectPublished:
    """A project of a text of its own, on either partition by its number."""
    text = f"{TEXTS[number % 5]}. {TEXTS[(number + version) % 5]}"
    name = f"prj-{number:02}{'ab'[number % 2]}"
    return project_published(a_project(name, title=TEXTS[(number + version) % 5], summary=text), version=version)


def offer(number: int, version: int = 1) -> CommitmentPublished:
    """An offer of a text of its own."""
    text = f"{TEXTS[(number + version) % 5]}. {TEXTS[(number * 2 + 1) % 5]}"
    return commitment_published(a_commitment(f"eng-{number:02}", title=text[:60], description=text), version=version)


def entities(stage: Stage) -> list[Record]:
    """A day, more projects and offers than lists hold."""
    return stage.log.say(day_started(), *(offer(n) for n in range(24)), *(project(n) for n in range(44)))


async def lists_of(stage: Stage) -> set[str]:
    """The models of which lists are, as the leases say."""
    rows = await stage.pool.fetch("SELECT DISTINCT model FROM leases")
    return {row["model"] for row in rows}


async def list_differences(stage: Stage) -> list[Difference]:
    """What the stored lists are not of the one model at work; also asserts that all leases name one model."""
    assert len(await lists_of(stage)) == 1
    return [each for each in await stage.differences() if each.what.endswith("list")]


async def step(process: Process) -> bool:
    """One step of a process, which may find that others went on meanwhile."""
    try:
        return await process.epochs.step()
    except (LeaseLost, StaleMemory):
        return True


async def finish(*processes: Process) -> None:
    """Step until nobody has anything to do, and merge what waits."""
    while any([await step(process) for process in processes]):
        pass
    for process in processes:
        await process.owners.retake()
    for process in processes:
        await process.whole.merge_waiting(utc_now() + PATIENCE)


async def answer_to(stage: Stage, project_id: str, answer: str, place: int = 0) -> AnswerGiven:
    """What its owner says of one of a project's matches."""
    ids = sorted({match_id for match_id, _ in await stage.changes() if match_id.startswith(f"{project_id}~")})
    _, offer_type, offer_id = ids[place].split("~")
    return answer_given(answer, match_id=ids[place], project_id=project_id, offer_type=offer_type, offer_id=offer_id)


async def events(stage: Stage) -> list[list[Record]]:
    """What arrives between steps: projects new, changed and erased, offers, answers, a day."""
    say = stage.log.say
    answers = [await answer_to(stage, name, "declined") for name in ("prj-02a", "prj-43b", "prj-03b")]
    return [
        say(project(2, 2), project(44)),
        say(answers[0], answers[1]),
        say(offer(3, 2)),
        [stage.log.erase("projects", "prj-05b", 2)],
        say(answers[2]),
        say(offer(30)),
        say(day_started(day_started().day + timedelta(days=1))),
        [stage.log.erase("commitments", "eng-07", 2)],
        say(project(1, 3), project(45), project(46)),
        say(offer(3, 3), project(44, 2)),
    ]


async def hear(records: list[Record], *processes: Process) -> None:
    """Whole topics are heard by all, a partition's records by its owner; who was stale loads again, as streams do."""
    for record in records:
        for process in processes:
            if record.topic in {"projects", "answers"} and record.partition not in process.owners.owned:
                continue
            try:
                await process.hears(record)
            except (LeaseLost, StaleMemory):
                await process.owners.lost(record.partition, taken_away=False)
                await step(process)
                await process.takes(record.partition)
                await process.hears(record)
    for process in processes:
        if not process.owners.owned:
            await step(process)


async def test_lists_switch_at_once_while_events_go_on(matcher: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are built aside, in the background; one transaction switches, so that lists never mix two models."""
    monkeypatch.setattr(judging, "SLICE", 4)
    old = await matcher.process(0, 1)
    await old.hears(*entities(matcher))
    new = await matcher.process(model=NEW)
    assert (new.owners.catalogue.model, await lists_of(matcher)) == (OLD, {OLD})
    waiting, seen = await events(matcher), [OLD]
    while await step(old):
        assert await list_differences(matcher) == []
        seen += await lists_of(matcher)
        if waiting:
            await hear(waiting.pop(0), old, new)
            assert await list_differences(matcher) == []
    assert (waiting, list(dict.fromkeys(seen))) == ([], [OLD, NEW])
    await finish(old, new)
    assert await matcher.differences() == []
    assert new.owners.catalogue.model == NEW
    assert await matcher.pool.fetchval("SELECT count(*) FROM next_project_lists") == 0


async def test_a_second_model_changes_lists(matcher: Stage) -> None:
    """The two models of these tests do not agree: otherwise nothing would be proven."""
    old = await matcher.process(0, 1)
    await old.hears(*entities(matcher))
    before = await matcher.pool.fetch("SELECT * FROM project_lists ORDER BY project_id")
    await matcher.process(model=NEW)
    await finish(old)
    after = await matcher.pool.fetch("SELECT * FROM project_lists ORDER BY project_id")
    assert [row["offer_ids"] for row in before] != [row["offer_ids"] for row in after]


async def test_history_names_both_models_and_answered_matches_keep_their_state(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*entities(matcher))
    answer = await answer_to(matcher, "prj-02a", "interested")
    await process.hears(*matcher.log.say(answer))
    told = len(await matcher.said())
    await matcher.process(model=NEW)
    await finish(process)
    since = [each for each in (await matcher.said())[told:] if not isinstance(each, str)]
    revised = [each for each in since if each.change == "revised"]
    assert revised
    for match in revised:
        assert (match.cause, match.entered) == ("model", ())
        assert (match.history[-1].model, match.history[-1].previous_model) == (NEW, OLD)
    assert (await matcher.match(answer.match_id)).state == "interested"


@pytest.mark.parametrize("cut", range(10))
async def test_another_process_goes_on_wherever_one_is_cut(matcher: Stage, cut: int) -> None:
    """Killed between any two steps: another takes over, builds what it must, and switches; nothing is lost."""
    first = await matcher.process(0, 1)
    await first.hears(*entities(matcher))
    await in_transaction(matcher.pool, lambda connection: models.bring(connection, _brought(NEW)))
    for _ in range(cut):
        await step(first)
    first.close()
    second = await matcher.process(0, 1)
    await hear(matcher.log.say(project(2, 2), offer(40)), second)
    await finish(second)
    assert await lists_of(matcher) == {NEW}
    assert await matcher.differences() == []
    said = [each for each in await matcher.said() if not isinstance(each, str)]
    assert len({(each.match_id, each.version) for each in said}) == len(said)


async def test_what_is_heard_while_a_process_turns_to_the_next_model_is_told_to_it(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing heard is lost: an offer is being told to the catalogue before while the process turns to the next."""
    process = await matcher.process(0, 1)
    await process.hears(*entities(matcher))
    await matcher.process(model=NEW)
    while await lists_of(matcher) == {OLD}:
        await step(process)
    judge, told, asked, may_end = process.owners.judge, threading.Event(), list[object](), threading.Event()
    apply, compute = Catalogue.apply, judge.compute

    def slow(catalogue: Catalogue, records: Sequence[Received], place: tuple[str, int, int]) -> News:
        news = apply(catalogue, records, place)
        told.set()
        assert may_end.wait(30)
        return news

    async def counted(work: Callable[..., Any], *args: Any) -> Any:
        asked.append(work)
        return await compute(work, *args)

    monkeypatch.setattr(Catalogue, "apply", slow)
    monkeypatch.setattr(judge, "compute", counted)
    hearing = asyncio.create_task(process.hears(*matcher.log.say(offer(50))))
    await asyncio.to_thread(wait_until, told.is_set)
    turning = asyncio.create_task(process.epochs.step())
    await asyncio.to_thread(wait_until, lambda: judge.catalogue.model == NEW or len(asked) > 1)
    may_end.set()
    await asyncio.gather(hearing, turning)
    assert process.owners.catalogue.heard_of(OfferKey("eng-50", "commitment")) is not None
    await finish(process)
    assert await matcher.differences() == []


async def test_a_partition_that_another_took_keeps_no_other_from_being_built(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*entities(matcher))
    await matcher.process(model=NEW)
    await matcher.pool.execute("UPDATE leases SET epoch = epoch + 1, owner = 'other' WHERE partition = 0")
    while await process.epochs.step():
        pass
    assert (process.owners.owned, await lists_of(matcher)) == ([1], {OLD})
    assert "1 of 2 partitions are ready, 22 of 22 projects here" in process.epochs.notes()[0]


async def test_a_partition_whose_memory_is_lost_is_loaded_again_and_built(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*entities(matcher))
    await matcher.process(model=NEW)
    process.owners.partition(0).is_lost = True
    while await process.epochs.step():
        pass
    assert (process.owners.owned, await lists_of(matcher)) == ([1], {OLD})
    await process.owners.retake()
    await finish(process)
    assert await lists_of(matcher) == {NEW}
    assert await matcher.differences() == []


async def test_a_partition_taken_while_all_are_loaded_again_is_taken_later(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory, found true, is of the model before and was let go of while the taking waited."""
    process = await matcher.process(0)
    await process.hears(*entities(matcher)[:1])
    again: list[asyncio.Task[None]] = []

    async def meanwhile(*_: object) -> None:
        monkeypatch.undo()
        again.append(asyncio.create_task(process.owners.load_again()))
        await asyncio.sleep(0)

    await process.owners.lost(0, taken_away=False)
    monkeypatch.setattr(process.owners, "_read_to", meanwhile)
    with pytest.raises(OtherModel):
        await process.takes(0)
    await asyncio.gather(*again)
    assert process.owners.owned == [0]


async def test_an_outage_is_said_a_few_times_only(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    process = await matcher.process()
    turns, enough = list[int](), asyncio.Event()

    async def away() -> bool:
        turns.append(len(turns))
        if len(turns) > 30:
            enough.set()
            await asyncio.Event().wait()
        raise ConnectionRefusedError

    monkeypatch.setattr(process.epochs, "step", away)
    monkeypatch.setattr(epochs, "IDLE_SECONDS", 0)
    running = asyncio.create_task(process.epochs.run())
    await asyncio.wait_for(enough.wait(), 30)
    running.cancel()
    said = [record for record in caplog.records if "the next model waits" in record.message]
    assert [record.__dict__["turns"] for record in said] == [1, 2, 3, 10, 20, 30]


async def test_two_processes_build_their_partitions_and_one_switches(matcher: Stage) -> None:
    first, second = await matcher.process(0), await matcher.process(1)
    await hear(entities(matcher), first, second)
    await matcher.process(model=NEW)
    await finish(first)
    assert await lists_of(matcher) == {OLD}
    assert "1 of 2 partitions are ready, 22 of 22 projects here" in first.epochs.notes()[0]
    before = await matcher.pool.fetchval("SELECT sum(revision) FROM leases")
    while await lists_of(matcher) == {OLD}:
        await asyncio.gather(step(first), step(second))
    assert await matcher.pool.fetchval("SELECT sum(revision) FROM leases") >= before + 2
    await hear(matcher.log.say(project(2, 2), project(3, 2), offer(41)), first, second)
    await finish(first, second)
    assert (first.epochs.notes(), second.epochs.notes()) == (
        [f"this matcher carries model {OLD}, which is past: it scores by {NEW}, as all do"],
    ) * 2
    assert await matcher.differences() == []


async def test_a_partition_that_moved_without_its_next_lists_holds_the_switch_back(matcher: Stage) -> None:
    """What a process judged that builds nothing is in no next list: they are built again before the switch."""
    first = await matcher.process(0, 1)
    await first.hears(*entities(matcher))
    await matcher.process(model=NEW)
    while not all([row["next_revision"] for row in await matcher.pool.fetch("SELECT next_revision FROM leases")]):
        await step(first)
    second = await matcher.process(0)
    await hear(matcher.log.say(project(2, 2)), second)
    assert not await in_transaction(matcher.pool, lambda connection: models.switch(connection, 2))
    await finish(first, second)
    assert await lists_of(matcher) == {NEW}
    assert await matcher.differences() == []


async def test_merges_wait_while_heads_of_a_partition_are_behind(matcher: Stage) -> None:
    """Otherwise a match would be withdrawn, or proposed, by marks of the model before."""
    first, second = await matcher.process(0), await matcher.process(1)
    await hear(entities(matcher), first, second)
    await matcher.process(model=NEW)
    while await lists_of(matcher) == {OLD}:
        await step(first)
        if await lists_of(matcher) == {OLD}:
            await step(second)
    while await matcher.pool.fetchval("SELECT heads_behind FROM leases WHERE partition = 0"):
        await step(first)
    told = len(await matcher.said())
    await hear(matcher.log.say(*(project(n, 2) for n in range(0, 44, 2))), first)
    foreign = [each for each in (await matcher.said())[told:] if not isinstance(each, str)]
    assert {each.project_id[-1] for each in foreign} == {"a"}
    first.close()
    third = await matcher.process(0)
    await finish(second, third)
    assert await matcher.differences() == []


async def test_a_late_process_of_the_model_before_starts_nothing_and_says_what_is_so(matcher: Stage) -> None:
    old = await matcher.process(0, 1)
    await old.hears(*entities(matcher))
    await matcher.process(model=NEW)
    await finish(old)
    late = await matcher.process(0, 1)
    await finish(late)
    assert (late.owners.catalogue.model, await lists_of(matcher)) == (NEW, {NEW})
    assert late.epochs.notes() == [f"this matcher carries model {OLD}, which is past: it scores by {NEW}, as all do"]
    assert await matcher.differences() == []


async def test_a_step_back_is_an_epoch_as_any_other_once_it_is_asked_for(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*entities(matcher))
    before = await matcher.pool.fetch("SELECT * FROM project_lists ORDER BY project_id")
    await matcher.process(model=NEW)
    await finish(process)
    assert await in_transaction(matcher.pool, lambda connection: models.ask(connection, OLD))
    await finish(process)
    assert await lists_of(matcher) == {OLD}
    assert await matcher.differences() == []
    assert await matcher.pool.fetch("SELECT * FROM project_lists ORDER BY project_id") == before


async def test_what_is_built_is_given_up_when_it_is_asked_for(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*entities(matcher))
    await matcher.process(model=NEW)
    for _ in range(5):
        await step(process)
    assert await in_transaction(matcher.pool, lambda connection: models.ask(connection, OLD))
    assert not await in_transaction(matcher.pool, lambda connection: models.ask(connection, "unknown"))
    await finish(process)
    assert (process.epochs.notes(), await lists_of(matcher)) == ([], {OLD})
    assert await matcher.differences() == []


def _brought(name: str) -> models.Model:
    return models.Model(name, other_model(name).to_bytes(), epochs.RULES)
