"""Lists kept as numbers are those that a dictionary of tuples would hold, whatever changed since they were laid."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matcher.matching import lists
from services.matcher.matching.floors import KeptFloors
from services.matcher.matching.index.rows import Keys
from services.matcher.matching.laid import Gathered, Gathering, Laid, Numbered
from services.matcher.matching.lists import Lists, lists_between
from services.matcher.matching.shortlists import (
    LENGTH,
    OfferKey,
    OfferList,
    OfferRank,
    ProjectList,
    ProjectRank,
    best,
    floor,
    offer_named,
    text_of,
)

OFFERS = [OfferKey(name, kind) for name in ("eng-a", "é", "") for kind in ("commitment", "fund")]  # type: ignore[arg-type]
PROJECTS = ["prj-a", "prj-b", "prj-é", "p", ""]

scores = st.integers(0, 1_000_000)
project_lists = st.dictionaries(st.sampled_from(OFFERS), scores).map(
    lambda found: best(OfferRank(-score, offer) for offer, score in found.items())
)
offer_lists = st.dictionaries(st.sampled_from(PROJECTS), scores).map(
    lambda found: best(ProjectRank(-score, project_id) for project_id, score in found.items())
)


def numbered(*texts: str) -> Keys:
    """These texts, numbered."""
    keys = Keys()
    for text in texts:
        keys.put(text)
    return keys


def of_projects(held: dict[str, ProjectList]) -> Gathered:
    """Lists of projects as a store reads them, one at a time."""
    found = Gathering()
    for owner, ranks in held.items():
        found.add([owner], [[text_of(rank.offer) for rank in ranks]], [[rank.score for rank in ranks]])
    return found.gathered()


def of_offers(held: dict[OfferKey, OfferList]) -> Gathered:
    """Lists of offers as a store reads them, all at once."""
    found = Gathering()
    found.add(
        map(text_of, held),
        [[rank.project_id for rank in ranks] for ranks in held.values()],
        [[rank.score for rank in ranks] for ranks in held.values()],
    )
    return found.gathered()


def assert_same(
    kept: Lists[Any, Any, Any], model: Mapping[Any, tuple[Any, ...]], owners: Iterable[object], others: Iterable[object]
) -> None:
    """Both directions."""
    listed = {owner: ranks for owner, ranks in model.items() if ranks}
    assert dict(kept) == listed
    assert len(kept) == len(listed)
    for owner in owners:
        assert (owner in kept) == (owner in listed)
        assert kept.get(owner) == listed.get(owner)
    for other in others:
        assert kept.naming(other) == {owner for owner, ranks in listed.items() if other in [rank[1] for rank in ranks]}


@given(
    loaded=st.dictionaries(st.sampled_from(PROJECTS), project_lists.filter(bool)),
    steps=st.lists(st.tuples(st.sampled_from(PROJECTS), project_lists), max_size=30),
    known=st.sets(st.sampled_from(OFFERS)),
    fewest=st.integers(0, 4),
)
def test_lists_of_projects_are_those_of_a_dictionary(
    loaded: dict[str, ProjectList], steps: list[tuple[str, ProjectList]], known: set[OfferKey], fewest: int
) -> None:
    """Issue: « each owned partition keeps its lists »; some name offers that no number is known of, then or ever."""
    offers = numbered(*map(text_of, known))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lists, "FEWEST", fewest)
        kept, _ = lists_between(numbered(*PROJECTS[:3]), offers)
        kept.load(of_projects(loaded))
        model = dict(loaded)
        assert_same(kept, model, PROJECTS, OFFERS)
        for place, (project_id, ranks) in enumerate(steps):
            kept.put(project_id, ranks)
            model[project_id] = ranks
            assert_same(kept, model, PROJECTS, OFFERS)
            if place == 10 and OFFERS[0] not in known:
                offers.put(text_of(OFFERS[0]))


@given(
    loaded=st.dictionaries(st.sampled_from(OFFERS), offer_lists.filter(bool)),
    steps=st.lists(st.tuples(st.sampled_from(OFFERS), offer_lists), max_size=30),
    fewest=st.integers(0, 4),
)
def test_lists_of_offers_are_those_of_a_dictionary(
    loaded: dict[OfferKey, OfferList], steps: list[tuple[OfferKey, OfferList]], fewest: int
) -> None:
    """DESIGN: « it keeps, per project, the offers whose stored list names it »."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lists, "FEWEST", fewest)
        _, kept = lists_between(numbered(*PROJECTS[1:]), numbered(*map(text_of, OFFERS[1:])))
        kept.load(of_offers(loaded))
        model = dict(loaded)
        assert_same(kept, model, OFFERS, PROJECTS)
        for offer, ranks in steps:
            kept.put(offer, ranks)
            model[offer] = ranks
            assert_same(kept, model, OFFERS, PROJECTS)


