"""What the compiled engine files things by, without compiling anything: units, keys, sets, signatures."""

import sys
import threading
from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.matcher.matching.criteria import BESIDE, CRITERIA, WEIGHTS, closeness
from services.matcher.matching.eligibility import refusals
from services.matcher.matching.index.details import DETAIL
from services.matcher.matching.index.kernels.finding import read_texts_ahead
from services.matcher.matching.index.kernels.shares import most_told
from services.matcher.matching.index.layout import Numbers, offer_row, project_row
from services.matcher.matching.index.records import (
    ADMITTED,
    APART,
    NO_CATEGORY,
    OBJECTS,
    THEME_AT,
    offer_brief,
    project_brief,
)
from services.matcher.matching.index.rows import Keys
from services.matcher.matching.index.search import reaching
from services.matcher.matching.index.sets import Sets
from services.matcher.matching.index.units import units_of
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.place import Place
from shared.reference.geography import Unit
from shared.text.vectors import MILLION
from tests.unit.matcher.judged import DAY, GEOGRAPHY, OFFERS, RULE, UNITS, projects

NUMBERED = units_of(GEOGRAPHY)
PERIMETERS = st.lists(st.sampled_from(UNITS), min_size=1, max_size=3, unique=True).map(tuple)


def _found(ranges: np.ndarray, unit: Unit) -> list[tuple[int, int]]:
    number = NUMBERED.number[unit]
    return [(share, beside) for first, last, share, beside in ranges.tolist() if first <= number < last]


@RULE
@given(PERIMETERS, st.sampled_from(UNITS))
def test_a_project_finds_each_unit_where_its_place_meets_it(own: tuple[Unit, ...], unit: Unit) -> None:
    """By definition: `Place.meeting` with an offer for that unit alone; each number is in one range at most."""
    meeting = Place("44143", own, GEOGRAPHY).meeting((unit,), accepts_neighbours=True)
    expected = []
    if meeting is not None:
        worth = BESIDE if meeting.population is None else closeness(meeting.population)
        share = (2 * WEIGHTS["proximity"] * worth + MILLION) // (2 * MILLION)
        expected = [(share, int(meeting.population is None))]
    assert _found(NUMBERED.serving(own), unit) == expected


@RULE
@given(PERIMETERS, st.sampled_from(UNITS), st.booleans())
def test_an_offer_finds_each_unit_of_projects_that_it_meets(
    perimeter: tuple[Unit, ...], own: Unit, accepts_neighbours: bool
) -> None:
    """The other direction finds the same."""
    meeting = Place("44143", (own,), GEOGRAPHY).meeting(perimeter, accepts_neighbours=accepts_neighbours)
    found = _found(NUMBERED.served(perimeter, accepts_neighbours=accepts_neighbours), own)
    expected = [] if meeting is None else [int(meeting.population is None)]
    assert [beside for _share, beside in found] == expected


def test_what_a_wide_unit_contains_is_a_few_ranges() -> None:
    """DESIGN §5: « a new offer touches a contiguous range »."""
    for unit, most in ((Unit("departement", "44"), 12), (Unit("region", "52"), 16), (Unit("national", "FR"), 1)):
        assert len(NUMBERED.served((unit,), accepts_neighbours=False)) <= most


@RULE
@given(projects(), OFFERS)
def test_briefs_refuse_as_rules_do_and_bound_what_is_earned(asking: PreparedProject, offered: PreparedOffer) -> None:
    """DESIGN §5 (2): « the part of the score that is constant in a cell is known before any text »."""
    numbers = Numbers()
    wanted, brought = project_row(asking, numbers), offer_row(offered, numbers)
    slot = brought["slot"]
    if not wanted["asked"][slot]:
        return
    meets = [worth > 0 or not wanted["has_theme"] for worth in wanted["theme_worth"]]
    met = NO_CATEGORY | sum(1 << place for place, is_met in enumerate(meets) if is_met)
    both = project_brief(wanted, slot, met) & offer_brief(brought, APART, len(offered.challenges))
    refused = refusals(asking, offered, DAY)
    assert (both & OBJECTS == 0) == ("objet-different" in refused)
    assert (both & ADMITTED == 0) == ("stade-non-admis" in refused)
    assert (both >> THEME_AT == 0) == ("theme-eloigne" in refused)
    earned = {name: CRITERIA[name](asking, offered) for name in ("stage", "objects", "cover", "challenge")}
    shares = [each.share(WEIGHTS[name]) for name, each in earned.items() if each]
    assert sum(shares) <= most_told.py_func(both)  # type: ignore[attr-defined]  # as it is written


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("aàbcdefghi"))))
def test_rows_are_used_again(steps: list[tuple[bool, str]]) -> None:
    keys = Keys()
    held: set[str] = set()
    most = 0
    for puts, key in steps:
        if puts and key not in held:
            assert keys.key_of(keys.put(key)) == key
            held.add(key)
        elif not puts:
            keys.take(key)
            held.discard(key)
        most = max(most, len(held))
        rows = [keys.row_of(each) for each in held]
        assert len(set(rows)) == len(held) == len(keys)
        assert keys.used <= most
    assert keys.row_of("z") is None
    assert keys.take("z") is None


