"""What the filters of a stream offer, in words."""

from dataclasses import dataclass

from services.console.views.filters import FUNDS, Filters
from shared.events.shapes import Territory
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
    "tous": "Tous",
}
ORDER_WORDS: dict[str, str] = {"recent": "Plus récents d'abord", "adequation": "Meilleure adéquation d'abord"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One list to choose from; the first option keeps everything, unless it has a value."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


def choices(territory: Territory, names: Names, filters: Filters) -> tuple[Choice, ...]:
    """Défi, theme, kind of offer, advancement and order, with what is chosen now."""
    challenges = [(one.challenge_id, one.title) for one in territory.challenges]
    kinds = [*names.labels["commitment_kinds"].items(), (FUNDS, "Fonds, programmes et guichets")]
    return (
        Choice("defi", "Défi", (("", "Tous les défis"), *challenges), filters.challenge_id or ""),
        Choice(
            "theme", "Thème", (("", "Tous les thèmes"), *names.labels["categories"].items()), filters.category or ""
        ),
        Choice("offre", "Type d'offre", (("", "Toutes les offres"), *kinds), filters.offer or ""),
        Choice("avancement", "Avancement", tuple(ADVANCEMENT_WORDS.items()), filters.advancement),
        Choice("tri", "Ordre", tuple(ORDER_WORDS.items()), filters.order),
    )
