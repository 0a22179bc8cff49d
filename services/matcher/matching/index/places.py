"""Which units of geography overlap which, enumerated, and the rows filed under units."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from services.matcher.matching.criteria import closeness
from services.matcher.matching.index.table import Rows
from shared.reference.geography import LEVELS, Geography, Unit

_KEPT_OVERLAPS = 8_192


class Overlaps:
    """For one geography: the units that share a commune with a unit, whatever their level; the last ones are kept."""

    def __init__(self, geography: Geography) -> None:
        self._geography = geography
        self.of = lru_cache(_KEPT_OVERLAPS)(self._overlapping)

    def _overlapping(self, unit: Unit) -> tuple[Unit, ...]:
        return tuple(other for level in LEVELS for other in self._geography.raise_to(unit, level))

    def worth(self, a: Unit, b: Unit) -> int:
        """What proximity is worth where these two meet, in millionths."""
        return _closeness(max(self._geography.population(a), self._geography.population(b)))

    def beside(self, unit: Unit) -> Iterable[Unit]:
        """The units that make an offer's `unit` a neighbour of every place that shares a commune with one of them."""
        if unit.level == "commune":
            return self._geography.raise_to(unit, "epci")
        return self._geography.neighbours(unit)


class Filed:
    """Rows by unit."""

    def __init__(self) -> None:
        self._rows: dict[Unit, Rows] = {}

    def add(self, units: Iterable[Unit], row: int) -> None:
        """File a row under each of these units."""
        for unit in units:
            self._rows.setdefault(unit, Rows()).add(row)

    def discard(self, units: Iterable[Unit], row: int) -> None:
        """Take it from under each of them."""
        for unit in units:
            rows = self._rows.get(unit)
            if rows is not None:
                rows.discard(row)
                if not rows:
                    del self._rows[unit]

    def among(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, Rows]]:
        """Those of `units` that have rows, with them."""
        return ((unit, self._rows[unit]) for unit in units if unit in self._rows)


_closeness = lru_cache(1 << 16)(closeness)
overlaps_of = lru_cache(2)(Overlaps)
"""The overlaps of a geography, shared by its indexes: they only remember what never changes."""
