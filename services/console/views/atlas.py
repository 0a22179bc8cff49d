"""The territories as heard, with the names of everything that events say by id."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.events.shapes import Challenge, Territory
from shared.reference.territory_index import TerritoryIndex
from shared.text.folding import fold
from shared.words.names import Names


@dataclass(frozen=True, slots=True)
class Atlas:
    """Territories in the order of their names, and names for all ids."""

    territories: tuple[Territory, ...]
    names: Names

    def territory(self, territory_id: str) -> Territory | None:
        """The territory of that id, or nothing."""
        return next((one for one in self.territories if one.territory_id == territory_id), None)

    def challenge(self, challenge_id: str) -> tuple[Territory, Challenge] | None:
        """A défi with the territory that published it, or nothing."""
        for territory in self.territories:
            for challenge in territory.challenges:
                if challenge.challenge_id == challenge_id:
                    return territory, challenge
        return None

    def challenge_choices(self) -> tuple[tuple[str, str], ...]:
        """Every défi to choose from, with its territory."""
        return tuple(
            (challenge.challenge_id, f"{territory.name} : {challenge.title}")
            for territory in self.territories
            for challenge in territory.challenges
        )

    def challenge_groups(self, commune: str | None) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """Défis to choose from under their territory's name, first those whose territory holds a commune, if known."""
        near = TerritoryIndex(self.territories).territories_of_commune(commune) if commune else ()
        return tuple(
            (one.name, tuple((challenge.challenge_id, challenge.title) for challenge in one.challenges))
            for one in sorted(self.territories, key=lambda one: one.territory_id not in near)
            if one.challenges
        )


def make_atlas(territories: Iterable[Territory], reference: Names) -> Atlas:
    """The atlas of these territories; `reference` names what the taxonomy and geography name."""
    ordered = tuple(sorted(territories, key=lambda one: (fold(one.name), one.territory_id)))
    names = replace(
        reference,
        territories={**reference.territories, **{one.territory_id: one.name for one in ordered}},
        challenges={
            **reference.challenges,
            **{challenge.challenge_id: challenge.title for one in ordered for challenge in one.challenges},
        },
    )
    return Atlas(ordered, names)
