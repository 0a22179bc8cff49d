"""As whom somebody speaks about a match, and what their answer form said."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import get_args
from uuid import UUID, uuid5

from services.console.views.answers import Quantity, Speaker
from services.console.views.reading import whole_number
from services.console.views.rights import Person, side_of
from shared.events.matches import MatchChanged
from shared.events.vocabulary import DeclineReason

DECLINE_REASONS: frozenset[str] = frozenset(get_args(DeclineReason))
_EXAMPLES: dict[Quantity, str] = {"montant": "20 000", "jours": "12"}
_ANSWERS = UUID("3b1f6a52-6a7c-4d0e-9a53-5a1f0c6f7d11")


@dataclass(frozen=True, slots=True)
class AskedAnswer:
    """What somebody wants to answer."""

    answer: str
    answer_id: UUID
    reason: str | None = None
    show_reason: bool = False
    amount_eur: int | None = None
    days: int | None = None


def speakers(person: Person, match: MatchChanged) -> tuple[Speaker, ...]:
    """As whom a person may speak about a match: their side first, then as its coordinator."""
    side = side_of(person, match)
    found: list[Speaker] = [side] if side else []
    if person.animates(match):
        found.append("coordinator")
    return tuple(found)


def read_answer(
    sent: Mapping[str, str],
    *,
    match_id: str,
    speaker: Speaker,
    person_id: str,
    counted_in: Collection[Quantity] = ("montant", "jours"),
) -> tuple[AskedAnswer, dict[str, str]]:
    """The answer in a form, and what is wrong with it, by field; `counted_in` is what a conclusion is counted in.

    The same form sent twice by the same person, about the same match and as the same speaker, is the same answer.
    """
    answer, faults = sent.get("reponse", ""), dict[str, str]()
    reason = sent.get("motif") or None
    amount, days = (
        _quantity(sent.get(name, "") if name in counted_in else "", name, faults) for name in ("montant", "jours")
    )
    if answer == "declined" and reason is not None and reason not in DECLINE_REASONS:
        faults["motif"] = "Choisissez un motif de la liste, ou aucun."
    if answer == "concluded" and counted_in and not faults and amount is None and days is None:
        name = next(iter(counted_in))
        faults[name] = f"Indiquez un nombre, par exemple {_EXAMPLES[name]}\u202f; 0 s'il n'y a rien à compter."
    answer_id = uuid5(_ANSWERS, "\n".join((match_id, speaker, person_id, answer, sent.get("identifiant", ""))))
    return AskedAnswer(answer, answer_id, reason, sent.get("montrer") == "oui", amount, days), faults


def _quantity(text: str, name: Quantity, faults: dict[str, str]) -> int | None:
    if not text:
        return None
    value = whole_number(text)
    if value is None or value > 1_000_000_000:
        faults[name] = f"Écrivez un nombre entier, par exemple {_EXAMPLES[name]}."
        return None
    return value
