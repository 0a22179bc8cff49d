"""Why candidates are refused, grouped by what is missing, nearest to eligible first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from shared.events.matches import OfferFacts, ProjectFacts
from shared.events.vocabulary import RefusalCode, Side
from shared.words.french import number
from shared.words.names import Names
from shared.words.refusals import RefusalWords, refusal_words

PER_CODE = 20
"""Candidates of each code that the matcher tells."""
MOST_SHOWN = 5
"""Candidates named per group."""


@dataclass(frozen=True, slots=True)
class RefusedPair:
    """A candidate that is refused now, with the facts that words need."""

    id: str
    type: str
    codes: tuple[RefusalCode, ...]
    project: ProjectFacts
    offer: OfferFacts


@dataclass(frozen=True, slots=True)
class Refusals:
    """The nearest refused candidates, how many each code refuses, and how many candidates are refused in all.

    A candidate refused for several reasons is counted under each, and once in `total`, which older matchers do not say.
    """

    refused: tuple[RefusedPair, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    total: int | None = None


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One candidate: who, what, and each « non, car … ; oui si … »."""

    title: str
    who: str
    words: tuple[RefusalWords, ...]

    @property
    def is_near(self) -> bool:
        """Whether one change alone would make it eligible."""
        return len(self.words) == 1 and self.words[0].unless is not None


@dataclass(frozen=True, slots=True)
class RefusedGroup:
    """Candidates that one thing stands against before all; `count` is how many it refuses, alone or with others."""

    heading: str
    count: int
    lines: tuple[RefusedLine, ...]


@dataclass(frozen=True, slots=True)
class RefusedList:
    """What is not possible yet, each candidate once."""

    groups: tuple[RefusedGroup, ...]
    total: int
    is_exact: bool
    is_away: bool

    @property
    def shown(self) -> int:
        """How many candidates are named."""
        return sum(len(group.lines) for group in self.groups)

    @property
    def total_words(self) -> str:
        """« 130 », or « au moins 130 » where the matcher did not count them all."""
        return number(self.total) if self.is_exact else f"au moins {number(self.total)}"

    @property
    def shown_words(self) -> str:
        """« 20 montrés sur 130 », or « tous montrés »."""
        if self.is_exact and self.shown == self.total:
            return "tous montrés"
        return f"{number(self.shown)} montrés sur {self.total_words}"


HEADINGS: dict[RefusalCode, str] = {
    "hors-perimetre": "Hors du périmètre",
    "label-requis": "Réservé aux territoires labellisés",
    "theme-eloigne": "Thèmes éloignés",
    "engagement-non-recherche": "Ne correspond pas aux besoins",
    "objet-different": "Objet différent",
    "stade-non-admis": "Stade non accepté",
    "forme-non-admise": "Forme juridique non admise",
    "montant-hors-fourchette": "Montant trop petit",
    "capacite-epuisee": "Budget ou jours épuisés",
    "pas-encore-ouvert": "Pas encore ouvert",
    "clos": "Période finie",
    "frein-absent": "Pour les projets qui rencontrent un frein réglementaire",
    "meme-organisation": "De la même organisation",
    "decline": "Réponse négative",
    "suspendu": "En pause",
    "retire": "Retrait par l'auteur",
    "doublon": "Dépôt en double",
}
"""What a group is called, in the order in which a change is in the reader's hands."""

_NEAREST_FIRST: tuple[RefusalCode, ...] = (
    "engagement-non-recherche",
    "frein-absent",
    "pas-encore-ouvert",
    "montant-hors-fourchette",
    "capacite-epuisee",
    "stade-non-admis",
    "forme-non-admise",
    "objet-different",
    "theme-eloigne",
    "label-requis",
    "hors-perimetre",
    "clos",
    "suspendu",
    "decline",
    "meme-organisation",
    "doublon",
    "retire",
)


def refused_list(
    refusals: Refusals, today: date, names: Names, *, reader: Side | None, is_away: bool = False
) -> RefusedList:
    """The groups with their totals, which add up: a candidate is named once, and counted once in the whole."""
    told = max([len(refusals.refused), *refusals.counts.values()])
    is_exact = refusals.total is not None or told <= PER_CODE
    total = refusals.total if refusals.total is not None else told
    return RefusedList(refused_groups(refusals, today, names, reader=reader), total, is_exact, is_away)


def refused_groups(refusals: Refusals, today: date, names: Names, *, reader: Side | None) -> tuple[RefusedGroup, ...]:
    """The groups by what is missing, those a change could lift first; a candidate stands in the first that names it."""
    lines: dict[RefusalCode, list[RefusedLine]] = {}
    for pair in refusals.refused:
        lines.setdefault(_main_code(pair.codes), []).append(_line(pair, today, names, reader))
    return tuple(
        RefusedGroup(HEADINGS[code], max(refusals.counts.get(code, 0), len(lines[code])), _nearest(lines[code]))
        for code in _NEAREST_FIRST
        if code in lines
    )


def nearest(
    refusals: Refusals, today: date, names: Names, *, reader: Side | None, type: str | None = None
) -> RefusedLine | None:
    """The refused candidate nearest to eligible, of one type where asked; nothing when none is refused."""
    lines = [_line(pair, today, names, reader) for pair in refusals.refused if type in {None, pair.type}]
    return next(iter(_nearest(lines)), None)


def _main_code(codes: Sequence[RefusalCode]) -> RefusalCode:
    """What stands against it most: the code furthest from the reader's hands."""
    return max(codes, key=_NEAREST_FIRST.index)


def _line(pair: RefusedPair, today: date, names: Names, reader: Side | None) -> RefusedLine:
    words = tuple(
        refusal_words(code, pair.project, pair.offer, today, names, reader=reader)
        for code in sorted(pair.codes, key=_NEAREST_FIRST.index)
    )
    if pair.type == "project":
        return RefusedLine(pair.project.title, f"{pair.project.owner_name}, {pair.project.commune_name}", words)
    return RefusedLine(pair.offer.title, pair.offer.organisation_name, words)


def _nearest(lines: Sequence[RefusedLine]) -> tuple[RefusedLine, ...]:
    ordered = sorted(lines, key=lambda line: (not line.is_near, len(line.words), line.title))
    return tuple(ordered[:MOST_SHOWN])
