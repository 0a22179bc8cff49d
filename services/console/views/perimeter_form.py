"""The part of an offer's form that says where: territories, régions, départements, and what else is kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.console.views.deposit import Options, Typed
from shared.events.shapes import PerimeterUnit
from shared.words.names import Names

Unit = tuple[str, str]
Perimeters = Mapping[str, tuple[Unit, ...]]
"""Each territory's units, as (level, code)."""

NATIONAL: Unit = ("national", "FR")
LABELS = {
    "territoires": "Territoires",
    "regions": "Régions",
    "departements": "Départements",
    "lieux": "Autres lieux déjà enregistrés",
    "voisins": "Accepter aussi les territoires voisins",
}


def read_perimeter(typed: Typed, perimeters: Perimeters) -> list[dict[str, str]]:
    """The units chosen, each once; all of France when none is."""
    units = [unit for territory in typed.all("territoires") for unit in perimeters.get(territory, ())]
    units += [("region", code) for code in typed.all("regions")]
    units += [("departement", code) for code in typed.all("departements")]
    units += [_unit(value) for value in typed.all("lieux")]
    return [{"level": level, "code": code} for level, code in dict.fromkeys(units or [NATIONAL])]


def perimeter_values(kept: Mapping[str, Any], perimeters: Perimeters) -> dict[str, tuple[str, ...]]:
    """The fields that give a kept perimeter back: what no list shows stays under `lieux`."""
    units = [(unit["level"], unit["code"]) for unit in kept.get("perimeter", ())]
    left = [] if units == [NATIONAL] else units
    territories = [one for one, own in perimeters.items() if own and set(own) <= set(left)]
    left = [unit for unit in left if not any(unit in perimeters[one] for one in territories)]
    return {
        "territoires": tuple(territories),
        "regions": tuple(code for level, code in left if level == "region"),
        "departements": tuple(code for level, code in left if level == "departement"),
        "lieux": tuple(f"{level}:{code}" for level, code in left if level not in {"region", "departement"}),
        "voisins": ("oui",) if kept.get("accepts_neighbours") else (),
    }


def kept_units(kept: Mapping[str, Any], said: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The units said, those that were kept as they were kept: with their names."""
    before = {(unit["level"], unit["code"]): unit for unit in kept.get("perimeter", ())}
    return [before.get((unit["level"], unit["code"]), unit) for unit in said]


def other_places(known: Iterable[str], names: Names) -> Options:
    """What `lieux` offers: the places of the kept perimeter that no list shows, in words."""
    return tuple(
        (value, names.places(PerimeterUnit.model_validate({"level": level, "code": code})))
        for value in known
        for level, code in (_unit(value),)
    )


def _unit(value: str) -> Unit:
    level, _, code = value.partition(":")
    return level, code
