"""Numbers, dates and quotations are written as French writes them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.words import french

NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
TODAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (french.money(20_000), "20\u202f000\u00a0€"),
        (french.money(0), "0\u00a0€"),
        (french.days(1), "1\u00a0jour"),
        (french.days(20), "20\u00a0jours"),
        (french.count(0, "projet"), "0\u00a0projet"),
        (french.count(3, "nouveau rapprochement", "nouveaux rapprochements"), "3\u00a0nouveaux rapprochements"),
        (french.day(date(2027, 3, 1)), "1er\u00a0mars 2027"),
        (french.month(date(2019, 2, 25)), "février 2019"),
        (french.quoted("La ville du « Tout Réutilisable »"), "«\u00a0La ville du “Tout Réutilisable”\u00a0»"),
        (french.labelled("Même commune", "Rezé"), "Même commune\u00a0: Rezé"),
        (french.clauses("un", "deux"), "un\u202f; deux"),
        (french.listed(["a"]), "a"),
        (french.listed(["a", "b", "c"]), "a, b et c"),
        (french.lowered("Mécénat en nature"), "mécénat en nature"),
        (french.lowered("SCOP"), "SCOP"),
        (french.lowered("État ou établissement public"), "État ou établissement public"),
        (french.day_and_time(NOW), "1er\u00a0décembre 2026 à 10\u00a0h\u00a030"),
    ],
)
def test_french_is_written_with_its_spaces(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (date(2026, 12, 13), "ferme dans 12\u00a0jours (13\u00a0décembre 2026)"),
        (date(2027, 3, 2), "ferme le 2\u00a0mars 2027"),
        (date(2027, 3, 1), "ferme dans 90\u00a0jours (1er\u00a0mars 2027)"),
        (date(2026, 12, 2), "ferme demain (2\u00a0décembre 2026)"),
        (date(2026, 12, 1), "ferme aujourd'hui (1er\u00a0décembre 2026)"),
        (date(2026, 11, 30), "clos depuis le 1er\u00a0décembre 2026"),
    ],
)
def test_the_last_day_is_still_open(last: date, expected: str) -> None:
    assert french.closes(last, TODAY) == expected


def test_opening_and_deadline_say_when() -> None:
    assert french.opens(date(2026, 12, 3), TODAY) == "ouvre dans 2\u00a0jours (3\u00a0décembre 2026)"
    assert french.opens(TODAY, TODAY) == "ouvert depuis le 1er\u00a0décembre 2026"
    assert french.due(date(2026, 12, 3), TODAY) == "échéance dans 2\u00a0jours (3\u00a0décembre 2026)"
    assert french.due(date(2026, 11, 3), TODAY) == "échéance passée (3\u00a0novembre 2026)"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (timedelta(seconds=-5), "à l'instant"),
        (timedelta(seconds=59), "à l'instant"),
        (timedelta(minutes=2), "il y a 2\u00a0min"),
        (timedelta(hours=3), "il y a 3\u00a0h"),
        (timedelta(hours=11), "il y a 11\u00a0h"),
        (timedelta(hours=20), "hier"),
        (timedelta(days=6), "il y a 6\u00a0jours"),
        (timedelta(days=7), "le 24\u00a0novembre 2026"),
    ],
)
def test_a_time_is_told_from_now(before: timedelta, expected: str) -> None:
    assert french.ago(NOW - before, NOW) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Rezé", "à Rezé"),
        ("Le Mans", "au Mans"),
        ("Les Sables-d'Olonne", "aux Sables-d'Olonne"),
        ("La Rochelle", "à La Rochelle"),
        ("Lens", "à Lens"),
        ("L'Haÿ-les-Roses", "à L'Haÿ-les-Roses"),
    ],
)
def test_a_place_takes_its_preposition(name: str, expected: str) -> None:
    assert french.at_place(name) == expected
