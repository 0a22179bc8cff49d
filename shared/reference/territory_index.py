"""Tells which territories a place is in, over any list of territories: the reference's, heard ones, candidates."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from shared.reference.geography import Geography, Unit, load_geography

__all__ = ["ChallengeLike", "TerritoryIndex", "TerritoryLike", "UnitLike"]


class UnitLike(Protocol):
    """Anything that names a geographic unit: `geography.Unit`, a unit of a perimeter, the same in an event."""

    @property
    def level(self) -> str: ...
    @property
    def code(self) -> str: ...


class ChallengeLike(Protocol):
    """What every shape of a défi has."""

    @property
    def challenge_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def categories(self) -> Sequence[str]: ...


class TerritoryLike(Protocol):
    """What every shape of a territory has: the reference's and the events'."""

    @property
    def territory_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def perimeter(self) -> Sequence[UnitLike]: ...
    @property
    def associated_perimeter(self) -> Sequence[UnitLike]: ...
    @property
    def challenges(self) -> Sequence[ChallengeLike]: ...


T = TypeVar("T", bound=TerritoryLike)


class TerritoryIndex(Generic[T]):
    """Territories by id, place and défi; never changes. Of two with one id, the later counts.

    Units that geography does not know hold no commune. Answers are sorted by id.
    """

    def __init__(self, territories: Iterable[T], geography: Geography | None = None) -> None:
        self._geography = geography or load_geography()
        by_id = {territory.territory_id: territory for territory in territories}
        self._territories = {territory_id: by_id[territory_id] for territory_id in sorted(by_id)}
        self._by_unit: dict[Unit, list[str]] = {}
        self._challenges: dict[str, tuple[str, ChallengeLike]] = {}
        for territory_id, territory in self._territories.items():
            for unit in territory.perimeter:
                self._by_unit.setdefault(Unit(unit.level, unit.code), []).append(territory_id)
            for challenge in territory.challenges:
                self._challenges.setdefault(challenge.challenge_id, (territory_id, challenge))

    def __iter__(self) -> Iterator[T]:
        return iter(self._territories.values())

    def __len__(self) -> int:
        return len(self._territories)

    def get(self, territory_id: str) -> T | None:
        """The territory of that id, or nothing."""
        return self._territories.get(territory_id)

    def challenge(self, challenge_id: str) -> ChallengeLike | None:
        """The défi of that id, or nothing."""
        found = self._challenges.get(challenge_id)
        return found[1] if found else None

    def territory_of_challenge(self, challenge_id: str) -> str | None:
        """The id of the territory that published a défi, or nothing."""
        found = self._challenges.get(challenge_id)
        return found[0] if found else None

    def territories_of_commune(self, code: str) -> tuple[str, ...]:
        """The territories whose perimeter holds this commune: none, one, or several that overlap.

        Raises `UnknownUnitError` when the code is not a current commune's.
        """
        units = self._geography.units_of_commune(code)
        return tuple(sorted({found for unit in units for found in self._by_unit.get(unit, ())}))

    def territories_of(
        self, commune: str, perimeter: Sequence[UnitLike] = (), challenge_id: str | None = None
    ) -> tuple[str, ...]:
        """The territories a project is in: those of its commune, and those that hold a whole unit of its perimeter.

        Who answers a territory's défi from its associated perimeter counts as in it, too. Raises `UnknownUnitError`.
        """
        places = [Unit("commune", commune), *(Unit(unit.level, unit.code) for unit in perimeter)]
        found = set(self.territories_of_commune(commune))
        for place in places[1:]:
            found.update(self._holding(place))
        asked = self.territory_of_challenge(challenge_id) if challenge_id else None
        if asked and any(self._holds(self._territories[asked].associated_perimeter, place) for place in places):
            found.add(asked)
        return tuple(sorted(found))

    def labelled(self, territory_ids: Iterable[str]) -> tuple[str, ...]:
        """Those that have the label (`labellise`), in the order given; unknown ids are left out."""
        known = ((territory_id, self.get(territory_id)) for territory_id in territory_ids)
        return tuple(territory_id for territory_id, found in known if found and found.status == "labellise")

    def _holding(self, place: Unit) -> set[str]:
        found = set()
        for unit, territory_ids in self._by_unit.items():
            if self._geography.exists(unit) and self._geography.contains(unit, place):
                found.update(territory_ids)
        return found

    def _holds(self, perimeter: Sequence[UnitLike], place: Unit) -> bool:
        units = (Unit(unit.level, unit.code) for unit in perimeter)
        return any(self._geography.exists(unit) and self._geography.contains(unit, place) for unit in units)