def test_what_changes_for_months_is_laid_again_and_again() -> None:
    """A process that runs for months stays lean: what stands as tuples is a small part, or few."""
    count = 3 * lists.FEWEST
    offers = [OfferKey(f"eng-{number}", "commitment") for number in range(count)]
    _, kept = lists_between(numbered("prj-a", "prj-b"), numbered(*map(text_of, offers)))
    for turn in range(3):
        for offer in offers:
            kept.put(offer, (ProjectRank(-turn, "prj-a"), ProjectRank(-turn + 1, "prj-b")))
            assert len(kept._changed) <= lists.FEWEST
    assert kept.naming("prj-a") == set(offers)
    assert kept[offers[7]] == (ProjectRank(-2, "prj-a"), ProjectRank(-1, "prj-b"))


def test_entries_of_numbers_beyond_sixteen_bits_are_found_both_ways() -> None:
    """A matcher holds a million offers: their numbers are sorted sixteen bits at a time."""
    numbers = np.array([5, 70_000, 5 + (1 << 16), 4, 3 << 16, 1 << 16], np.int32)
    ones = np.ones(len(numbers), np.int32)
    for owners, others in ((numbers, numbers[::-1].copy()), (numbers[::-1].copy(), numbers)):
        laid = Laid(Numbered(owners, ones, others, ones))
        assert laid.owners() == sorted(owners.tolist())
        for owner, other in zip(owners.tolist(), others.tolist(), strict=True):
            assert laid.entries(owner) == [(1, other)]
            assert laid.naming(other) == [owner]


@given(st.dictionaries(st.integers(0, 200), st.integers(1, LENGTH), max_size=8))
def test_floors_loaded_at_once_are_those_that_were_noted(lengths: dict[int, int]) -> None:
    """A floor is the score of the last of a full list; nothing is noted of who has no row."""
    held = {
        OfferKey(f"eng-{row}", "commitment"): best(
            ProjectRank(-9_000 + place, f"prj-{place}") for place in range(length)
        )
        for row, length in lengths.items()
    }
    noted, loaded = KeptFloors(), KeptFloors()
    for row, ranks in zip(lengths, held.values(), strict=True):
        noted.note(row if row % 3 else None, ranks)
    owners, floors = of_offers(held).floors(LENGTH)
    rows = [int(offer_named(owner).offer_id.removeprefix("eng-")) for owner in owners]
    loaded.load(np.array([row if row % 3 else -1 for row in rows], np.int32), floors)
    assert loaded.of(201).tolist() == noted.of(201).tolist()
    assert sorted(floors.tolist()) == sorted(floor(ranks) for ranks in held.values() if len(ranks) == LENGTH)


def test_a_list_with_more_scores_than_names_is_refused() -> None:
    """What no transaction stores is not read as something else."""
    with pytest.raises(ValueError, match="scores"):
        Gathering().add(["prj-a"], [["ceng-a"]], [[1, 2]])
