"""Territories publish their défis, agree with the geography, and say which communes they hold."""

from dataclasses import replace

import pytest

from shared.events.shapes import Territory as HeardTerritory
from shared.reference.files import read_json
from shared.reference.geography import Unit, UnknownUnitError, load_geography
from shared.reference.samples import sample_projects
from shared.reference.taxonomy import load_taxonomy
from shared.reference.territories import Challenge, PerimeterUnit, Territory, load_territories
from shared.reference.territory_index import TerritoryIndex

GEOGRAPHY = load_geography()
TERRITORIES = load_territories()
INDEX = TerritoryIndex(TERRITORIES)
HAUT_PAYS = Unit("epci", "200069235")


def candidate(territory_id: str, *perimeter: Unit) -> Territory:
    units = tuple(PerimeterUnit(unit.level, unit.code, GEOGRAPHY.name(unit)) for unit in perimeter)
    challenge = Challenge(f"{territory_id}-d1", "Un défi", "À relever.", "social", ("autres",))
    return replace(
        TERRITORIES[0], territory_id=territory_id, status="candidat", perimeter=units, challenges=(challenge,)
    )


def test_twenty_territories_publish_61_challenges() -> None:
    assert len(TERRITORIES) == 20
    assert sum(len(territory.challenges) for territory in TERRITORIES) == 61


@pytest.mark.parametrize("territory", TERRITORIES, ids=lambda territory: territory.territory_id)
def test_printed_facts_agree_with_geography(territory: Territory) -> None:
    codes = {code for unit in territory.perimeter for code in GEOGRAPHY.communes_of(unit.unit)}
    assert len(codes) == territory.commune_count
    assert sum(GEOGRAPHY.population(Unit("commune", code)) for code in codes) == territory.population
    for unit in (*territory.perimeter, *territory.core_perimeter, *territory.associated_perimeter):
        assert GEOGRAPHY.name(unit.unit) == unit.name


@pytest.mark.parametrize("territory", TERRITORIES, ids=lambda territory: territory.territory_id)
def test_challenges_and_collectives_use_the_taxonomy(territory: Territory) -> None:
    taxonomy = load_taxonomy()
    for challenge in territory.challenges:
        assert set(challenge.categories) <= set(taxonomy.categories)
        assert challenge.axis in taxonomy.axes
    assert {member.type for member in territory.collective} <= {*taxonomy.actor_types, None}


@pytest.mark.parametrize(
    ("code", "territories"),
    [
        ("44143", ("nantes-metropole",)),
        ("93048", ("est-ensemble", "territoire-olympique-2024")),
        ("93066", ("territoire-olympique-2024",)),
        ("75056", ()),
        ("97611", ("mayotte",)),
        ("29083", ("region-bretagne",)),
        ("39300", ("territoire-ledonien",)),
    ],
)
def test_a_commune_is_in_the_territories_whose_perimeter_holds_it(code: str, territories: tuple[str, ...]) -> None:
    assert INDEX.territories_of_commune(code) == territories


def test_a_commune_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownUnitError):
        INDEX.territories_of_commune("99999")


def test_overlaps_are_those_that_the_index_finds() -> None:
    for territory in TERRITORIES:
        codes = (code for unit in territory.perimeter for code in GEOGRAPHY.communes_of(unit.unit))
        others = {other for code in codes for other in INDEX.territories_of_commune(code)} - {territory.territory_id}
        assert others == {overlap.territory_id for overlap in territory.overlaps}


def test_answering_a_challenge_from_the_associated_perimeter_counts_as_in() -> None:
    commune = GEOGRAPHY.communes_of(HAUT_PAYS)[0]
    assert INDEX.territories_of(commune) == ()
    assert INDEX.territories_of(commune, challenge_id="montreuillois-d1") == ("montreuillois",)
    assert INDEX.territories_of(commune, challenge_id="figeac-d1") == ()
    assert INDEX.territories_of(commune, challenge_id="unknown") == ()


def test_a_perimeter_within_a_territory_counts_and_a_wider_one_does_not() -> None:
    nantes_metropole, pays_de_la_loire = Unit("epci", "244400404"), Unit("region", "52")
    assert INDEX.territories_of("44036", (nantes_metropole,)) == ("nantes-metropole",)
    assert INDEX.territories_of("44036", (pays_de_la_loire,)) == ()


def test_sample_projects_are_in_the_territory_they_name() -> None:
    for project in sample_projects():
        found = INDEX.territories_of(project["commune"], challenge_id=project.get("challenge_id"))
        assert project["territory_id"] in found


def test_a_candidate_territory_joins_the_others() -> None:
    wider = TerritoryIndex([*INDEX, candidate("lille", Unit("epci", "200093201"))])
    assert wider.territories_of_commune("59512") == ("lille", "roubaix")
    assert wider.territory_of_challenge("lille-d1") == "lille"
    assert len(wider) == 21


def test_only_labelled_territories_carry_the_label() -> None:
    wider = TerritoryIndex([*INDEX, candidate("lille", Unit("epci", "200093201"))])
    assert wider.labelled(wider.territories_of_commune("59512")) == ("roubaix",)
    assert wider.labelled(["unknown"]) == ()


def test_a_territory_declared_again_replaces_its_former_self() -> None:
    moved = TerritoryIndex([*INDEX, candidate("roubaix", Unit("commune", "59350"))])
    assert moved.territories_of_commune("59512") == ()
    assert moved.territories_of_commune("59350") == ("roubaix",)
    assert moved.challenge("roubaix-d2") is None


def test_a_unit_unknown_to_geography_holds_nobody() -> None:
    lost = replace(candidate("lost"), perimeter=(PerimeterUnit("epci", "000000000", "Nulle part"),))
    index = TerritoryIndex([lost])
    assert index.territories_of("44143", (Unit("epci", "244400404"),)) == ()


def test_heard_territories_are_indexed_alike() -> None:
    heard = [HeardTerritory.model_validate(data) for data in read_json("territories.json")["territories"]]
    index = TerritoryIndex(heard)
    challenge = index.challenge("aix-marseille-provence-d1")
    assert challenge is not None
    assert challenge.title == "Cultiver Marseille"
    assert index.territories_of_commune("93048") == INDEX.territories_of_commune("93048")
    assert [territory.territory_id for territory in index] == [territory.territory_id for territory in INDEX]
