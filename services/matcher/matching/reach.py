"""How far a change of territories reaches: which projects may be in others than before, or in others by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from services.matcher.matching.model import PreparedProject
from shared.events.shapes import Territory
from shared.reference.geography import Unit


@dataclass(frozen=True, slots=True)
class Reach:
    """What territories may change: projects in or over `units`, and those that answer one of `challenges`."""

    units: frozenset[Unit] = frozenset()
    challenges: frozenset[str] = frozenset()

    @classmethod
    def of(cls, territory: Territory) -> "Reach":
        """That of one territory, its associated perimeter too."""
        units = chain(territory.perimeter, territory.associated_perimeter)
        return cls(
            frozenset(Unit(unit.level, unit.code) for unit in units),
            frozenset(challenge.challenge_id for challenge in territory.challenges),
        )

    @classmethod
    def union(cls, several: Iterable["Reach"]) -> "Reach":
        """That of all of these."""
        found = list(several)
        return cls(
            frozenset(chain.from_iterable(each.units for each in found)),
            frozenset(chain.from_iterable(each.challenges for each in found)),
        )

    def touches(self, project: PreparedProject) -> bool:
        """Whether what is known of the project's territories may have changed."""
        if project.project.challenge_id in self.challenges:
            return True
        geography = project.place.geography
        own = {Unit("commune", project.project.commune), *project.place.units}
        known = [unit for unit in self.units if geography.exists(unit)]
        return any(geography.shares_commune(unit, place) for unit in known for place in own)
