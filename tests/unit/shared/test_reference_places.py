"""A place as people write it is found, in any spelling; homonyms are never guessed."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.reference.geography import load_geography
from shared.reference.places import Candidates, NotFound, Resolved, resolve_place

GEOGRAPHY = load_geography()
NAMES = GEOGRAPHY.commune_names()

codes = st.sampled_from(sorted(NAMES))


def code_of(name: str, postal_code: str | None = None, departement: str | None = None) -> str:
    found = resolve_place(name, postal_code, departement)
    assert isinstance(found, Resolved), found
    return found.commune.code


def candidates_of(name: str, postal_code: str | None = None, departement: str | None = None) -> set[str]:
    found = resolve_place(name, postal_code, departement)
    assert isinstance(found, Candidates), found
    return {commune.code for commune in found.communes}


def suggestions_of(name: str, departement: str | None = None) -> list[str]:
    found = resolve_place(name, departement=departement)
    assert isinstance(found, NotFound), found
    return [commune.code for commune in found.suggestions]


@pytest.mark.parametrize(
    "name",
    ["Rezé", "REZÉ", "reze", " Rezé ", "Rezé Cedex", "44400 Rezé", "Rezé (44)", "Rezé, 44", "Rezé 44400"],
)
def test_a_name_that_one_commune_bears_resolves_alone(name: str) -> None:
    assert code_of(name) == "44143"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("villeneuve d ascq", "59009"),
        ("Villeneuve-d’Ascq", "59009"),
        ("villeneuvedascq", "59009"),
        ("Mans", "72181"),
        ("Mans (Le)", "72181"),
        ("lhaÿ les roses", "94038"),
        ("L'Haÿ-les-Roses", "94038"),
        ("Chalon s/ Saône", "71076"),
        ("Stes Maries de la Mer", "13096"),
        ("st-etienne-du-rouvray", "76575"),
        ("Île d'Yeu", "85113"),
        ("Evry-Courcouronnes", "91228"),
        ("OEUF-EN-TERNOIS", "62633"),
    ],
)
def test_spelling_does_not_matter(name: str, code: str) -> None:
    assert code_of(name) == code


@pytest.mark.parametrize(
    ("name", "city"),
    [
        ("Marseille 3e", "13055"),
        ("marseille 3ème arrondissement", "13055"),
        ("Marseille 03", "13055"),
        ("PARIS 1er", "75056"),
        ("Paris 20", "75056"),
        ("Lyon 7e arr.", "69123"),
        ("18e arrondissement de Paris", "75056"),
        ("Paris Cedex 12", "75056"),
    ],
)
def test_arrondissements_are_their_city(name: str, city: str) -> None:
    assert code_of(name) == city


def test_an_arrondissement_that_does_not_exist_is_not_found() -> None:
    assert suggestions_of("Lyon 12")[0] == "69123"


@pytest.mark.parametrize(
    ("name", "code"),
    [("Châtillon-en-Michaille", "01033"), ("Pierrefitte-sur-Seine", "93066"), ("Cuisiat", "01426")],
)
def test_former_names_lead_to_the_commune_of_today(name: str, code: str) -> None:
    departement = GEOGRAPHY.commune(code).departement
    assert code_of(name, departement=departement) == code


@pytest.mark.parametrize(
    ("postal_code", "departement", "code"),
    [
        ("93200", None, "93066"),
        ("93210", None, "93066"),
        ("97400", None, "97411"),
        ("97 400", None, "97411"),
        (None, "93", "93066"),
        (None, "974", "97411"),
        (None, "Aude", "11339"),
        (None, "seine saint denis", "93066"),
        ("30190", "30", "30247"),
    ],
)
def test_the_four_saint_denis_are_told_apart(postal_code: str | None, departement: str | None, code: str) -> None:
    assert code_of("St-Denis", postal_code, departement) == code


def test_homonyms_alone_are_never_guessed() -> None:
    assert candidates_of("Saint-Denis") == {"93066", "97411", "11339", "30247"}
    assert candidates_of("Montreuil") == {"93048", "28267", "85148"}
    assert candidates_of("larochelle") == {"17300", "70450"}
    assert candidates_of("Bors") == {"16052", "16053"}


def test_candidates_come_with_the_most_populous_first() -> None:
    found = resolve_place("Montreuil")
    assert isinstance(found, Candidates)
    assert [commune.code for commune in found.communes] == ["93048", "85148", "28267"]


def test_montreuil_sur_mer_is_none_of_the_three() -> None:
    assert code_of("montreuil sur mer") == "62588"


def test_a_cedex_counts_for_its_departement() -> None:
    assert code_of("Rezé", "44402") == "44143"
    assert code_of("Saint-Denis", "93205") == "93066"
    assert code_of("Ajaccio", "20186") == "2A004"


def test_a_hint_that_contradicts_gives_candidates() -> None:
    assert "44143" in candidates_of("Rezé", "75001")
    assert "44143" in candidates_of("Rezé", departement="75")
    assert "44143" in candidates_of("Rezé", departement="Atlantide")
    assert candidates_of("Saint-Ouen", "93400") >= {"93070", "41226"}
    assert candidates_of("Évry", departement="91") == {"89162", "91228"}


def test_a_lost_leading_zero_is_given_back() -> None:
    assert code_of("Bourg-en-Bresse", "1000") == "01053"
    assert code_of("Bourg-en-Bresse", departement="1") == "01053"


def test_a_post_code_alone_resolves_when_it_serves_one_commune() -> None:
    assert code_of("44400") == "44143"
    assert code_of("", "44400") == "44143"
    assert len(candidates_of("", "01400")) > 1


@pytest.mark.parametrize(
    ("name", "code"),
    [("Strassbourg", "67482"), ("Nantse", "44109"), ("Montreuil-sous-Bois", "93048"), ("Roubai", "59512")],
)
def test_near_misses_are_suggested(name: str, code: str) -> None:
    assert suggestions_of(name)[0] == code


def test_suggestions_obey_the_departement() -> None:
    assert suggestions_of("Montreuill", "28") == ["28267"]


def test_a_commune_renamed_since_is_suggested_by_a_word_it_kept() -> None:
    assert suggestions_of("Verdun-sur-le-Doubs", "71")[0] == "71566"


@pytest.mark.parametrize("name", ["", "   ", "qsdfghjklm", "123", "99999", "!?", "Paris\nLyon", "\x00"])
def test_nonsense_is_not_found(name: str) -> None:
    assert isinstance(resolve_place(name), NotFound)


@settings(deadline=None, max_examples=50)
@given(codes)
def test_every_name_with_its_departement_finds_its_commune(code: str) -> None:
    departement = GEOGRAPHY.commune(code).departement
    found = resolve_place(NAMES[code], departement=departement)
    answers = (found.commune,) if isinstance(found, Resolved) else getattr(found, "communes", ())
    assert code in {commune.code for commune in answers}
    bearers = [
        other
        for other, name in NAMES.items()
        if name == NAMES[code] and GEOGRAPHY.commune(other).departement == departement
    ]
    assert isinstance(found, Resolved) == (len(bearers) == 1) or "(" in NAMES[code]


@settings(deadline=None, max_examples=50)
@given(codes, st.sampled_from([str.upper, str.lower, str.title, lambda name: name.replace("-", " "), str.swapcase]))
def test_case_and_hyphens_change_nothing(code: str, change: Callable[[str], str]) -> None:
    assert resolve_place(change(NAMES[code])) == resolve_place(NAMES[code])


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=30), st.none() | st.text(max_size=8), st.none() | st.text(max_size=8))
def test_nothing_typed_raises(name: str, postal_code: str | None, departement: str | None) -> None:
    assert isinstance(resolve_place(name, postal_code, departement), Resolved | Candidates | NotFound)
