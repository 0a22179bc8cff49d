"""A partition that loads packed projects is the one that heard each; what is not whole is read as JSON."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, timedelta
from errno import ENOSPC

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.loading import Stored, partition_from
from services.matcher.matching.bodies import Bodies, InMemory
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.heard import row_of
from services.matcher.matching.index.layout import SLOTS, Numbers, project_row
from services.matcher.matching.index.packed import are_whole, unpack
from services.matcher.matching.index.packed_project_records import Known, project_records
from services.matcher.matching.index.packed_projects import PROJECT, SPOT, pack_project, spot_in, spot_of
from services.matcher.matching.index.records import SEVERAL, project_brief
from services.matcher.matching.index.records import project_records as records_of
from services.matcher.matching.laid import Gathering
from services.matcher.matching.model import PreparedProject
from services.matcher.matching.partitions import Arrival, Delivered, Partition, Plan
from services.matcher.matching.plans import plan_of
from services.matcher.matching.project_shelf import HeardProject, ProjectShelf, body_of
from services.matcher.matching.rows import ProjectRow
from services.matcher.matching.shortlists import OfferKey
from services.matcher.spool import Spool
from services.matcher.store.leases import Lease, Reflected
from shared.events.event import Event
from shared.received import Received
from tests.factories import (
    a_commitment,
    a_fund,
    a_territory,
    commitment_published,
    day_started,
    fund_published,
    territory_published,
)
from tests.unit.matcher.judged import DAY, PREPARATION, RULE, project, projects

PROJECTS = [
    project("prj-a"),
    project("prj-b", deadline=DAY, challenge_id=None),
    project("prj-c", commune="59350", challenge_id=None, perimeter=[{"level": "departement", "code": "44"}]),
    project("prj-d", status="clos", deadline=DAY + timedelta(days=9)),
]
PARIS = {"level": "commune", "code": "75056"}
LABELLED = OfferKey("fds-l", "fund")
ENDS = {"territories": {0: 9}, "commitments": {0: 9}, "days": {0: 9}}


def catalogue(bodies: Bodies | None = None) -> Catalogue:
    """A day, a territory and a few commitments, as a process has heard them."""
    made = Catalogue(PREPARATION, bodies=InMemory if bodies is None else lambda: bodies)
    made.restore((), ENDS)
    hear(made, day_started(), territory_published(a_territory()))
    hear(made, *(commitment_published(a_commitment(f"eng-{number}")) for number in range(3)))
    return made


def hear(catalogue: Catalogue, *events: Event) -> None:
    for event in events:
        catalogue.take_in([row_of(Received(event.topic, 0, 0, event.key, event.version, event, 1_000), 0)])


def stored(catalogue: Catalogue) -> list[ProjectRow]:
    """What a matcher stored of the projects, and of an erased one."""
    rows = [
        ProjectRow(each.id, 0, 3, body_of(each.project), pack_project(each, 3), catalogue.packed_as)
        for each in PROJECTS
    ]
    return [*rows, ProjectRow("prj-e", 0, 7, None)]


def loaded(catalogue: Catalogue, rows: Sequence[ProjectRow], *, is_judged: bool = True) -> Partition:
    """The partition that a start makes of these rows, with lists that reflect all that was heard, or nothing."""
    reflected = Reflected(catalogue.model, catalogue.day, ENDS) if is_judged else Reflected()
    lease = Lease(0, 1, "process", "", 1, reflected)
    return partition_from(catalogue, lease, Stored(list(rows), Gathering(), Gathering(), []))


def same(one: PreparedProject | None, other: PreparedProject | None) -> bool:
    """Whether all that judging reads of both is the same."""
    assert one is not None
    assert other is not None
    values = [
        {field.name: getattr(each, field.name) for field in fields(PreparedProject) if field.name != "vector"}
        for each in (one, other)
    ]
    texts = [
        (each.indices.tolist(), each.weights.tolist(), each.norm, each.norm_sq, each.words, each.own_words)
        for each in (one.vector, other.vector)
    ]
    return values[0] == values[1] and texts[0] == texts[1]


@settings(RULE, max_examples=25)
@given(st.lists(projects(), min_size=1, max_size=3))
def test_a_project_that_was_packed_is_the_one_that_was_prepared(given: list[PreparedProject]) -> None:
    """DESIGN §5: « Entities are also stored packed (validated, vectorised, epoch named) »: nothing is lost of them."""
    shelf = ProjectShelf(PREPARATION, "packed", Spool())
    rows = [
        ProjectRow(f"prj-{number}", 0, 7, body_of(each.project), pack_project(each, 7))
        for number, each in enumerate(given)
    ]
    packed = [row.packed or b"" for row in rows]
    labelled = shelf.load(rows, unpack(packed, PROJECT), PREPARATION.located)
    for number, each in enumerate(given):
        assert same(shelf.prepared(f"prj-{number}"), each)
        assert shelf.packed_of(f"prj-{number}") == packed[number]
    assert labelled.tolist() == [bool(each.labelled) for each in given]
    assert are_whole([(packed[0], 7), (packed[0], 8), (packed[0][:-1], 7)], PROJECT) == [True, False, False]


@settings(RULE, max_examples=25)
@given(projects(), st.integers(0, 2))
def test_records_made_at_once_are_those_made_of_each(project: PreparedProject, theme: int) -> None:
    """DESIGN §5: « exact: same top 20 »; what is filed of a project must not depend on how it was loaded."""
    unpacked, values = unpack([pack_project(project, 7)] * 2, PROJECT), project_row(project, Numbers())
    assert spot_in(unpacked.names[1][SPOT]) == spot_of(project)
    assert unpacked.heads["theme_worth"].tolist() == [values["theme_worth"].tolist()] * 2
    many = np.full(2, len(project.place.units))
    known = Known(
        np.array([3, 4], np.int32),
        many,
        np.full(2, theme),
        np.full(2, values["challenge"], np.int32),
        np.full(2, bool(project.labelled)),
        np.full(2, 9, np.uint64),
    )
    records, briefs = project_records(unpacked.heads, known)
    flags = SEVERAL if many[0] > 1 else 0
    for place, row in enumerate((3, 4)):
        expected = dict(records_of(row, values, flags, theme, 9))
        assert np.flatnonzero(unpacked.heads["asked"][place]).tolist() == sorted(expected)
        assert {slot: tuple(records[place, slot].tolist()) for slot in expected} == expected
        assert {slot: briefs[place, slot] for slot in expected} == {
            slot: project_brief(values, slot, theme) for slot in expected
        }
    assert records.shape == briefs.shape == (2, SLOTS)


def test_a_partition_loaded_from_packed_rows_plans_what_one_that_heard_each_does() -> None:
    """Issue: « Cold start […] from packed rows, without re-ranking »; a new day and a new territory find the same."""
    plans: list[list[Plan]] = []
    for keep in (lambda row: row, lambda row: row._replace(packed=None)):
        heard = catalogue()
        partition = loaded(heard, [keep(row) for row in stored(heard)])
        assert list(partition.projects) == [*(each.id for each in PROJECTS), "prj-e"]
        assert [partition.projects.version_of(each) for each in partition.projects] == [3, 3, 3, 3, 7]
        found = [plan(loaded(heard, [keep(row) for row in stored(heard)], is_judged=False), heard)]
        found.append(plan(partition, heard))
        hear(heard, day_started(DAY + timedelta(days=1), version=2))
        found.append(plan(partition, heard))
        moving = a_territory("ter-new", status="labellise", perimeter=[{"level": "commune", "code": "59350"}])
        hear(heard, territory_published(moving))
        found.append(plan(partition, heard, prj_e=Arrival(8, PROJECTS[0].project)))
        labelled = a_fund("fds-l", labelled_territories_only=True, ticket_eur=None)
        hear(heard, fund_published(labelled))
        partition.note(frozenset({LABELLED}), heard.sequence)
        found.append(plan(partition, heard))
        plans.append(found)
    packed, read = plans
    assert [sorted(each.changed_projects) for each in packed[1:4]] == [[], ["prj-b"], ["prj-c", "prj-e"]]
    assert len(packed[0].project_lists["prj-a"]) == len(packed[0].offer_lists) == 3
    assert [rank.project_id for rank in packed[4].offer_lists[LABELLED]] == ["prj-c"]
    for one, other in zip(packed, read, strict=True):
        assert (one.project_lists, one.offer_lists, one.versions) == (
            other.project_lists,
            other.offer_lists,
            other.versions,
        )
        assert one.arrived == other.arrived
    for key, held in packed[3].changed_projects.items():
        assert same(held.prepared, read[3].changed_projects[key].prepared)


def plan(partition: Partition, catalogue: Catalogue, **arrived: Arrival) -> Plan:
    """What the partition must become; it has."""
    named = {key.replace("_", "-"): each for key, each in arrived.items()}
    made = plan_of(partition, catalogue, Delivered(named), check=lambda: None)
    partition.apply(made, frozenset())
    return made


def test_a_day_and_a_territory_make_ready_those_alone_that_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan walks all projects by what memory holds of each: else each midnight would parse all JSON."""
    heard = catalogue()
    partition = loaded(heard, stored(heard))
    asked: set[str] = set()
    prepared = ProjectShelf.prepared
    monkeypatch.setattr(ProjectShelf, "prepared", lambda self, *args: asked.add(args[0]) or prepared(self, *args))
    plan(partition, heard)
    hear(heard, day_started(DAY + timedelta(days=1), version=2))
    hear(heard, territory_published(a_territory("ter-new", perimeter=[PARIS])))
    plan(partition, heard)
    assert asked == {"prj-b"}


