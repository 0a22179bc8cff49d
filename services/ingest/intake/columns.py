"""The columns of a table of submissions: paths in the shape, and how the text of a cell becomes a value."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from services.ingest.intake.outcome import Fault
from services.ingest.intake.places import TypedPlace
from services.ingest.intake.reading import COMPUTED, KINDS, ContactShape
from services.ingest.intake.structure import shape_in
from shared.events.shapes import Need, PerimeterUnit
from shared.events.vocabulary import CommitmentKind, EntityType

Cell = str | int | float | bool | date | datetime | None
Convert = Callable[[Cell], Any]

_WIDTHS = {"commune": 5, "postal_code": 5, "siren": 9, "departement": 2}
"""Spreadsheets eat the leading zeros of codes."""
_YES = frozenset({"oui", "vrai", "true", "yes", "x", "1"})
_NO = frozenset({"non", "faux", "false", "no", "0"})
_NEED = re.compile(r"needs\[(\d+)\]((?:\.\w+)?)(?:\[.*)?")
_FRENCH_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


@cache
def columns_of(entity_type: EntityType) -> Mapping[str, Convert]:
    """Name of each column -> how its cells are read: `owner.name`, `categories`, `needs.mecenat-nature.amount_eur`.

    Lists are separated by `|`; a perimeter is written `epci:244400404|commune:44109`.
    """
    columns = dict(_leaves(KINDS[entity_type].shape))
    extra = KINDS[entity_type].extra
    if "contact" in extra:
        columns |= dict(_leaves(ContactShape, "contact."))
    if "place" in extra:
        columns |= dict(_leaves(TypedPlace, "place."))
    if entity_type == "project":
        for kind in get_args(CommitmentKind):
            columns[f"needs.{kind}"] = _yes_or_no
            columns |= {name: how for name, how in _leaves(Need, f"needs.{kind}.") if not name.endswith(".kind")}
    return {name: how for name, how in columns.items() if name not in COMPUTED}


def placed(data: dict[str, Any], column: str, value: Any) -> None:
    """Puts the value of a column where its path says; a value of a need makes that need."""
    if column.startswith("needs."):
        _place_need(data, column, value)
        return
    *path, name = column.split(".")
    for step in path:
        data = data.setdefault(step, {})
    data[name] = value


def in_columns(faults: Iterable[Fault], data: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Faults of what a row came to, each with the column it was read from as its field."""
    return tuple(replace(fault, field=_column(fault.field, data), in_table=True) for fault in faults)


def _column(field: str, data: Mapping[str, Any]) -> str:
    found = _NEED.fullmatch(field)
    if found:
        return f"needs.{data['needs'][int(found[1])]['kind']}{found[2].removesuffix('.kind')}"
    return field.partition("[")[0]


def _place_need(data: dict[str, Any], column: str, value: Any) -> None:
    _, kind, *name = column.split(".")
    if not name and value is False:
        return
    needs = data.setdefault("needs", [])
    need = next((each for each in needs if each["kind"] == kind), None)
    if need is None:
        need = {"kind": kind}
        needs.append(need)
    if name:
        need[name[0]] = value


def _leaves(shape: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Convert]]:
    for name, field in shape.model_fields.items():
        inner = shape_in(field.annotation)
        if inner is PerimeterUnit:
            yield prefix + name, _perimeter
        elif inner is None:
            yield prefix + name, _conversion(name, field.annotation)
        elif not _is_list(field.annotation):
            yield from _leaves(inner, f"{prefix}{name}.")


def _conversion(name: str, annotation: Any) -> Convert:
    if name in _WIDTHS:
        return lambda cell: str(_whole(cell)).zfill(_WIDTHS[name]) if isinstance(cell, int | float) else _text(cell)
    if _is_list(annotation):
        free = not any(get_origin(part) in {Literal, Union, UnionType} for part in _parts(annotation))
        return _texts if free else _ids
    kinds = {part for part in _parts(annotation) if isinstance(part, type)}
    for kind, convert in ((bool, _yes_or_no), (int, _number), (date, _day)):
        if kind in kinds:
            return convert
    return _text


def _parts(annotation: Any) -> Iterator[Any]:
    """The annotation and all that it is made of, `None` apart."""
    yield annotation
    for part in get_args(annotation):
        if part is not NoneType and part is not Ellipsis and get_origin(annotation) is not Literal:
            yield from _parts(part)


def _is_list(annotation: Any) -> bool:
    return any(get_origin(part) is tuple for part in _parts(annotation))


def _whole(cell: Cell) -> Cell:
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _text(cell: Cell) -> Any:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(_whole(cell))


def _number(cell: Cell) -> Any:
    if isinstance(cell, str):
        digits = re.sub(r"[\s€]", "", cell).removesuffix(",00").removesuffix(".00")
        return int(digits) if re.fullmatch(r"-?\d{1,15}", digits) else cell
    return _whole(cell)


def _yes_or_no(cell: Cell) -> Any:
    word = str(_whole(cell)).strip().lower()
    return True if word in _YES else False if word in _NO else cell


def _day(cell: Cell) -> Any:
    found = _FRENCH_DATE.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if found:
        return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    if isinstance(cell, date):
        return cell.isoformat()[:10]
    return cell


def _texts(cell: Cell) -> Any:
    return [part.strip() for part in re.split(r"[|\n]", str(cell)) if part.strip()]


def _ids(cell: Cell) -> Any:
    return [part.strip() for part in re.split(r"[|,;\n]", str(cell)) if part.strip()]


def _perimeter(cell: Cell) -> Any:
    pairs = (part.partition(":") for part in _ids(cell))
    return [{"level": level.strip(), "code": code.strip()} for level, _, code in pairs]
