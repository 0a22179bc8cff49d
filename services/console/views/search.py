"""What a search looks for, and what it finds among territories, défis and the pages of help."""

import re
from dataclasses import dataclass

from services.console.views.atlas import Atlas
from shared.text.folding import fold

MOST_TERMS = 8
_WORD = re.compile(r"[a-z0-9]+")
_EMPTY = frozenset({"le", "la", "les", "un", "une", "de", "du", "des", "et", "en", "a", "au", "aux", "l", "d"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    kind: str
    title: str
    href: str
    about: str


PAGES = (
    Hit("Page", "Aide", "/aide", "comment ça marche, mots, rapprochement, mise en relation, adéquation, refus"),
    Hit("Page", "Mes alertes", "/alertes", "mails, fréquence, notifications"),
    Hit("Page", "Accessibilité", "/accessibilite", "rgaa, handicap, clavier, lecteur d'écran"),
    Hit("Page", "Données personnelles", "/donnees-personnelles", "rgpd, effacement, cookies, durée"),
    Hit("Page", "Mentions légales", "/mentions-legales", "éditeur, licence, hébergement, sources"),
    Hit("Page", "Déposer un projet", "/projets/nouveau", "proposer, porteur, besoin"),
    Hit("Page", "Proposer un engagement", "/offres/nouvelle", "entreprise, mécénat, achats, rse"),
)


def search_terms(asked: str) -> tuple[str, ...]:
    """The words asked for, folded; small words are left out unless there is nothing else."""
    words = _WORD.findall(fold(asked))
    return tuple(dict.fromkeys([word for word in words if word not in _EMPTY] or words))[:MOST_TERMS]


def public_hits(atlas: Atlas, terms: tuple[str, ...]) -> list[Hit]:
    """Territories, défis and pages that bear every word, from its beginning."""
    if not terms:
        return []
    found = [
        Hit("Territoire", one.name, f"/territoires/{one.territory_id}", atlas.names.perimeter(one.perimeter))
        for one in atlas.territories
        if _bears(f"{one.name} {atlas.names.perimeter(one.perimeter)}", terms)
    ]
    found += [
        Hit("Défi", challenge.title, f"/defis/{challenge.challenge_id}", f"{one.name}. {challenge.description}")
        for one in atlas.territories
        for challenge in one.challenges
        if _bears(f"{challenge.title} {challenge.description} {one.name}", terms)
    ]
    return found + [hit for hit in PAGES if _bears(f"{hit.title} {hit.about}", terms)]


def _bears(text: str, terms: tuple[str, ...]) -> bool:
    words = _WORD.findall(fold(text))
    return all(any(word.startswith(term) for word in words) for term in terms)
