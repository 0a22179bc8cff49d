"""What someone may choose to be told, and the mails they were sent, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.console.views.rights import Person, may_see, side_of
from shared.events.matches import MatchChanged

FREQUENCIES: dict[str, str] = {
    "immediate": "Dès qu'il y a du nouveau",
    "daily": "Une fois par jour",
    "weekly": "Une fois par semaine",
    "none": "Jamais : je viendrai voir moi-même",
}
MINIMUMS: dict[str, str] = {
    "possible": "Toutes les adéquations",
    "bonne": "Bonnes et fortes seulement",
    "forte": "Fortes seulement",
}
LANGUAGES: dict[str, str] = {"fr": "Français", "en": "English"}

_KINDS = {
    "suggestions": "De nouveaux rapprochements",
    "interest": "Une marque d'intérêt",
    "mutual": "Un intérêt réciproque",
    "introduction": "Une mise en relation",
    "concluded": "Une conclusion",
}


@dataclass(frozen=True, slots=True)
class Preference:
    """What someone wants to be told, and when."""

    frequency: str = "immediate"
    minimum: str = "possible"
    language: str = "fr"

    @property
    def is_valid(self) -> bool:
        """Whether each choice is one of those offered."""
        return self.frequency in FREQUENCIES and self.minimum in MINIMUMS and self.language in LANGUAGES


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail that left, or was given up; its recipient by their opaque id."""

    kind: str
    outcome: str
    at: datetime
    person_id: str = ""
    match_ids: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it was about, and whether it left."""
        about = _KINDS.get(self.kind, "Une nouvelle")
        return about if self.outcome == "sent" else f"{about} (message non remis)"


MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class ToldMatches:
    """The matches that a mail was about, those still there named first: address and title; how many are not named."""

    links: tuple[tuple[str, str], ...]
    others: int


def told_matches(mail: Delivery, kept: Mapping[str, MatchChanged], reader: Person | None) -> ToldMatches:
    """What a mail was about, by the title of the other side; what its reader may not see now is not named."""
    found = [kept[one] for one in mail.match_ids if one in kept]
    seen = [match for match in found if reader is not None and may_see(reader, match)]
    links = tuple((f"/rapprochements/{match.match_id}", _title(match, reader)) for match in seen[:MOST_NAMED])
    return ToldMatches(links, len(seen) - len(links))


def _title(match: MatchChanged, reader: Person | None) -> str:
    side = side_of(reader, match) if reader else None
    if side == "project":
        return match.offer.title
    return match.project.title if side == "offer" else f"{match.project.title} avec {match.offer.title}"
