"""Shortlists: exact, in one order, whatever order their fits come in; and what makes one from another."""

import random

from hypothesis import given
from hypothesis import strategies as st

from services.matcher.matching.model import Fit, Pair
from services.matcher.matching.shortlist import SIZE, difference, merge, shortlist
from shared.events.matches import Reason
from tests.unit.matcher.judged import RULE


def a_fit(offer_id: str, score_ppm: int = 500_000, offer_type: str = "commitment", code: str = "geo-national") -> Fit:
    pair = Pair("prj-a", offer_type, offer_id)  # type: ignore[arg-type]  # drawn from the two types
    return Fit(pair, score_ppm, (Reason.model_validate({"code": code, "share": score_ppm / 1_000_000}),))


FITS = st.lists(
    st.builds(
        a_fit,
        st.text("abAé-", min_size=1, max_size=2),
        st.integers(0, 4),
        st.sampled_from(["commitment", "fund"]),
    ),
    max_size=60,
    unique_by=lambda each: each.pair,
)


def test_ties_go_by_id_then_type_by_code_point() -> None:
    fits = [a_fit("b"), a_fit("a", offer_type="fund"), a_fit("a"), a_fit("B"), a_fit("z", 500_001)]
    assert [(each.pair.offer_id, each.pair.offer_type) for each in shortlist(fits)] == [
        ("z", "commitment"),
        ("B", "commitment"),
        ("a", "commitment"),
        ("a", "fund"),
        ("b", "commitment"),
    ]


@RULE
@given(FITS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(fits: list[Fit], chance: random.Random) -> None:
    assert shortlist(chance.sample(fits, len(fits))) == shortlist(fits)
    assert len(shortlist(fits)) == min(SIZE, len(fits))


@RULE
@given(FITS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_merged_partitions_give_the_list_of_all(fits: list[Fit], count: int, chance: random.Random) -> None:
    partitions: list[list[Fit]] = [[] for _ in range(count)]
    for each in fits:
        chance.choice(partitions).append(each)
    assert merge([shortlist(partition) for partition in partitions]) == shortlist(fits)


@RULE
@given(FITS, FITS)
def test_a_difference_makes_the_new_list_from_the_old(old: list[Fit], new: list[Fit]) -> None:
    found = difference(old, new)
    left = {each.pair for each in found.left}
    made = {each.pair: each for each in old if each.pair not in left}
    made.update({each.pair: each for each in (*found.entered, *found.changed)})
    assert made == {each.pair: each for each in new}
    assert bool(found) == (made != {each.pair: each for each in old})


def test_rank_alone_is_no_change_and_reasons_are() -> None:
    a, b = a_fit("a"), a_fit("b")
    assert not difference([a, b], [b, a])
    other = a_fit("a", code="geo-contenu")
    assert difference([a, b], [other, b]).changed == (other,)
