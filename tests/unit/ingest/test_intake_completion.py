"""What a person leaves out is filled, what they write loosely is put in order, and nothing else changes."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.intake import Accepted, Known, read, reference_known
from services.ingest.intake.merging import merged, withdrawn
from services.ingest.intake.reading import COMPUTED
from shared.reference import samples
from tests.unit.ingest.submissions import commitment, fund, project


def accepted(entity_type: Any, data: dict[str, Any], known: Known | None = None) -> Accepted:
    reading = read(entity_type, data, known)
    assert isinstance(reading, Accepted), reading
    return reading


@pytest.mark.parametrize(
    ("place", "commune"),
    [
        ({"name": "Rezé"}, "44143"),
        ({"name": "REZE", "postal_code": "44400"}, "44143"),
        ({"name": "st denis", "postal_code": "93200"}, "93066"),
        ({"name": "Saint-Denis", "departement": "974"}, "97411"),
        ({"name": "Montreuil", "departement": "Seine-Saint-Denis"}, "93048"),
    ],
)
def test_typed_place_becomes_a_commune(place: dict[str, str], commune: str) -> None:
    reading = accepted("project", project(commune=None, place=place))
    assert reading.content["commune"] == commune
    assert [(each.field, each.value) for each in reading.completed] == [("commune", commune)]


@pytest.mark.parametrize(
    ("code", "current"), [("75111", "75056"), ("69381", "69123"), ("13201", "13055"), ("2a004", "2A004")]
)
def test_arrondissements_and_spelling_become_current_codes(code: str, current: str) -> None:
    reading = accepted("project", project(commune=code))
    assert (reading.content["commune"], reading.completed[0].value) == (current, current)


def test_former_commune_becomes_its_successor() -> None:
    former, successor = next(iter(reference_known().geography.former_communes.items()))
    reading = accepted("commitment", commitment(perimeter=[{"level": "commune", "code": former}]))
    assert reading.content["perimeter"][0]["code"] == successor.current_commune


def test_units_get_their_own_names_and_repeats_go() -> None:
    units = [{"level": "epci", "code": "244400404", "name": "Nantes"}, {"level": "epci", "code": "244400404"}]
    reading = accepted("fund", fund(perimeter=units))
    assert reading.content["perimeter"] == [{"level": "epci", "code": "244400404", "name": "Nantes Métropole"}]


def test_texts_are_trimmed_and_composed() -> None:
    reading = accepted(
        "project", project(title="  E\u0301picerie   du\nport ", summary="Un\u00a0texte \r\n\r\n  suite ")
    )
    assert reading.content["title"] == "Épicerie du port"
    assert reading.content["summary"] == "Un texte\n\nsuite"


def test_categories_are_suggested_only_while_none_is_given() -> None:
    known = Known(challenges=reference_known().challenges, territories=frozenset(), suggest=lambda _text: ("seniors",))
    without = accepted("project", project(categories=None), known)
    with_one = accepted("project", project(categories=["alimentation"]), known)
    assert without.entity.suggested_categories == ("seniors",)  # type: ignore[union-attr]
    assert with_one.entity.suggested_categories == ()  # type: ignore[union-attr]
    assert "suggested_categories" not in without.content


def test_contact_is_kept_apart() -> None:
    reading = accepted(
        "project", project() | {"contact": {"email": " Lea@Example.org ", "name": "Léa", "language": "en"}}
    )
    assert reading.contact is not None
    assert (reading.contact.email, reading.contact.name, reading.contact.language) == ("Lea@Example.org", "Léa", "en")
    assert "contact" not in reading.content
    assert accepted("project", project() | {"contact": None}).contact_said
    assert not accepted("project", project()).contact_said


def test_samples_are_accepted_as_they_are() -> None:
    for entity_type, rows in (
        ("project", samples.sample_projects()),
        ("commitment", samples.sample_commitments()),
        ("fund", samples.funds()),
    ):
        for row in rows:
            reading = accepted(entity_type, row)
            assert reading.content == {name: value for name, value in row.items() if name != "contact"}
            assert not reading.completed


def test_computed_fields_given_back_are_ignored() -> None:
    given = {name: "whatever" for name in COMPUTED}
    assert accepted("fund", fund() | given).content == accepted("fund", fund()).content


def test_reading_leaves_its_data_alone() -> None:
    data = project(commune="75111", title="  Un  titre ")
    before = copy.deepcopy(data)
    read("project", data)
    assert data == before


def test_merge_patch_follows_rfc_7396() -> None:
    content = {"a": "b", "c": {"d": "e", "f": "g"}, "h": [1], "commune": "44143"}
    assert merged(content, {"a": "z", "c": {"f": None}, "h": [2, 3], "i": {"j": None}}) == {
        "a": "z",
        "c": {"d": "e"},
        "h": [2, 3],
        "commune": "44143",
        "i": {},
    }
    assert merged(content, {"place": {"name": "Nantes"}}).keys() == {"a", "c", "h", "place"}
    assert merged(content, {"contact": None})["contact"] is None
    assert withdrawn({"status": "actif"}) == {"status": "retire"}


@settings(max_examples=30, deadline=None)
@given(st.permutations(sorted(project())), st.booleans())
def test_order_of_fields_changes_nothing(names: list[str], faulty: bool) -> None:
    data = project(stage="x", title="") if faulty else project()
    one, other = read("project", data), read("project", {name: data[name] for name in names})
    if isinstance(one, Accepted):
        assert isinstance(other, Accepted)
        assert one.content == other.content
    else:
        assert one == other
