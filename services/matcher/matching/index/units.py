"""Numbers every unit of geography so that what a wide unit contains is a few ranges, and says what meets what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.criteria import BESIDE, WEIGHTS
from services.matcher.matching.index.places import Overlaps, overlaps_of
from shared.reference.geography import LEVELS, NATIONAL, Geography, Unit
from shared.text.vectors import MILLION

Ranges = NDArray[np.int32]
"""Rows of (first number, number after the last, share of proximity, 1 for neighbours), nearest first."""

_KEPT = 16_384


class Units:
    """The numbers of one geography: communes first, by région, département and EPCI, then what they are in."""

    def __init__(self, geography: Geography) -> None:
        self._geography = geography
        self._overlaps: Overlaps = overlaps_of(geography)
        communes = sorted(geography.units("commune"), key=self._home)
        self.number = {unit: number for number, unit in enumerate(communes)}
        for level in LEVELS[1:]:
            for unit in sorted(geography.units(level), key=self._first_commune):
                self.number[unit] = len(self.number)
        self._touching = self._neighbours_by_neighbour()
        self._serving = lru_cache(_KEPT)(self._serving_one)
        self._served = lru_cache(_KEPT)(self._served_by_one)
        self._serving_above = lru_cache(_KEPT)(self._serving_all_below)
        self._served_above = lru_cache(_KEPT)(self._served_by_all_below)

    def __len__(self) -> int:
        return len(self.number)

    def numbers(self, units: Iterable[Unit]) -> list[int]:
        """Their numbers, in order, each once."""
        return sorted({self.number[unit] for unit in units})

    def serving(self, own: Sequence[Unit]) -> Ranges:
        """Where the offers are that serve a project acting in `own`."""
        return self._together([self._serving(unit) for unit in own])

    def served(self, own: Sequence[Unit], *, accepts_neighbours: bool) -> Ranges:
        """Where the projects are that an offer for `own` serves."""
        return self._together([self._served(unit, accepts_neighbours) for unit in own])

    def _serving_one(self, own: Unit) -> Ranges:
        if own.level == "commune" and own not in self._touching:
            return self._with_commune(own, self._serving_above(self._above(own)))
        overlapping = self._overlaps.of(own)
        return self._ranges({unit: self._overlaps.worth(unit, own) for unit in overlapping}, self._touched(overlapping))

    def _served_by_one(self, own: Unit, accepts_neighbours: bool) -> Ranges:
        if own.level == "commune":
            return self._with_commune(own, self._served_above(self._above(own), accepts_neighbours))
        worth = {unit: self._overlaps.worth(unit, own) for unit in self._overlaps.of(own)}
        return self._ranges(worth, self._around(own) if accepts_neighbours else ())

    def _serving_all_below(self, above: tuple[Unit, ...]) -> Ranges:
        """What serves each commune of the same wider units, but for what is for that commune alone."""
        return self._ranges({unit: self._overlaps.worth(unit, unit) for unit in above}, self._touched(above))

    def _served_by_all_below(self, above: tuple[Unit, ...], accepts_neighbours: bool) -> Ranges:
        """What offers for each commune of the same wider units serve, but for what is in that commune alone."""
        around = (unit for each in above if each.level == "epci" for unit in self._overlaps.of(each))
        worth = {unit: self._overlaps.worth(unit, unit) for unit in above}
        return self._ranges(worth, around if accepts_neighbours else ())

    def _above(self, commune: Unit) -> tuple[Unit, ...]:
        return self._geography.units_of_commune(commune.code)[1:]

    def _touched(self, overlapping: Iterable[Unit]) -> Iterator[Unit]:
        """The units whose offers reach a place from beside, where `overlapping` share a commune with it."""
        for unit in overlapping:
            yield from self._touching.get(unit, ())
            if unit.level == "epci":
                yield from self._geography.raise_to(unit, "commune")

    def _around(self, own: Unit) -> Iterator[Unit]:
        """The units of places that an offer for `own` reaches from beside."""
        return (unit for near in self._overlaps.beside(own) for unit in self._overlaps.of(near))

    def _with_commune(self, own: Unit, ranges: Ranges) -> Ranges:
        """The same where the commune itself is the nearest."""
        number = self.number[own]
        found = [(number, number + 1, _share(self._overlaps.worth(own, own)), 0)]
        for first, last, share, beside in ranges.tolist():
            if first <= number < last:
                found += [(first, number, share, beside), (number + 1, last, share, beside)]
            else:
                found.append((first, last, share, beside))
        return np.array([each for each in found if each[0] < each[1]], np.int32)

    def _ranges(self, shared: Mapping[Unit, int], beside: Iterable[Unit]) -> Ranges:
        worth = np.zeros(len(self), np.int32)
        worth[[self.number[unit] for unit in beside]] = _share(BESIDE)
        for unit, each in shared.items():
            worth[self.number[unit]] = _share(each)
        return _ranges_of(worth)

    def _together(self, found: Sequence[Ranges]) -> Ranges:
        """Where several ranges meet, the nearest counts: neighbours are worth less than all that share a commune."""
        if len(found) == 1:
            return found[0]
        worth = np.zeros(len(self), np.int32)
        for first, last, share, _beside in (each for ranges in found for each in ranges.tolist()):
            worth[first:last] = np.maximum(worth[first:last], share)
        return _ranges_of(worth)

    def _home(self, unit: Unit) -> tuple[str, ...]:
        commune = self._geography.commune(unit.code)
        return commune.region, commune.departement, commune.epci, commune.ept, commune.code

    def _first_commune(self, unit: Unit) -> tuple[int, str]:
        communes = () if unit == NATIONAL else self._geography.raise_to(unit, "commune")
        return min((self.number[commune] for commune in communes), default=0), unit.code

    def _neighbours_by_neighbour(self) -> dict[Unit, list[Unit]]:
        found: dict[Unit, list[Unit]] = {}
        for level in LEVELS[1:]:
            for unit in self._geography.units(level):
                for near in self._geography.neighbours(unit):
                    found.setdefault(near, []).append(unit)
        return found


def _share(worth: int) -> int:
    return (2 * WEIGHTS["proximity"] * worth + MILLION) // (2 * MILLION)


def _ranges_of(worth: NDArray[np.int32]) -> Ranges:
    """The ranges of equal worth, but for those worth nothing."""
    begins = np.flatnonzero(np.diff(worth, prepend=0))
    ends = np.append(begins[1:], len(worth))
    share = worth[begins]
    found = np.stack([begins, ends, share, share == _share(BESIDE)], axis=1).astype(np.int32)[share > 0]
    return np.ascontiguousarray(found[np.argsort(-found[:, 2], kind="stable")])


units_of = lru_cache(2)(Units)
"""The numbers of a geography, shared by its indexes."""
