"""Who lets go of a catalogue, a partition or an index has its room back at once, not when Python next collects."""

import gc
import os
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from services.matcher.loading import Stored, partition_from
from services.matcher.matching.aside import begun, judge_slice
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.index import PLAIN, Indexes
from services.matcher.matching.laid import Gathering
from services.matcher.matching.partitions import Arrival, Delivered
from services.matcher.matching.plans import plan_of
from services.matcher.matching.rows import WholeRow
from services.matcher.spool import Spool
from services.matcher.store.leases import Lease, Reflected
from tests.compiled import compiled_indexes
from tests.factories import a_fund, a_project
from tests.unit.matcher.judged import DAY, PREPARATION


@pytest.fixture(autouse=True)
def _nothing_collected() -> Iterator[None]:
    """A heap as big as that of a matcher is collected rarely."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def open_files() -> int:
    """How many files of matchers this process has open."""
    found = 0
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found += "essaim-matcher-" in os.readlink(f"/proc/self/fd/{descriptor}")
    return found


def heard(indexes: Indexes) -> Catalogue:
    """A catalogue of some funds, on disk."""
    made = Catalogue(PREPARATION, indexes, Spool)
    funds = [a_fund(f"fds-{n}") for n in range(50)]
    made.take_in([WholeRow("funds", each.fund_id, 1, 1, 1, each.model_dump_json().encode()) for each in funds])
    made.day = DAY
    return made


@pytest.mark.parametrize("indexes", [PLAIN, compiled_indexes()], ids=["plain", "compiled"])
def test_a_catalogue_that_is_let_go_of_leaves_no_file(indexes: Indexes) -> None:
    """Decision 0015: « until it is done there are two files »; a start or a switch may be tried many times."""
    before = open_files()
    for _ in range(3):
        index = weakref.ref((made := heard(indexes)).index)
        made.loaded()
        del made
        assert index() is None
    assert open_files() == before


@pytest.mark.parametrize("indexes", [PLAIN, compiled_indexes()], ids=["plain", "compiled"])
def test_a_partition_that_is_let_go_of_leaves_no_file(indexes: Indexes) -> None:
    """The same of its projects, and of what the next model made of them."""
    before, catalogue = open_files(), heard(indexes)
    nothing = Gathering()
    lease = Lease(0, 1, "owner", "http://owner", 1, Reflected())
    made = partition_from(catalogue, lease, Stored([], nothing, nothing, []))
    arrived = {f"prj-{n}": Arrival(1, a_project(f"prj-{n}")) for n in range(9)}
    made.apply(plan_of(made, catalogue, Delivered(arrived), check=lambda: None), frozenset())
    made.aside = begun(made, catalogue)
    judge_slice(made, catalogue, check=lambda: None, size=5)
    assert open_files() == before + 3
    index = weakref.ref(made.index)
    made.aside = None
    assert open_files() == before + 2
    del made
    assert (open_files(), index()) == (before + 1, None)