class Alike(str):
    """A text whose hash many others have."""

    def __hash__(self) -> int:
        return len(self) % 2


@given(st.lists(st.text(max_size=3), unique=True), st.sets(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_many_rows_are_found_as_each_is(put: list[str], taken: set[str], asked: list[str]) -> None:
    """Also of keys that are gone, that never were, and of those with the hash of another."""
    for make in (str, Alike):
        keys = Keys()
        for key in put:
            keys.put(make(key))
        for key in taken:
            keys.take(make(key))
        found = keys.rows_of(list(map(make, put + asked)))
        assert found.tolist() == [-1 if row is None else row for row in map(keys.row_of, map(make, put + asked))]


@given(st.lists(st.text(max_size=3), unique=True), st.integers(0, 9), st.sets(st.text(max_size=3)), st.integers(0, 200))
def test_many_put_at_once_are_found_as_those_put_one_by_one(
    put: list[str], first: int, taken: set[str], more: int
) -> None:
    """Into an empty table, a full one, one that some have left; also those with the hash of another."""
    for make in (str, Alike):
        keys, texts = Keys(), [*map(make, put), *(make(f"key-{number}") for number in range(more))]
        for key in texts[:first]:
            keys.put(key)
        gone = taken & set(texts[:first])
        for key in gone:
            keys.take(make(key))
        rows = keys.put_all(texts[first:]).tolist()
        assert rows == [keys.row_of(key) for key in texts[first:]]
        assert [keys.key_of(row) for row in rows] == texts[first:]
        assert sorted(keys) == sorted(set(texts) - gone)
        assert len(keys) == len(texts) - len(gone)


def test_whoever_looks_a_key_up_while_many_are_put_finds_it_or_nothing() -> None:
    """Other threads may look keys up if none is ever taken."""
    keys, wrong, is_over = Keys(), list[object](), threading.Event()
    texts = [f"key-{number}" for number in range(20_000)]

    def look() -> None:
        while not is_over.is_set():
            last = keys.used
            for text in texts[max(0, last - 2) : last + 200 : 20]:
                row = keys.row_of(text)
                if row is not None and keys.key_of(row) != text:
                    wrong.append((text, row))

    looking, before = threading.Thread(target=failing_into(wrong, look)), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    looking.start()
    try:
        for first in range(0, len(texts), 100):
            keys.put_all(texts[first : first + 100])
    finally:
        is_over.set()
        looking.join()
        sys.setswitchinterval(before)
    assert wrong == []
    assert keys.rows_of(texts).tolist() == list(range(len(texts)))


def failing_into(failures: list[object], work: Callable[[], None]) -> Callable[[], None]:
    """The same, with what it raises among the failures."""

    def guarded() -> None:
        try:
            work()
        except IndexError as problem:
            failures.append(problem)

    return guarded


@given(st.lists(st.frozensets(st.integers(0, 99), max_size=12), max_size=30))
def test_a_set_has_one_number(said: list[frozenset[int]]) -> None:
    sets = Sets()
    numbers = [sets.of(sorted(each)) for each in said]
    items, starts = sets.arrays()
    assert [frozenset(items[starts[number] : starts[number + 1]].tolist()) for number in numbers] == said
    assert len(set(numbers)) == len(set(said))
    assert sets.of([]) == 0


def test_what_reaches_its_floor_includes_equals() -> None:
    rows, scores = np.array([3, 0, 1]), np.array([5, 5, 5])
    assert reaching(rows, scores, np.array([5, 6, 0, 4], np.int32))[0].tolist() == [3, 0]
    assert reaching(rows, scores, None)[0].tolist() == []


def test_a_text_without_terms_is_not_read_ahead() -> None:
    """Its place is behind the last term that is kept: compiled code would read what is not there."""
    details, texts = np.zeros(1, DETAIL), np.ones(4, np.int64)
    details["text"] = len(texts)
    counts, candidates = np.array([1, 0, 0, 0, 0]), np.full((1, 4), 0, np.int32)
    read_texts_ahead.py_func(counts, candidates, details, texts, 0)
    details["text"], details["terms"] = 2, 2
    read_texts_ahead.py_func(counts, candidates, details, texts, 0)
    assert counts.tolist() == [1, 0, 0, 0, 2]
