"""The 20 labelled territories with their défis and collectives, as the data file tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.reference.files import read_json
from shared.reference.geography import Unit

__all__ = [
    "Challenge",
    "CollectiveMember",
    "Figure",
    "Overlap",
    "PerimeterUnit",
    "Territory",
    "load_territories",
]


@dataclass(frozen=True, slots=True)
class PerimeterUnit:
    """A named unit of a perimeter; `why` tells what ties an associated unit to the territory."""

    level: str
    code: str
    name: str
    why: str | None = None

    @property
    def unit(self) -> Unit:
        """The same unit, as geography takes it."""
        return Unit(self.level, self.code)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A défi: a need published by a territory; the first category is the main one."""

    challenge_id: str
    title: str
    description: str
    axis: str
    categories: tuple[str, ...]
    ends_on: str | None = None


@dataclass(frozen=True, slots=True)
class CollectiveMember:
    """A member or supporter of the collective; `type` is an actor type of the taxonomy, absent where unclear."""

    name: str
    role: str
    type: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A number printed about the territory, in its unit."""

    label: str
    value: int
    unit: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another territory that shares communes with this one; `relation` is inside or contains."""

    territory_id: str
    relation: str
    shared_communes: int


@dataclass(frozen=True, slots=True)
class Territory:
    """A labelled territory; `approximation` says how its perimeter was chosen where no official body is named."""

    territory_id: str
    name: str
    kind: str
    status: str
    summary: str
    perimeter: tuple[PerimeterUnit, ...]
    core_perimeter: tuple[PerimeterUnit, ...]
    associated_perimeter: tuple[PerimeterUnit, ...]
    challenges: tuple[Challenge, ...]
    collective: tuple[CollectiveMember, ...]
    figures: tuple[Figure, ...]
    overlaps: tuple[Overlap, ...]
    notes: tuple[str, ...]
    commune_count: int
    population: int
    departements: tuple[str, ...]
    regions: tuple[str, ...]
    labelled_on: str
    approximation: str | None = None


@cache
def load_territories() -> tuple[Territory, ...]:
    """The first 20 labelled territories, by id; read once per process."""
    return tuple(_territory(data) for data in read_json("territories.json")["territories"])


def _territory(data: Mapping[str, Any]) -> Territory:
    return Territory(
        territory_id=data["territory_id"],
        name=data["name"],
        kind=data["kind"],
        status=data["status"],
        summary=data["summary"],
        perimeter=_units(data["perimeter"]),
        core_perimeter=_units(data["core_perimeter"]),
        associated_perimeter=_units(data["associated_perimeter"]),
        challenges=tuple(_challenge(challenge) for challenge in data["challenges"]),
        collective=tuple(CollectiveMember(**member) for member in data["collective"]),
        figures=tuple(Figure(figure["label"], figure["value"], figure["unit"]) for figure in data["figures"]),
        overlaps=tuple(Overlap(**overlap) for overlap in data["overlaps"]),
        notes=tuple(data["notes"]),
        commune_count=data["commune_count"],
        population=data["population"],
        departements=tuple(data["departements"]),
        regions=tuple(data["regions"]),
        labelled_on=data["label"]["date"],
        approximation=data.get("approximation"),
    )


def _units(data: list[dict[str, str]]) -> tuple[PerimeterUnit, ...]:
    return tuple(PerimeterUnit(**unit) for unit in data)


def _challenge(data: Mapping[str, Any]) -> Challenge:
    return Challenge(
        data["challenge_id"],
        data["title"],
        data["description"],
        data["axis"],
        tuple(data["categories"]),
        data.get("ends_on"),
    )
