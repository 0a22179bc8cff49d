"""A next model for which the disk has no room takes none from the one at work, and is told again once there is some."""

import gc
import logging
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from errno import ENOSPC
from functools import partial
from unittest.mock import Mock

import pytest

from services.matcher import judging
from services.matcher.matching.bodies import InMemory
from services.matcher.matching.catalogue import Catalogue, preparation
from services.matcher.matching.project_shelf import ProjectShelf
from services.matcher.matching.shortlists import OfferKey
from shared.dead_letter import ask_replay
from shared.events.event import VERSION_HEADER
from shared.events.matches import match_id_of
from tests.compiled import compiled_indexes
from tests.deadline import eventually
from tests.factories import a_commitment, a_project, commitment_published, day_started, project_published
from tests.integration.matcher_stage import Process, Stage, stage

NEW = "model-2"
EARLY, LATER = 100.0, 1_000.0


def full(*_: object) -> OSError:
    """What a full disk says."""
    return OSError(ENOSPC, "No space left on device")


class Disk:
    """What bodies take, in pieces as `Spool` does, and room for so much; given back when nobody holds them."""

    def __init__(self) -> None:
        self.room, self.used, self.files = 10**9, 0, 0

    def file(self) -> "OnDisk":
        """One more file."""
        return OnDisk(self)

    def take(self, size: int) -> None:
        """Take room for a piece; raises `OSError`."""
        if self.used + size > self.room:
            raise full()
        self.used += size


class OnDisk(InMemory):
    """Bodies on such a disk."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._disk, self._mine = disk, [0]
        disk.files += 1
        weakref.finalize(self, _give_back, disk, self._mine)

    def put_all(self, bodies: Sequence[bytes]) -> list[int]:
        """Keep some pieces; raises `OSError`."""
        size = sum(-(-len(body) // 256) * 256 for body in bodies)
        self._disk.take(size)
        self._mine[0] += size
        return super().put_all(bodies)


def _give_back(disk: Disk, taken: list[int]) -> None:
    disk.files -= 1
    disk.used -= taken[0]


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


@pytest.fixture(autouse=True)
def _nothing_collected(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:  # type: ignore[misc]
    """A heap as big as that of a matcher is collected rarely. Slices are small."""
    monkeypatch.setattr(judging, "SLICE", 2)
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def on_disk(matcher: Stage, disk: Disk, *, clock: Callable[[], float] = lambda: EARLY) -> Process:
    """A process that owns all, with a hundred offers and some projects on this disk; a next model is asked for."""
    process = await matcher.process(0, 1, clock=clock)
    process.owners.judge.catalogue = Catalogue(preparation(), compiled_indexes(), disk.file)
    await process.owners.load_again()
    offers = [commitment_published(a_commitment(f"eng-{n:03}")) for n in range(100)]
    projects = [project_published(a_project(f"prj-{n}{letter}")) for n in range(5) for letter in "ab"]
    await process.hears(*matcher.log.say(day_started(), *offers, *projects))
    await matcher.process(model=NEW)
    return process


async def holds(disk: Disk, files: int) -> bool:
    """Whether there are so many files: a thread lets go of what it failed with a moment after it has said so."""
    return disk.files == files


async def finish(process: Process) -> None:
    """Step until there is nothing to do, and judge what was let go of."""
    while await process.epochs.step():
        pass
    await process.owners.retake()
    assert process.owners.owned == [0, 1]


async def test_after_a_switch_the_files_of_the_model_before_are_gone(matcher: Stage) -> None:
    """Decision 0015: « until it is done there are two files »."""
    disk = Disk()
    process = await on_disk(matcher, disk)
    files, used = disk.files, disk.used
    await finish(process)
    assert process.owners.catalogue.model == NEW
    assert (disk.files, disk.used) == (files, used)


async def test_a_next_model_without_room_keeps_none_from_the_one_at_work(matcher: Stage) -> None:
    """Operator's page: it waits, is told again after a pause that grows, and switches once there is room."""
    now, disk = [EARLY], Disk()
    process = await on_disk(matcher, disk, clock=lambda: now[0])
    disk.room = int(disk.used * 1.5)
    begun, pauses = disk.files, list[float]()
    for _ in range(6):
        before = process.epochs._not_before
        assert not await process.epochs.step()
        assert not await process.epochs.step()
        assert process.owners.judge.next is None
        await eventually(partial(holds, disk, begun))
        pauses.append(process.epochs._not_before - max(before, now[0]))
        now[0] = process.epochs._not_before
    assert pauses == sorted(pauses)
    assert any("the disk had no room" in note for note in process.epochs.notes())
    await process.hears(*matcher.log.say(commitment_published(a_commitment("eng-new"))))
    assert await matcher.differences() == []
    disk.room = 10**9
    await finish(process)
    assert process.owners.catalogue.model == NEW
    assert await matcher.differences() == []


async def test_what_a_next_model_holds_is_given_back_where_the_one_at_work_needs_it(matcher: Stage) -> None:
    """The disk may be full at any moment after the next model has taken room: its room is the first to be given."""
    now, disk = [EARLY], Disk()
    process = await on_disk(matcher, disk, clock=lambda: now[0])
    files = disk.files
    assert await process.epochs.step()
    disk.room = disk.used
    said = matcher.log.say(*(commitment_published(a_commitment(f"eng-{n:03}", title="Autre")) for n in range(200, 210)))
    with pytest.raises(OSError, match="No space"):
        await process.hears(*said)
    assert process.owners.judge.next is None
    await eventually(partial(holds, disk, files))
    await process.hears(*said)
    assert await matcher.differences() == []
    disk.room, now[0] = 10**9, LATER
    await finish(process)
    assert process.owners.catalogue.model == NEW
    assert await matcher.differences() == []


