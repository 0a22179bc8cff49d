"""How far a change of territories reaches: which projects may be in others than before, or in others by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from services.matcher.matching.place import Spot
from shared.events.shapes import Territory
from shared.reference.geography import Geography, Unit


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

    def touches(self, spot: Spot, geography: Geography) -> bool:
        """Whether what territories decide of a project there may have changed."""
        if spot.challenge_id in self.challenges:
            return True
        own = {Unit("commune", spot.commune), *spot.perimeter}
        known = [unit for unit in self.units if geography.exists(unit)]
        return any(geography.shares_commune(unit, place) for unit in known for place in own)
