"""What a page says of an offer's openness is what eligibility judges, on every day and at both edges."""

from datetime import date, timedelta

import pytest

from shared.words.french import dated
from shared.words.openness import OPENNESS, openness

OPENS, CLOSES = date(2026, 12, 10), date(2026, 12, 20)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (OPENS - timedelta(days=1), "not-yet"),
        (OPENS, "open"),
        (CLOSES, "open"),
        (CLOSES + timedelta(days=1), "closed"),
    ],
)
def test_first_and_last_days_are_open(today: date, expected: str) -> None:
    assert openness("actif", OPENS, CLOSES, today) == expected


@pytest.mark.parametrize(
    ("status", "expected"), [("suspendu", "suspended"), ("clos", "closed"), ("retire", "withdrawn")]
)
def test_author_has_the_first_word(status: str, expected: str) -> None:
    assert openness(status, OPENS, CLOSES, OPENS) == expected


def test_without_dates_an_active_offer_is_open_and_every_case_has_its_word() -> None:
    assert openness("actif", None, None, OPENS) == "open"
    assert len(set(OPENNESS.values())) == len(OPENNESS)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (date(2026, 12, 13), "13\u00a0décembre 2026 (dans 3\u00a0jours)"),
        (OPENS, "10\u00a0décembre 2026 (aujourd'hui)"),
        (date(2026, 12, 9), "9\u00a0décembre 2026 (passée)"),
        (date(2027, 6, 30), "30\u00a0juin 2027"),
    ],
)
def test_day_after_its_label_repeats_no_word(value: date, words: str) -> None:
    assert dated(value, OPENS) == words
