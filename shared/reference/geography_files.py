"""Turns the geography files into the columns and tables that `Geography` works on."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from shared.reference.files import read_plain_rows, read_rows


class Unit(NamedTuple):
    """One administrative unit: a level of the taxonomy and its INSEE or SIREN code (`FR` at the national level)."""

    level: str
    code: str


NATIONAL = Unit("national", "FR")


class Parents(NamedTuple):
    """What stands above a commune; an empty string where it has no such unit."""

    ept: str
    epci: str
    departement: str
    region: str


@dataclass(frozen=True, slots=True)
class Area:
    """A unit above the communes; `kind` is CC, CA, CU, METRO, MET69 or EPT, empty at the other levels."""

    unit: Unit
    name: str
    population: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class CommuneColumns:
    """Every current commune, one row each in the order of codes; `parents[cell_of[row]]` stands above it."""

    row_of: dict[str, int]
    codes: list[str]
    names: list[str]
    postal_codes: list[str]
    population: "array[int]"
    cell_of: "array[int]"
    parents: list[Parents]


@dataclass(frozen=True, slots=True)
class FormerCommune:
    """A code or name no longer in force (or a municipal arrondissement) and the commune that stands for it today."""

    name: str
    current_commune: str


def read_communes() -> tuple[CommuneColumns, dict[str, str]]:
    """The communes, and the commune of each municipal arrondissement of Paris, Lyon and Marseille."""
    arrondissements: dict[str, str] = {}
    cells: dict[tuple[str, str, str, str], int] = {}
    row_of: dict[str, int] = {}
    names, postal_codes = [], []
    population, cell_of = array("i"), array("i")
    seen: dict[str, str] = {}  # one string object per postal code, whatever the number of its communes
    for code, kind, name, parent, epci, ept, departement, region, _zone, inhabitants, postal in read_plain_rows(
        "geography/communes.csv.gz"
    ):
        if kind != "commune":
            arrondissements[code] = parent
            continue
        row_of[code] = len(row_of)
        names.append(name)
        postal_codes.append(seen.setdefault(postal, postal))
        population.append(int(inhabitants or 0))
        cell_of.append(cells.setdefault((ept, epci, departement, region), len(cells)))
    parents = [Parents(*above) for above in cells]
    columns = CommuneColumns(row_of, list(row_of), names, postal_codes, population, cell_of, parents)
    return columns, arrondissements


def read_former_communes() -> dict[str, FormerCommune]:
    """Former INSEE codes, each with its name (empty where none is known) and its current commune."""
    rows = read_plain_rows("geography/former_communes.csv.gz")
    return {code: FormerCommune(name, current) for code, name, _kind, current in rows}


def read_areas() -> Iterator[Area]:
    """EPT, EPCI, départements and régions, then France; in the order of the files."""
    for code, level, kind, name, _parent, _departements, _regions, _communes, population in read_rows(
        "geography/epci.csv"
    ):
        yield Area(Unit(level, code), name, int(population), kind)
    for code, name, _region, _seat, _zone, _communes, population in read_rows("geography/departements.csv"):
        yield Area(Unit("departement", code), name, int(population))
    whole = 0
    for code, name, _seat, _zone, _departements, _communes, population in read_rows("geography/regions.csv"):
        yield Area(Unit("region", code), name, int(population))
        whole += int(population)
    yield Area(NATIONAL, "France", whole)


def read_neighbours() -> dict[Unit, tuple[Unit, ...]]:
    """The units that share a land boundary with each unit, sorted; units without neighbour are absent."""
    pairs = [(Unit(a, b), Unit(c, d)) for a, b, c, d in read_plain_rows("geography/epci_neighbours.csv.gz")]
    for level in ("departement", "region"):
        rows = read_plain_rows(f"geography/{level}_neighbours.csv")
        pairs.extend((Unit(level, a), Unit(level, b)) for a, b in rows)
    found: dict[Unit, set[Unit]] = {}
    for a, b in pairs:
        found.setdefault(a, set()).add(b)
        found.setdefault(b, set()).add(a)
    return {unit: tuple(sorted(others)) for unit, others in found.items()}