def test_a_project_is_held_where_it_was_judged_until_it_is_moved() -> None:
    """Lists are of the territories that were heard when they were judged: else nobody would see what moved."""
    heard = catalogue()
    partition = loaded(heard, stored(heard))
    before = partition.projects.prepared("prj-a")
    renamed = a_territory(name="Un autre nom", status="candidat", version=2)
    hear(heard, territory_published(renamed, version=2))
    held = partition.projects.prepared("prj-a")
    assert same(held, before)
    plan(partition, heard)
    moved, expected = partition.projects.prepared("prj-a"), heard.preparation.project(PROJECTS[0].project)
    assert same(moved, expected)
    assert not same(moved, before)


def test_an_erased_project_is_nowhere_for_a_territory_to_move() -> None:
    """DESIGN §2: of what is erased the version stays, and nothing that a plan could read."""
    heard = catalogue()
    partition = loaded(heard, stored(heard)[-1:])
    hear(heard, territory_published(a_territory("ter-new")), day_started(DAY + timedelta(days=1), version=2))
    made = plan(partition, heard, prj_f=Arrival(1, None))
    assert list(made.changed_projects) == ["prj-f"]
    assert dict.fromkeys(partition.projects) == {"prj-e": None, "prj-f": None}


def test_what_was_packed_otherwise_or_damaged_is_read_as_json() -> None:
    """A new model or release works, slower the first time; so does a damaged row. All of it is to be packed anew."""
    heard = catalogue()
    [first, second, third, fourth, erased] = stored(heard)
    damaged = (third.packed or b"")[:-1]
    rows = [
        first._replace(packed_as="of/before"),
        second._replace(packed=None, packed_as=None),
        third._replace(packed=damaged),
        fourth,
        erased._replace(packed=first.packed, packed_as=first.packed_as),
    ]
    partition = loaded(heard, rows)
    assert partition.unpacked == ["prj-a", "prj-b", "prj-c"]
    for row, each in zip(stored(heard), PROJECTS, strict=False):
        assert partition.projects.packed_of(each.id) == row.packed
        assert same(partition.projects.prepared(each.id), heard.preparation.project(each.project))
    assert partition.projects.prepared("prj-e") is None
    assert partition.projects.said("prj-e") is None


