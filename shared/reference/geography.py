"""French geography as one hierarchy, commune to France: what contains, shares a commune with or touches what."""

from functools import cache
from typing import NamedTuple

from shared.reference.geography_files import (
    NATIONAL,
    Area,
    CommuneColumns,
    FormerCommune,
    Parents,
    Unit,
    read_areas,
    read_communes,
    read_former_communes,
    read_neighbours,
)

__all__ = ["LEVELS", "NATIONAL", "Commune", "Geography", "Unit", "UnknownUnitError", "load_geography"]

LEVELS = ("commune", "ept", "epci", "departement", "region", "national")
"""From the narrowest to the widest; a commune has at most one unit of each."""


class UnknownUnitError(LookupError):
    """No such level, or no such code at this level today (former codes: see `Geography.current_commune`)."""


class Commune(NamedTuple):
    """One current commune; `epci` and `ept` are empty where it belongs to none."""

    code: str
    name: str
    population: int
    ept: str
    epci: str
    departement: str
    region: str
    postal_codes: tuple[str, ...]


class Geography:
    """Answers questions on units, in memory and without side effect; methods raise `UnknownUnitError`.

    Communes with the same EPT, EPCI and département form a cell. Units above the commune are sets of cells, so that
    containing, sharing and raising are operations on small sets of integers.
    """

    def __init__(
        self,
        columns: CommuneColumns,
        areas: dict[Unit, Area],
        neighbours: dict[Unit, tuple[Unit, ...]],
        former: dict[str, FormerCommune],
    ) -> None:
        self._columns = columns
        self._areas = areas
        self._neighbours = neighbours
        self.former_communes = former
        self._members: list[list[str]] = [[] for _ in columns.parents]
        for code, cell in zip(columns.codes, columns.cell_of, strict=True):
            self._members[cell].append(code)
        self._cells = _cells_of_areas(columns.parents)
        for unit in areas:
            self._cells.setdefault(unit, frozenset())

    # What exists

    def exists(self, unit: Unit) -> bool:
        """Whether this level has this code today; never raises."""
        return unit[1] in self._columns.row_of if unit[0] == "commune" else unit in self._areas

    def units(self, level: str) -> tuple[Unit, ...]:
        """All units of a level, in the order of their codes."""
        if level == "commune":
            return tuple(Unit("commune", code) for code in self._columns.codes)
        return tuple(sorted(unit for unit in self._areas if unit.level == level))

    def name(self, unit: Unit) -> str:
        """Its name in French, with its article where it bears one (« Le Mans »)."""
        return self._columns.names[self._row(unit[1])] if unit[0] == "commune" else self._area(unit).name

    def commune_names(self) -> dict[str, str]:
        """The name of every current commune by its code, in the order of codes; a new dictionary."""
        return dict(zip(self._columns.codes, self._columns.names, strict=True))

    def label(self, unit: Unit) -> str:
        """Its name made unmistakable: « Rezé (44) », « Loire-Atlantique (département) », « Nantes Métropole »."""
        level, code = unit
        if level == "commune":
            return f"{self.name(unit)} ({self.commune(code).departement})"
        if level in {"departement", "region"}:
            return f"{self.name(unit)} ({'département' if level == 'departement' else 'région'})"
        return self.name(unit)

    def population(self, unit: Unit) -> int:
        """Its municipal population; 0 for the few uninhabited communes."""
        return self._columns.population[self._row(unit[1])] if unit[0] == "commune" else self._area(unit).population

    def commune(self, code: str) -> Commune:
        """All that is known of a current commune."""
        row = self._row(code)
        columns = self._columns
        postal_codes = tuple(columns.postal_codes[row].split("|")) if columns.postal_codes[row] else ()
        parents = columns.parents[columns.cell_of[row]]
        return Commune(code, columns.names[row], columns.population[row], *parents, postal_codes)

    def current_commune(self, code: str) -> str | None:
        """The commune that a code stands for today: itself, its successor, or the city of an arrondissement."""
        if code in self._columns.row_of:
            return code
        former = self.former_communes.get(code)
        return former.current_commune if former else None

    def communes_of_postal_code(self, postal_code: str) -> tuple[str, ...]:
        """The codes of the communes that a post code serves, sorted; CEDEX codes serve none."""
        if len(postal_code) != 5:
            return ()
        rows = zip(self._columns.codes, self._columns.postal_codes, strict=True)
        return tuple(code for code, postal_codes in rows if postal_code in postal_codes)

    # Up and down the hierarchy

    def units_of_commune(self, code: str) -> tuple[Unit, ...]:
        """The commune itself, then all units above it up to France, narrowest first."""
        parents = self._columns.parents[self._columns.cell_of[self._row(code)]]
        above = (Unit(level, parent) for level, parent in zip(LEVELS[1:5], parents, strict=True) if parent)
        return (Unit("commune", code), *above, NATIONAL)

    def communes_of(self, unit: Unit) -> tuple[str, ...]:
        """The codes of the communes of a unit, sorted."""
        if unit[0] == "commune":
            return (self._columns.codes[self._row(unit[1])],)
        cells = self._cells_of(unit)
        return tuple(sorted(code for cell in cells for code in self._members[cell]))

    def raise_to(self, unit: Unit, level: str) -> tuple[Unit, ...]:
        """The units of `level` that share a commune with `unit`, sorted: several for an EPCI astride départements.

        Also answers downwards (the EPCI of a région); none for a commune outside any EPCI.
        """
        if level == unit[0]:
            self._cells_of(unit)
            return (Unit(*unit),)
        if level == "commune":
            return tuple(Unit("commune", code) for code in self.communes_of(unit))
        if level == "national":
            return (NATIONAL,) if self._cells_of(unit) else ()
        if level not in LEVELS:
            raise UnknownUnitError(level)
        column = LEVELS.index(level) - 1
        codes = {self._columns.parents[cell][column] for cell in self._cells_of(unit)} - {""}
        return tuple(Unit(level, code) for code in sorted(codes))

    # Pairs of units

    def contains(self, outer: Unit, inner: Unit) -> bool:
        """Whether every commune of `inner` is in `outer`; a unit contains itself."""
        cells, inside = self._cells_of(outer), self._cells_of(inner)
        if outer[0] == "commune":
            return outer[1:] == inner[1:] if inner[0] == "commune" else self.communes_of(inner) == (outer[1],)
        return inside <= cells

    def shares_commune(self, a: Unit, b: Unit) -> bool:
        """Whether some commune is in both; symmetric, whatever the two levels."""
        cells_a, cells_b = self._cells_of(a), self._cells_of(b)
        if a[0] == "commune" == b[0]:
            return a[1] == b[1]
        return not cells_a.isdisjoint(cells_b)

    def neighbours(self, unit: Unit) -> tuple[Unit, ...]:
        """The units in the neighbour tables beside it, sorted; none for islands and most communes."""
        self._cells_of(unit)
        return self._neighbours.get(Unit(*unit), ())

    def touches(self, offer_unit: Unit, project_unit: Unit) -> bool:
        """Whether the project's unit, raised to the level of the offer's, is beside the offer's unit.

        A commune touches the other communes of its EPCI. An EPT has neighbours among EPT, EPCI outside Greater Paris,
        and Paris. Says nothing on units that share a commune: ask `shares_commune` first.
        """
        if offer_unit[0] != "commune":
            return any(self.shares_commune(unit, project_unit) for unit in self.neighbours(offer_unit))
        around = self.raise_to(offer_unit, "epci")
        return any(self.shares_commune(epci, project_unit) for epci in around) and not self.contains(
            offer_unit, project_unit
        )

    def _row(self, code: str) -> int:
        row = self._columns.row_of.get(code)
        if row is None:
            raise UnknownUnitError(Unit("commune", code))
        return row

    def _area(self, unit: Unit) -> Area:
        area = self._areas.get(unit)
        if area is None:
            raise UnknownUnitError(unit)
        return area

    def _cells_of(self, unit: Unit) -> frozenset[int]:
        if unit[0] == "commune":
            return frozenset((self._columns.cell_of[self._row(unit[1])],))
        cells = self._cells.get(unit)
        if cells is None:
            raise UnknownUnitError(unit)
        return cells


def _cells_of_areas(parents: list[Parents]) -> dict[Unit, frozenset[int]]:
    cells: dict[Unit, set[int]] = {}
    for cell, above in enumerate(parents):
        for level, code in zip(LEVELS[1:5], above, strict=True):
            if code:
                cells.setdefault(Unit(level, code), set()).add(cell)
        cells.setdefault(NATIONAL, set()).add(cell)
    return {unit: frozenset(found) for unit, found in cells.items()}


@cache
def load_geography() -> Geography:
    """The geography of 1 January 2026 from the data files, read once per process."""
    columns, arrondissements = read_communes()
    former = read_former_communes()
    former.update((code, FormerCommune("", city)) for code, city in arrondissements.items())
    areas = {area.unit: area for area in read_areas()}
    return Geography(columns, areas, read_neighbours(), former)
