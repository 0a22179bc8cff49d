"""The part of a form that says where: territories, régions, départements, names typed, and what else is kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.console.views.deposit import Options, Reader, Typed
from services.console.views.typed_units import Named, named
from shared.events.shapes import PerimeterUnit
from shared.words.names import Names

Unit = tuple[str, str]
Perimeters = Mapping[str, tuple[Unit, ...]]
"""Each territory's units, as (level, code)."""

NATIONAL: Unit = ("national", "FR")
MOST_TYPED = 30
"""Names read at once: finding what is near each unknown one takes a moment."""
UNIT_LABELS = {"lieux": "Autres lieux déjà enregistrés", "lieux_ecrits": "Autres lieux"}
LABELS = {
    "territoires": "Territoires",
    "regions": "Régions",
    "departements": "Départements",
    **UNIT_LABELS,
    "voisins": "Accepter aussi les territoires voisins",
}


def read_perimeter(reader: Reader, perimeters: Perimeters) -> list[dict[str, str]]:
    """The units chosen and typed, each once; all of France when none is."""
    typed = reader.typed
    units = [unit for territory in typed.all("territoires") for unit in perimeters.get(territory, ())]
    units += [("region", code) for code in typed.all("regions")]
    units += [("departement", code) for code in typed.all("departements")]
    units += _other_units(reader)
    return _as_said(units or [NATIONAL])


def read_units(reader: Reader) -> list[dict[str, str]]:
    """The units kept and typed, each once, where a form has no other list of places."""
    return _as_said(_other_units(reader))


def perimeter_values(kept: Mapping[str, Any], perimeters: Perimeters) -> dict[str, tuple[str, ...]]:
    """The fields that give a kept perimeter back: what no list shows stays under `lieux`."""
    units = _units_of(kept)
    left = [] if units == [NATIONAL] else units
    territories = [one for one, own in perimeters.items() if own and set(own) <= set(left)]
    left = [unit for unit in left if not any(unit in perimeters[one] for one in territories)]
    return {
        "territoires": tuple(territories),
        "regions": tuple(code for level, code in left if level == "region"),
        "departements": tuple(code for level, code in left if level == "departement"),
        "lieux": tuple(_value(unit) for unit in left if unit[0] not in {"region", "departement"}),
        "lieux_ecrits": (),
        "voisins": ("oui",) if kept.get("accepts_neighbours") else (),
    }


def unit_values(kept: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The fields that give a kept perimeter back where a form has no other list of places."""
    return {"lieux": tuple(_value(unit) for unit in _units_of(kept)), "lieux_ecrits": ()}


def kept_units(kept: Mapping[str, Any], said: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The units said, those that were kept as they were kept: with their names."""
    before = {(unit["level"], unit["code"]): unit for unit in kept.get("perimeter", ())}
    return [before.get((unit["level"], unit["code"]), unit) for unit in said]


def other_places(known: Iterable[str], names: Names) -> Options:
    """Places by their value in a form, in words."""
    return tuple(
        (value, names.places(PerimeterUnit.model_validate({"level": level, "code": code})))
        for value in known
        for level, code in (_unit(value),)
    )


def place_questions(typed: Typed, names: Names) -> tuple[tuple[str, Options], ...]:
    """Question and choices for each name typed that one place alone does not bear, as long as its line is there."""
    found = [(line, named(line)) for line in _lines(typed)[:MOST_TYPED]]
    return tuple(
        (_question(line, one), other_places(map(_value, one.choices), names)) for line, one in found if one.choices
    )


def _question(line: str, found: Named) -> str:
    return f"« {line} » : de quel lieu s'agit-il ?" if found.units else f"« {line} » : vouliez-vous dire…"


def _other_units(reader: Reader) -> list[Unit]:
    """Those kept and still ticked, then those typed; says of each name what it lacks."""
    lines, chosen, faults = _lines(reader.typed), reader.typed.all("lieux_choisis"), []
    units = [_unit(value) for value in reader.typed.all("lieux")]
    for line in lines[:MOST_TYPED]:
        found = named(line)
        meant = [unit for unit in found.choices if _value(unit) in chosen] if found.choices else found.units
        units += meant
        if not meant:
            faults.append(_fault(line, found))
    if len(lines) > MOST_TYPED:
        faults.append(f"Écrivez {MOST_TYPED} lieux au plus à la fois : enregistrez, puis ajoutez les suivants.")
    if faults:
        reader.faults["lieux_ecrits"] = " ".join(faults)
    return units


def _fault(line: str, found: Named) -> str:
    if found.units:
        return f"« {line} » : plusieurs lieux répondent à ce nom, choisissez ci-dessous."
    if found.near:
        return f"« {line} » : aucun lieu ne porte ce nom, choisissez-en un proche ci-dessous ou corrigez-le."
    return f"« {line} » : aucun lieu ne porte ce nom ; vérifiez-le, par exemple Rezé ou Nantes Métropole."


def _lines(typed: Typed) -> list[str]:
    """The names typed, each once: one a line; a line that is no name is parted at its commas."""
    lines = [line.strip() for line in typed.one("lieux_ecrits").replace(";", "\n").splitlines()]
    parts = [part for line in lines for part in ([line] if named(line).units else line.split(","))]
    return list(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))


def _units_of(kept: Mapping[str, Any]) -> list[Unit]:
    return [(unit["level"], unit["code"]) for unit in kept.get("perimeter") or ()]


def _as_said(units: Iterable[Unit]) -> list[dict[str, str]]:
    return [{"level": level, "code": code} for level, code in dict.fromkeys(units)]


def _value(unit: Unit) -> str:
    return ":".join(unit)


def _unit(value: str) -> Unit:
    level, _, code = value.partition(":")
    return level, code
