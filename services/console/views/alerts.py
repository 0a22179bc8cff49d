"""What someone may choose to be told, and the mails they were sent, in words."""

from dataclasses import dataclass
from datetime import datetime

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

    @property
    def words(self) -> str:
        """What it was about, and whether it left."""
        about = _KINDS.get(self.kind, "Une nouvelle")
        return about if self.outcome == "sent" else f"{about} (message non remis)"
