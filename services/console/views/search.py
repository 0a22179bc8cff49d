"""What a search looks for, and what it finds among territories, défis and the pages of help."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.console.views.atlas import Atlas
from shared.events.shapes import Challenge
from shared.text.folding import fold

MOST_TERMS = 8
LONGEST_WITHOUT_PLURAL = 4
WORD = re.compile(r"[a-z0-9]+")
_EMPTY = frozenset({"le", "la", "les", "un", "une", "de", "du", "des", "et", "en", "a", "au", "aux", "l", "d"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    kind: str
    title: str
    href: str
    about: str


@dataclass(frozen=True, slots=True)
class Place:
    """A commune that was typed, and a territory it is in."""

    commune_name: str
    territory_id: str


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
    """The words asked for, folded, without their plural; small words are left out unless there is nothing else."""
    words = WORD.findall(fold(asked))
    kept = [word for word in words if word not in _EMPTY] or words
    return tuple(dict.fromkeys(_singular(word) for word in kept))[:MOST_TERMS]


def _singular(word: str) -> str:
    """Enough of the word to find it in both numbers: what is sought begins with it."""
    return word.rstrip("sx") if len(word) > LONGEST_WITHOUT_PLURAL else word


def public_hits(atlas: Atlas, terms: tuple[str, ...], places: Sequence[Place] = ()) -> list[Hit]:
    """Territories, défis and pages that bear every word, from its beginning; and the territories of these places."""
    if not terms:
        return []
    found = [
        Hit("Territoire", one.name, f"/territoires/{one.territory_id}", atlas.names.perimeter(one.perimeter))
        for one in atlas.territories
        if _bears(f"{one.name} {atlas.names.perimeter(one.perimeter)}", terms)
    ]
    known = {hit.href for hit in found}
    for place in places:
        href = f"/territoires/{place.territory_id}"
        if href not in known:
            known.add(href)
            name = atlas.names.territories.get(place.territory_id, place.territory_id)
            found.append(Hit("Territoire", name, href, f"Il comprend\u00a0: {place.commune_name}"))
    found += [
        Hit("Défi", challenge.title, f"/defis/{challenge.challenge_id}", f"{one.name}. {challenge.description}")
        for one in atlas.territories
        for challenge in one.challenges
        if _bears(f"{challenge.title} {challenge.description} {one.name} {_themes(challenge, atlas)}", terms)
    ]
    return found + [hit for hit in PAGES if _bears(f"{hit.title} {hit.about}", terms)]


def challenges_bearing(atlas: Atlas, terms: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """For each word, the défis whose title bears it: projects and offers that name them are found by it too."""
    every = [challenge for one in atlas.territories for challenge in one.challenges]
    return tuple(tuple(one.challenge_id for one in every if _bears(one.title, (term,))) for term in terms)


def _themes(challenge: Challenge, atlas: Atlas) -> str:
    return atlas.names.labels_of("categories", challenge.categories)


def _bears(text: str, terms: tuple[str, ...]) -> bool:
    words = WORD.findall(fold(text))
    return all(any(word.startswith(term) for word in words) for term in terms)