@pytest.mark.parametrize("later", [None, project("prj-z")])
def test_what_is_erased_or_replaced_stays_in_no_file(later: PreparedProject | None) -> None:
    """DESIGN §2: every service purges what was erased; bytes hold the words of a text that the model does not know."""
    spool = Spool()
    shelf = ProjectShelf(PREPARATION, "packed", spool)
    shelf.put("prj-z", HeardProject(1, project("prj-z", title="Projet Zorglub")))
    assert spool.get(0, 1 << 20).lower().count(b"zorglub") == 2
    shelf.put("prj-z", HeardProject(2, later))
    assert b"zorglub" not in spool.get(0, 1 << 20).lower()
    assert (shelf.version_of("prj-z"), shelf.live(), shelf.is_live("prj-z")) == (2, bool(later), later is not None)


class Full(InMemory):
    """A disk without room."""

    def put_all(self, bodies: Sequence[bytes]) -> list[int]:
        raise OSError(ENOSPC, "No space left on device")


def test_a_full_disk_changes_nothing_of_what_is_held() -> None:
    """DESIGN §3: what could not be kept is heard again once there is room, by who loads the partition again."""
    shelf = ProjectShelf(PREPARATION, "packed", Full())
    heard = HeardProject(1, PROJECTS[0])
    with pytest.raises(OSError, match="No space"):
        shelf.put("prj-a", heard)
    row = ProjectRow("prj-a", 0, 1, heard.body, heard.packed)
    with pytest.raises(OSError, match="No space"):
        shelf.load([row], unpack([heard.packed or b""], PROJECT), PREPARATION.located)
    assert len(shelf) == 0
    assert "prj-a" not in shelf
    assert shelf.closed_between(None, date(2026, 12, 1)) == []