@pytest.mark.parametrize("tell", ["hear", "replay"])
async def test_what_the_next_model_could_not_take_in_is_judged_by_the_one_at_work(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch, tell: str
) -> None:
    """DESIGN §3: « No pair is missed »; nobody hands a replay over again, and the next model must hear of it too."""
    now = [EARLY]
    process = await matcher.process(0, 1, clock=lambda: now[0])
    await process.hears(*matcher.log.say(day_started(), project_published()))
    await matcher.process(model=NEW)
    assert await process.epochs.step()
    following = process.owners.judge.next
    assert following is not None
    for name in ("apply", "take_in"):
        monkeypatch.setattr(following, name, Mock(side_effect=full()))
    (record,) = matcher.log.say(commitment_published())
    if tell == "hear":
        await process.hears(record)
    else:
        monkeypatch.setattr(following, "apply", Mock())
        following.apply.return_value = process.owners.catalogue.take_in([])
        await replayed(matcher, process, replace(record, headers=()))
    assert process.owners.judge.next is None
    assert {match_id for match_id, _ in await matcher.changes()} == {match_id_of("prj-a", "commitment", "eng-a")}
    assert await matcher.differences() == []
    now[0] = LATER
    assert await process.epochs.step()
    following = process.owners.judge.next
    assert following is not None
    assert following.version_of(OfferKey("eng-a", "commitment")) == 1
    await finish(process)
    assert process.owners.catalogue.model == NEW
    assert await matcher.differences() == []


async def replayed(matcher: Stage, process: Process, record: object) -> None:
    """A record that lacked its header is mended and replayed."""
    await process.hears(record)  # type: ignore[arg-type]
    values = [VERSION_HEADER], [b"1"]
    await matcher.pool.execute("UPDATE dead_letters SET header_names = $1, header_values = $2", *values)
    async with matcher.pool.acquire() as connection:
        assert await ask_replay(connection, topic="commitments") == 1
    await process.whole.replay()
    await process.whole.hear_replayed()


@pytest.mark.parametrize("built", [0, 1, 99], ids=["the first slice", "a later slice", "what is heard afterwards"])
async def test_a_partition_aside_without_room_keeps_the_partition(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch, built: int
) -> None:
    """The owner of a partition keeps it, and its memory, where only what is built aside of it has no room."""
    now, disk = [EARLY], Disk()
    process = await on_disk(matcher, disk, clock=lambda: now[0])
    held, put = process.owners.held, ProjectShelf.put
    at_work = {id(each.projects) for each in held}

    def put_at_work(shelf: ProjectShelf, *args: object) -> None:
        if id(shelf) not in at_work:
            raise full()
        put(shelf, *args)  # type: ignore[arg-type]

    assert await process.epochs.step()
    for _ in range(built):
        if all(each.aside and each.aside.is_built for each in held):
            break
        assert await process.epochs.step()
    with monkeypatch.context() as patch:
        patch.setattr(ProjectShelf, "put", put_at_work)
        if built < 99:
            assert await process.epochs.step()
        await process.hears(*matcher.log.say(project_published(a_project("prj-newa")), *commitments(150)))
        assert process.owners.judge.next is None
        assert not await process.epochs.step()
    assert process.owners.owned == [0, 1]
    assert [(each.is_lost, each.aside) for each in held] == [(False, None)] * 2
    assert all(a is b for a, b in zip(process.owners.held, held, strict=True))
    assert await matcher.differences() == []
    now[0] = LATER
    await finish(process)
    assert process.owners.catalogue.model == NEW
    assert await matcher.differences() == []


def commitments(number: int) -> list[object]:
    """An offer that was never heard."""
    return [commitment_published(a_commitment(f"eng-{number}"))]


async def test_a_partition_that_lost_its_memory_needs_no_room_for_two(
    matcher: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Operator's page: « goes on once there is » room, if only for what the partition holds."""
    disk = Disk()
    # A record of the failure, which pytest keeps, would hold all that this passed through.
    caplog.set_level(logging.CRITICAL, "services.matcher.matching.aside")
    process = await matcher.process(0, 1)
    process.owners.judge.catalogue = Catalogue(preparation(), compiled_indexes(), disk.file)
    await process.owners.load_again()
    offers = [commitment_published(a_commitment(f"eng-{number}")) for number in range(3)]
    projects = [project_published(a_project(f"prj-{number}")) for number in range(40)]
    await process.hears(*matcher.log.say(day_started(), *offers, *projects))
    await process.owners.judge.compute(int)
    disk.room = disk.used
    await process.hears(*matcher.log.say(project_published(a_project("prj-more"))))
    await process.owners.judge.compute(int)
    assert [partition.is_lost for partition in process.owners.held].count(True) == 1
    for number in (0, 1):
        await process.owners.lost(number, taken_away=False)
    disk.room += 10 * 1_280
    for number in (0, 1):
        await process.owners.taken(number)
    assert process.owners.owned == [0, 1]
    assert await matcher.differences() == []
