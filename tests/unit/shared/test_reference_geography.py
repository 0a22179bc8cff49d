"""The geography answers as the official files do: what holds, touches or became what, and how many live there."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.reference.geography import LEVELS, NATIONAL, Unit, UnknownUnitError, load_geography

GEOGRAPHY = load_geography()
COMMUNES = GEOGRAPHY.units("commune")
AREAS = [unit for level in LEVELS[1:] for unit in GEOGRAPHY.units(level)]

communes = st.sampled_from(COMMUNES)
areas = st.sampled_from(AREAS)
units = st.one_of(
    communes, areas, communes.flatmap(lambda unit: st.sampled_from(GEOGRAPHY.units_of_commune(unit.code)))
)

PARIS = Unit("commune", "75056")
GREATER_PARIS = Unit("epci", "200054781")
PLAINE_COMMUNE = Unit("ept", "200057867")
EST_ENSEMBLE = Unit("ept", "200057875")
ROISSY = Unit("epci", "200055655")
AIX_MARSEILLE = Unit("epci", "200054807")
NANTES_METROPOLE = Unit("epci", "244400404")


def commune(code: str) -> Unit:
    return Unit("commune", code)


def departement(code: str) -> Unit:
    return Unit("departement", code)


def test_counts_are_those_of_the_files() -> None:
    counts = {level: len(GEOGRAPHY.units(level)) for level in LEVELS}
    assert counts == {"commune": 34_969, "ept": 11, "epci": 1_255, "departement": 109, "region": 26, "national": 1}


def test_a_commune_of_greater_paris_has_an_ept_and_an_epci() -> None:
    assert GEOGRAPHY.units_of_commune("93066") == (
        commune("93066"),
        PLAINE_COMMUNE,
        GREATER_PARIS,
        departement("93"),
        Unit("region", "11"),
        NATIONAL,
    )


def test_paris_has_no_ept() -> None:
    assert [unit.level for unit in GEOGRAPHY.units_of_commune("75056")] == [
        "commune",
        "epci",
        "departement",
        "region",
        "national",
    ]


@pytest.mark.parametrize("code", ["22016", "29083", "29155", "85113", "97502", "98735"])
def test_islands_and_overseas_collectivities_have_no_epci_and_touch_nothing(code: str) -> None:
    assert GEOGRAPHY.raise_to(commune(code), "epci") == ()
    assert not GEOGRAPHY.touches(commune(code), PARIS)
    assert GEOGRAPHY.contains(NATIONAL, commune(code))


@pytest.mark.parametrize(
    ("code", "current"),
    [
        ("44143", "44143"),
        ("01003", "01165"),
        ("93059", "93066"),
        ("75101", "75056"),
        ("13203", "13055"),
        ("69381", "69123"),
        ("99999", None),
        ("", None),
    ],
)
def test_former_codes_and_arrondissements_become_current_communes(code: str, current: str | None) -> None:
    assert GEOGRAPHY.current_commune(code) == current


def test_every_former_code_leads_to_a_current_commune() -> None:
    assert all(
        GEOGRAPHY.exists(commune(former.current_commune)) and not GEOGRAPHY.exists(commune(code))
        for code, former in GEOGRAPHY.former_communes.items()
    )


def test_an_epci_astride_departements_is_raised_to_each() -> None:
    assert GEOGRAPHY.raise_to(AIX_MARSEILLE, "departement") == (departement("13"), departement("83"), departement("84"))
    assert GEOGRAPHY.shares_commune(AIX_MARSEILLE, departement("84"))
    assert not GEOGRAPHY.contains(departement("13"), AIX_MARSEILLE)


def test_paris_is_a_commune_and_a_departement() -> None:
    assert GEOGRAPHY.contains(PARIS, departement("75"))
    assert GEOGRAPHY.contains(GREATER_PARIS, departement("75"))
    assert not GEOGRAPHY.contains(departement("75"), GREATER_PARIS)


@settings(deadline=None)
@given(communes)
def test_each_unit_of_a_commune_contains_it(unit: Unit) -> None:
    for above in GEOGRAPHY.units_of_commune(unit.code):
        assert GEOGRAPHY.contains(above, unit)
        assert GEOGRAPHY.shares_commune(above, unit)
        assert GEOGRAPHY.raise_to(unit, above.level) == (above,)


@settings(deadline=None)
@given(units, units)
def test_containing_and_sharing_are_those_of_sets_of_communes(a: Unit, b: Unit) -> None:
    in_a, in_b = set(GEOGRAPHY.communes_of(a)), set(GEOGRAPHY.communes_of(b))
    assert GEOGRAPHY.contains(a, b) == (in_b <= in_a)
    assert GEOGRAPHY.shares_commune(a, b) == bool(in_a & in_b)
    assert (b in GEOGRAPHY.raise_to(a, b.level)) == bool(in_a & in_b)


@settings(deadline=None)
@given(st.sampled_from(GEOGRAPHY.units("epci") + GEOGRAPHY.units("departement") + GEOGRAPHY.units("region")), units)
def test_an_area_touches_who_has_a_commune_in_a_neighbour(offer: Unit, project: Unit) -> None:
    around = {code for unit in GEOGRAPHY.neighbours(offer) for code in GEOGRAPHY.communes_of(unit)}
    assert GEOGRAPHY.touches(offer, project) == bool(around & set(GEOGRAPHY.communes_of(project)))


@settings(deadline=None)
@given(areas)
def test_neighbours_are_mutual_and_apart(unit: Unit) -> None:
    for other in GEOGRAPHY.neighbours(unit):
        assert unit in GEOGRAPHY.neighbours(other)
        assert not GEOGRAPHY.shares_commune(unit, other)


@pytest.mark.parametrize(
    ("offer", "project", "expected"),
    [
        (departement("44"), commune("85191"), True),  # La Roche-sur-Yon, in the next département
        (departement("44"), commune("75056"), False),
        (departement("2A"), departement("2B"), True),
        (departement("974"), departement("976"), False),
        (Unit("region", "53"), commune("44109"), True),
        (Unit("region", "53"), commune("13055"), False),
        (NANTES_METROPOLE, commune("44020"), False),  # Bouguenais, inside
        (NANTES_METROPOLE, commune("44036"), False),  # Châteaubriant, too far
        (NATIONAL, commune("97411"), False),
        (commune("44143"), commune("44109"), True),  # Rezé and Nantes, in one EPCI
        (commune("44143"), commune("44143"), False),
        (commune("44143"), commune("44036"), False),
        (commune("13055"), departement("84"), True),  # by Pertuis, in Marseille's EPCI
        (PLAINE_COMMUNE, EST_ENSEMBLE, True),
        (PLAINE_COMMUNE, PARIS, True),
        (PLAINE_COMMUNE, commune("95585"), True),  # Sarcelles, in Roissy Pays de France
        (PLAINE_COMMUNE, commune("94028"), False),  # Créteil, in an EPT further away
        (ROISSY, commune("93066"), True),
        (ROISSY, PARIS, True),  # Paris is raised to the Métropole du Grand Paris
        (PARIS, commune("93066"), True),
    ],
)
def test_what_touches_what(offer: Unit, project: Unit, expected: bool) -> None:
    assert GEOGRAPHY.touches(offer, project) is expected


def test_populations_above_the_commune_are_sums() -> None:
    for unit in (NANTES_METROPOLE, departement("976"), Unit("region", "28"), NATIONAL, EST_ENSEMBLE):
        codes = GEOGRAPHY.communes_of(unit)
        assert GEOGRAPHY.population(unit) == sum(GEOGRAPHY.population(commune(code)) for code in codes)


@pytest.mark.parametrize(
    ("unit", "label"),
    [
        (commune("44143"), "Rezé (44)"),
        (departement("44"), "Loire-Atlantique (département)"),
        (Unit("region", "53"), "Bretagne (région)"),
        (NANTES_METROPOLE, "Nantes Métropole"),
        (NATIONAL, "France"),
    ],
)
def test_labels_are_unmistakable(unit: Unit, label: str) -> None:
    assert GEOGRAPHY.label(unit) == label


def test_overseas_departements_have_their_whole_hierarchy() -> None:
    assert GEOGRAPHY.units_of_commune("97411") == (
        commune("97411"),
        Unit("epci", "249740119"),
        departement("974"),
        Unit("region", "04"),
        NATIONAL,
    )


@pytest.mark.parametrize("unit", [commune("99999"), Unit("epci", "0"), Unit("canton", "4401"), Unit("national", "BE")])
def test_unknown_units_are_refused(unit: Unit) -> None:
    assert not GEOGRAPHY.exists(unit)
    for question in (GEOGRAPHY.name, GEOGRAPHY.population, GEOGRAPHY.communes_of, GEOGRAPHY.neighbours):
        with pytest.raises(UnknownUnitError):
            question(unit)
    with pytest.raises(UnknownUnitError):
        GEOGRAPHY.shares_commune(NATIONAL, unit)
    with pytest.raises(UnknownUnitError):
        GEOGRAPHY.touches(unit, PARIS)


def test_all_reference_data_fits_in_60_megabytes() -> None:
    code = (
        "import pathlib, resource, sys\n"
        "from shared.reference import geography, places, samples, taxonomy, territories, territory_index\n"
        "geography.load_geography(), places.load_places(), taxonomy.load_taxonomy(), samples.funds()\n"
        "territory_index.TerritoryIndex(territories.load_territories())\n"
        "status = pathlib.Path('/proc/self/status')\n"  # `ru_maxrss` counts the parent's memory, too, on Linux
        "lines = status.read_text().splitlines() if status.exists() else []\n"
        "peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith('VmHWM')]\n"
        "print(peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(answer.stdout) < 60_000_000
