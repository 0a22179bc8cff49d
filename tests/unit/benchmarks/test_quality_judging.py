"""The measures of ranking quality count what they say, and a floor that is missed is told with what is missing."""

import numpy as np
import pytest

from benchmarks.quality.floors import missed
from benchmarks.quality.fonds_vert import FondsVert, fold_of
from benchmarks.quality.judging import judge
from benchmarks.quality.page import END, START, tables, written

RIGHT = np.array([0, 0, 1, 1] * 5)


def test_what_comes_first_counts_and_what_comes_second_counts_half() -> None:
    half = np.array([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0], [3.0, 2.0, 1.0], [1.0, 2.0, 0.0]] * 5)
    found = judge(half, RIGHT)
    assert found.accuracy == 0.75
    assert found.mrr == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert found.macro_f1 == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)


def test_who_says_the_same_of_all_funds_has_said_nothing() -> None:
    found = judge(np.zeros((20, 4)), RIGHT)
    assert (found.accuracy, found.macro_f1, found.mrr) == (0, 0, 0.25)


def test_funds_of_a_few_rows_weigh_nothing_in_macro_f1() -> None:
    relevant = np.array([0] * 10 + [1] * 9)
    assert judge(np.tile([1.0, 0.0], (19, 1)), relevant).macro_f1 == pytest.approx(2 * 10 / 29)


def test_a_missed_floor_says_by_how_much() -> None:
    """Issue: CI runs it and fails below the stored floor."""
    floors = {"ours": {"accuracy": 0.9, "mrr": 0.5}, "gone": {"accuracy": 0.1}}
    assert missed({"ours": {"accuracy": 0.9, "mrr": 0.6}, "gone": {"accuracy": 0.2}}, floors) == []
    assert missed({"ours": {"accuracy": 0.875, "mrr": 0.5}}, floors) == [
        "ours: accuracy is 0.8750, 0.0250 below its floor of 0.9000",
        "gone: accuracy is 0.0000, 0.1000 below its floor of 0.1000",
    ]


def test_a_file_without_a_number_is_in_the_first_fold() -> None:
    assert [fold_of(number) for number in ("12487592", "12487595", "Non Renseigné", "")] == [2, 0, 0, 0]


def test_a_title_that_another_fold_has_is_not_new() -> None:
    titles = ("École", "école ", "Mairie", "Mairie", "Digue")
    data = FondsVert(titles, titles, np.zeros(5, int), np.array([0, 1, 2, 2, 3]), ("a",), ("a",))
    assert data.new_titles().tolist() == [False, False, True, True, True]


def test_tables_take_the_place_of_those_before() -> None:
    told = tables({"ours": dict.fromkeys(("accuracy", "macro_f1", "mrr", "first_fold", "new_titles"), 0.9)}, {}, {})
    page = f"before\n{START}old\n{END}after\n"
    assert written(page, told) == f"before\n{START}{told}{END}after\n"
    assert "| ours | 0.900 | 0.900 | 0.900 | 0.900 | 0.900 |  |" in told
    with pytest.raises(ValueError, match="marks"):
        written("no marks", told)
