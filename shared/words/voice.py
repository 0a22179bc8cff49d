"""Whom a sentence speaks to: « le projet » becomes « votre projet » for the reader whose project it is."""

from dataclasses import dataclass

from shared.events.vocabulary import Side


@dataclass(frozen=True)
class Voice:
    """Phrases for the project and the offer, as one reader should hear them; no reader, no « vous »."""

    reader: Side | None = None

    @property
    def the_project(self) -> str:
        return "votre projet" if self.reader == "project" else "le projet"

    @property
    def of_the_project(self) -> str:
        return "de votre projet" if self.reader == "project" else "du projet"

    @property
    def the_offer(self) -> str:
        return "votre offre" if self.reader == "offer" else "l'offre"

    @property
    def of_the_offer(self) -> str:
        return "de votre offre" if self.reader == "offer" else "de l'offre"

    def choose(self, *, project: str, offer: str, nobody: str) -> str:
        """The variant for this reader."""
        return {"project": project, "offer": offer}.get(self.reader or "", nobody)
