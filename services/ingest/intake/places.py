"""Turns typed places and former codes into current communes and units, or says what is unclear about them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from services.ingest.intake.known import Known
from services.ingest.intake.outcome import Completion, Fault
from services.ingest.intake.structure import unknown_fields
from shared.events.shapes import Label, Shape
from shared.reference.geography import LEVELS, Commune, Unit
from shared.reference.places import NotFound, Resolved

_MOST_CANDIDATES = 10


class TypedPlace(Shape):
    """`place` of a submission: what a person types instead of an INSEE code."""

    name: Label
    postal_code: str | None = None
    departement: str | None = None


@dataclass(slots=True)
class Completing:
    """A submission being completed: its data change, faults and completions gather."""

    data: dict[str, Any]
    known: Known
    faults: list[Fault] = field(default_factory=list)
    completed: list[Completion] = field(default_factory=list)


def complete_commune(work: Completing) -> None:
    """Replaces `place` by `commune` when one commune alone answers; brings a given `commune` up to date."""
    place = work.data.pop("place", None)
    if "commune" in work.data:
        complete_code(work, work.data, "commune")
    if place is None:
        return
    if not isinstance(place, dict) or not isinstance(place.get("name"), str) or not place["name"]:
        work.faults.append(Fault("place.name" if isinstance(place, dict) else "place", "obligatoire"))
        return
    strange = list(unknown_fields(TypedPlace, place, "place"))
    hints = [place.get("postal_code"), place.get("departement")]
    if strange or not all(hint is None or isinstance(hint, str) for hint in hints):
        work.faults += strange or [Fault("place", "texte-attendu")]
        return
    _resolve(work, place["name"], *hints)


def complete_code(work: Completing, holder: dict[str, Any], name: str, path: str = "") -> None:
    """Brings the commune code in `holder[name]` up to date, or says that no commune has it."""
    code = holder.get(name)
    field_path = path or name
    if not isinstance(code, str):
        return
    current = work.known.geography.current_commune(code.upper())
    if current is None:
        served = work.known.geography.communes_of_postal_code(code)
        names = ", ".join(_label(work.known.geography.commune(found)) for found in served[:_MOST_CANDIDATES])
        facts = {"value": code[:20], **({"served": names} if served else {})}
        work.faults.append(Fault(field_path, "commune-inconnue", facts))
        del holder[name]
    elif current != code:
        holder[name] = current
        work.completed.append(Completion(field_path, current))


def complete_perimeter(work: Completing, units: Any, path: str) -> None:
    """Checks that each unit exists, brings communes up to date and writes each unit's own name."""
    for index, unit in enumerate(units if isinstance(units, list) else ()):
        if isinstance(unit, dict) and isinstance(unit.get("level"), str) and isinstance(unit.get("code"), str):
            _complete_unit(work, unit, f"{path}[{index}]")
    if isinstance(units, list):
        _drop_repeated(units)


def candidates_of(communes: Iterable[Commune]) -> list[dict[str, Any]]:
    """Communes as a problem document lists them."""
    return [
        {
            "commune": commune.code,
            "name": commune.name,
            "departement": commune.departement,
            "postal_codes": list(commune.postal_codes),
        }
        for commune in list(communes)[:_MOST_CANDIDATES]
    ]


def _resolve(work: Completing, name: str, postal_code: str | None, departement: str | None) -> None:
    found = work.known.places.resolve(name, postal_code, departement)
    if isinstance(found, Resolved):
        given = work.data.get("commune")
        if given not in (None, found.commune.code):
            work.faults.append(Fault("place", "lieu-contradictoire", {"value": given, "found": _label(found.commune)}))
            return
        work.data["commune"] = found.commune.code
        work.completed.append(Completion("commune", found.commune.code))
        return
    missing = isinstance(found, NotFound)
    communes = found.suggestions if isinstance(found, NotFound) else found.communes
    facts: dict[str, Any] = {"value": name[:80], "candidates": candidates_of(communes)}
    if communes:
        facts["near"] = ", ".join(_label(commune) for commune in communes[:_MOST_CANDIDATES])
    work.faults.append(Fault("place", "lieu-inconnu" if missing else "lieu-ambigu", facts))


def _complete_unit(work: Completing, unit: dict[str, Any], path: str) -> None:
    geography = work.known.geography
    if unit["level"] not in LEVELS:
        return
    if unit["level"] == "commune":
        complete_code(work, unit, "code", f"{path}.code")
        if "code" not in unit:
            unit["code"] = "00000"
            return
    asked = Unit(unit["level"], unit["code"])
    if geography.exists(asked):
        unit["name"] = geography.name(asked)
        return
    other = next((level for level in LEVELS if geography.exists(Unit(level, asked.code))), None)
    facts = {"level": asked.level, "value": asked.code[:20]}
    if other:
        facts |= {"other_level": other, "name": geography.name(Unit(other, asked.code))}
    work.faults.append(Fault(f"{path}.code", "code-inconnu", facts))


def _drop_repeated(units: list[Any]) -> None:
    kept: list[Any] = []
    for unit in units:
        if unit not in kept:
            kept.append(unit)
    units[:] = kept


def _label(commune: Commune) -> str:
    return f"{commune.name} ({commune.departement})"
