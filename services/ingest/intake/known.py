"""What a reading compares with: geography, taxonomy, and the territories and challenges published so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from shared.reference.geography import NATIONAL, Geography, load_geography
from shared.reference.places import Places, load_places
from shared.reference.taxonomy import Taxonomy, load_taxonomy
from shared.reference.territories import load_territories
from shared.text.model import load_classifier

Suggest = Callable[[str], tuple[str, ...]]


def suggest_categories(text: str) -> tuple[str, ...]:
    """The categories that the classifier reads in a text, best first; none when it is unsure."""
    return tuple(category for category, _score in load_classifier().predict(text).categories)


@dataclass(frozen=True)
class Known:
    """Facts outside the submission; challenges and territories may be more than the reference's."""

    challenges: Mapping[str, str]
    """Challenge id -> id of the territory that published it."""
    territories: frozenset[str]
    territory_names: Mapping[str, str] = field(default_factory=dict)
    """Territory id -> name."""
    suggest: Suggest = suggest_categories
    """Text -> up to three categories, best first."""
    geography: Geography = field(default_factory=load_geography)
    places: Places = field(default_factory=load_places)
    taxonomy: Taxonomy = field(default_factory=load_taxonomy)


@cache
def reference_known() -> Known:
    """The first 20 territories and their challenges; read once per process."""
    territories = load_territories()
    return Known(
        challenges={
            challenge.challenge_id: territory.territory_id
            for territory in territories
            for challenge in territory.challenges
        },
        territories=frozenset(territory.territory_id for territory in territories),
        territory_names={territory.territory_id: territory.name for territory in territories},
    )


def known_of(challenges: Mapping[str, str], names: Mapping[str, str]) -> Known:
    """What is known once territories of these names by id are declared: they replace the reference's of the same id."""
    first = reference_known()
    kept = {challenge: owner for challenge, owner in first.challenges.items() if owner not in names}
    return Known(
        challenges={**kept, **challenges},
        territories=first.territories | names.keys(),
        territory_names={**first.territory_names, **names},
    )


def warm_up() -> None:
    """Reads geography, taxonomy, territories and the classifier, which are otherwise read at the first question."""
    suggest_categories(reference_known().geography.name(NATIONAL))
