"""Where a project acts, and how the perimeter of an offer meets it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from shared.events.vocabulary import ReasonCode
from shared.reference.geography import LEVELS, NATIONAL, Geography, Unit

_RELATIONS: tuple[ReasonCode, ...] = ("geo-identique", "geo-national", "geo-contenu", "geo-contient", "geo-voisin")


@dataclass(frozen=True, slots=True)
class Meeting:
    """How an offer's perimeter meets a place: by which of its units, and over how many people.

    `population` is that of the offer's unit, or of the project's where this is the wider; absent for a neighbour.
    """

    code: ReasonCode
    unit: Unit
    population: int | None


class Spot(NamedTuple):
    """All by which territories know a project: its commune, the units of its perimeter, the défi that it answers."""

    commune: str
    perimeter: tuple[Unit, ...]
    challenge_id: str | None

    @property
    def places(self) -> tuple[Unit, ...]:
        """The units in which it acts: those of its perimeter, its commune where it names none."""
        return self.perimeter or (Unit("commune", self.commune),)


@dataclass(frozen=True, slots=True)
class Place:
    """The units a project acts in, with the commune where it takes place."""

    commune: str
    units: tuple[Unit, ...]
    geography: Geography

    def meeting(self, perimeter: tuple[Unit, ...], *, accepts_neighbours: bool) -> Meeting | None:
        """The nearest way in which any unit of `perimeter` serves this place; none where it does not.

        The smallest population first, then the narrowest level, the code, and the closest relation.
        """
        found = list(self._shared(perimeter))
        if not found and accepts_neighbours:
            found = list(self._beside(perimeter))
        return min(found, key=_order) if found else None

    def _shared(self, perimeter: tuple[Unit, ...]) -> Iterator[Meeting]:
        geography = self.geography
        for unit in perimeter:
            for own in self.units:
                if geography.shares_commune(unit, own):
                    people = max(geography.population(unit), geography.population(own))
                    yield Meeting(self._relation(unit, own), unit, people)

    def _beside(self, perimeter: tuple[Unit, ...]) -> Iterator[Meeting]:
        for unit in perimeter:
            if any(self.geography.touches(unit, own) for own in self.units):
                yield Meeting("geo-voisin", unit, None)

    def _relation(self, unit: Unit, own: Unit) -> ReasonCode:
        if unit == NATIONAL:
            return "geo-national"
        if unit == own or unit == Unit("commune", self.commune):
            return "geo-identique"
        return "geo-contenu" if self.geography.contains(unit, own) else "geo-contient"


def _order(meeting: Meeting) -> tuple[int, int, str, int]:
    level = LEVELS.index(meeting.unit.level)
    return (meeting.population or 0, level, meeting.unit.code, _RELATIONS.index(meeting.code))
