"""What a reading compares with: geography, taxonomy, and the territories and challenges published so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from shared.reference.geography import Geography, load_geography
from shared.reference.places import Places, load_places
from shared.reference.taxonomy import Taxonomy, load_taxonomy
from shared.reference.territories import load_territories

Suggest = Callable[[str], tuple[str, ...]]


def suggest_nothing(_text: str) -> tuple[str, ...]:
    """The suggestion of who has no classifier."""
    return ()


@dataclass(frozen=True)
class Known:
    """Facts outside the submission; challenges and territories may be more than the reference's."""

    challenges: Mapping[str, str]
    """Challenge id -> id of the territory that published it."""
    territories: frozenset[str]
    suggest: Suggest = suggest_nothing
    """Text -> up to three categories, best first."""
    geography: Geography = field(default_factory=load_geography)
    places: Places = field(default_factory=load_places)
    taxonomy: Taxonomy = field(default_factory=load_taxonomy)


@cache
def reference_known() -> Known:
    """The first 20 territories and their challenges, without suggestions; read once per process."""
    territories = load_territories()
    return Known(
        challenges={
            challenge.challenge_id: territory.territory_id
            for territory in territories
            for challenge in territory.challenges
        },
        territories=frozenset(territory.territory_id for territory in territories),
    )
