"""Places typed by name in the forms of deposits: one that answers is taken, several are asked about, never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.views.deposit import Reader, Typed, typed_of
from services.console.views.perimeter_form import place_questions, read_perimeter, read_units
from services.console.views.typed_units import named
from shared.words.names import reference_names


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("Rezé", "commune:44143"),
        ("reze 44400", "commune:44143"),
        ("Saint-Denis (93)", "commune:93066"),
        ("Plaine Commune", "ept:200057867"),
        ("nantes metropole", "epci:244400404"),
        ("Communauté de communes du Pays de Fayence", "epci:200004802"),
        ("pays de fayence", "epci:200004802"),
        ("Loire-Atlantique", "departement:44"),
        ("2a", "departement:2A"),
        ("Mayenne (département)", "departement:53"),
        ("Région Bretagne", "region:53"),
        ("toute la France", "national:FR"),
        ("Paris", "commune:75056"),
        ("guadeloupe", "departement:971"),
    ],
)
def test_name_that_one_place_alone_bears_is_that_place(text: str, unit: str) -> None:
    assert [":".join(one) for one in named(text).units] == [unit]
    assert named(text).choices == ()


@pytest.mark.parametrize(
    ("text", "among"),
    [("Mayenne", {"commune:53147", "departement:53"}), ("Saint-Denis", {"commune:93066", "commune:97411"})],
)
def test_name_that_several_bear_is_asked_about(text: str, among: set[str]) -> None:
    found = named(text)
    assert among <= {":".join(one) for one in found.choices}
    assert found.units == found.choices


def test_name_that_nothing_bears_is_asked_about_with_near_ones() -> None:
    assert ("departement", "44") in named("Loire-Atlantik").near
    assert ("commune", "44109") in named("Nanttes").near
    assert named("xyzq").choices == ()


@given(st.text(max_size=40))
def test_any_text_is_read_as_places_or_asked_about(text: str) -> None:
    reader = Reader(Typed({"lieux_ecrits": (text,)}))
    units = read_units(reader)
    assert units or reader.faults or not text.replace(",", " ").replace(";", " ").split()
    for _, choices in place_questions(reader.typed, reference_names()):
        assert all(label for _, label in choices)


def test_places_typed_a_line_each_or_with_commas_add_up_with_those_ticked() -> None:
    reader = Reader(
        typed_of(
            [
                ("lieux", "commune:44143"),
                ("regions", "53"),
                (
                    "lieux_ecrits",
                    "Nantes Métropole\r\nCA Beaune, Côte et Sud - Communauté Beaune-Chagny-Nolay\nMorbihan, Rezé",
                ),
            ]
        )
    )
    assert [unit["code"] for unit in read_perimeter(reader, {})] == ["53", "44143", "244400404", "200006682", "56"]
    assert reader.faults == {}


def test_choice_among_the_bearers_of_a_name_serves_while_the_name_is_there() -> None:
    asked = Reader(typed_of([("lieux_ecrits", "Saint-Denis\nXyzq")]))
    assert read_units(asked) == []
    assert "« Saint-Denis » : plusieurs lieux" in asked.faults["lieux_ecrits"]
    assert "« Xyzq » : aucun lieu" in asked.faults["lieux_ecrits"]
    [(question, choices)] = place_questions(asked.typed, reference_names())
    assert question == "« Saint-Denis » : de quel lieu s'agit-il ?"
    assert ("commune:93066", "Saint-Denis (93)") in choices
    chosen = [("lieux_choisis", "commune:93066"), ("lieux_choisis", "commune:97411")]
    answered = Reader(typed_of([("lieux_ecrits", "Saint-Denis"), *chosen]))
    assert [unit["code"] for unit in read_units(answered)] == ["97411", "93066"]
    assert answered.faults == {}
    assert read_units(Reader(typed_of([("lieux_ecrits", "Rezé"), *chosen]))) == [{"level": "commune", "code": "44143"}]


def test_more_places_than_are_read_at_once_are_refused_not_dropped() -> None:
    reader = Reader(Typed({"lieux_ecrits": ("\n".join(str(number) for number in range(10, 45)),)}))
    read_units(reader)
    assert "30 lieux au plus" in reader.faults["lieux_ecrits"]
