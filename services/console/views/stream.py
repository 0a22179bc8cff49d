"""What the filters of a stream offer, in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.console.views.filters import ADVANCEMENTS, FILTER_LABELS, FUNDS, STREAM_ADVANCEMENTS, Filters
from shared.events.shapes import Territory
from shared.words.french import labelled, quoted
from shared.words.names import Names

ADVANCEMENT_WORDS: dict[str, str] = {
    "en-cours": "En cours",
    "propose": "Proposés",
    "interesse": "Une partie intéressée",
    "reciproque": "Intérêt réciproque, à mettre en relation",
    "mis-en-relation": "Mis en relation",
    "conclu": "Conclus",
    "decline": "Déclinés",
    "ne-tient-plus": "Ne tiennent plus",
    "mis-de-cote": "Mis de côté",
    "tous": "Tous",
}
MINIMUM_WORDS: dict[str, str] = {"": "Toutes", "bonne": "Bonne et plus", "forte": "Forte"}
ORDER_WORDS: dict[str, str] = {"recent": "Plus récents d'abord", "adequation": "Meilleure adéquation d'abord"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One list to choose from; the first option keeps everything, unless it has a value."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


def choices(territory: Territory, names: Names, filters: Filters) -> tuple[Choice, ...]:
    """Défi, theme, kind of offer, advancement, least fit and order of a territory's stream, with what is chosen now."""
    challenges = [(one.challenge_id, one.title) for one in territory.challenges]
    kinds = [*names.labels["commitment_kinds"].items(), (FUNDS, "Fonds, programmes et guichets")]
    return (
        Choice("defi", "Défi", (("", "Tous les défis"), *challenges), filters.challenge_id or ""),
        _theme(names, filters),
        Choice("offre", "Type d'offre", (("", "Toutes les offres"), *kinds), filters.offer or ""),
        _advancement(STREAM_ADVANCEMENTS, filters),
        _minimum(filters),
        _order(filters),
    )


def party_choices(names: Names, filters: Filters) -> tuple[Choice, ...]:
    """Theme, advancement, least fit and order of the projects of an offer, with what is chosen now."""
    return (_theme(names, filters), _advancement(ADVANCEMENTS, filters), _minimum(filters), _order(filters))


def unknown_words(filters: Filters) -> tuple[str, ...]:
    """« Thème : « numerik » » for each value of the address that names nothing."""
    return tuple(labelled(FILTER_LABELS[name], quoted(value)) for name, value in filters.unknown)


def _theme(names: Names, filters: Filters) -> Choice:
    themes = names.labels["categories"].items()
    return Choice("theme", "Thème", (("", "Tous les thèmes"), *themes), filters.category or "")


def _advancement(offered: Iterable[str], filters: Filters) -> Choice:
    options = tuple((name, ADVANCEMENT_WORDS[name]) for name in offered)
    return Choice("avancement", "Avancement", options, filters.advancement)


def _minimum(filters: Filters) -> Choice:
    return Choice("adequation", "Adéquation", tuple(MINIMUM_WORDS.items()), filters.minimum or "")


def _order(filters: Filters) -> Choice:
    return Choice("tri", "Ordre", tuple(ORDER_WORDS.items()), filters.order)
