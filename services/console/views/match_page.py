"""One match in full: both sides fact by fact, and the share of each criterion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.events.matches import MatchChanged, OfferFacts, ProjectFacts
from shared.events.vocabulary import ReasonCode, RefusalCode, Side
from shared.words.facts import offer_amount, offer_dates, offer_left, project_dates, project_need, reach
from shared.words.french import capitalised
from shared.words.names import Names
from shared.words.reasons import reason_sentence

Verdict = Literal["fits", "partly", "open", "silent", "refused"]
VERDICTS: dict[Verdict, str] = {
    "fits": "Convient",
    "partly": "En partie",
    "open": "Sans condition",
    "silent": "Non précisé",
    "refused": "Ne convient plus",
}


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact on both sides, and whether they fit."""

    label: str
    project: str
    offer: str
    verdict: Verdict

    @property
    def verdict_words(self) -> str:
        """The verdict in words."""
        return VERDICTS[self.verdict]


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One criterion's part of the score, in points of a hundred; `start` is where its bar begins."""

    code: ReasonCode
    criterion: str
    sentence: str
    points: float
    start: float
    hue: int

    @property
    def points_words(self) -> str:
        """« 12,5 points »."""
        shown = f"{self.points:.1f}".rstrip("0").rstrip(".").replace(".", ",")
        return f"{shown or '0'}\u00a0point{'s' if self.points >= 2 else ''}"


CRITERIA: dict[ReasonCode, str] = {
    "defi-identique": "Défi",
    "theme-principal": "Thème",
    "theme-secondaire": "Thème",
    "theme-proche": "Thème",
    "geo-identique": "Proximité",
    "geo-contenu": "Proximité",
    "geo-contient": "Proximité",
    "geo-national": "Proximité",
    "geo-voisin": "Proximité",
    "territoire-labellise": "Territoire",
    "engagement-recherche": "Besoin",
    "objet-commun": "Objet",
    "texte-proche": "Mots",
    "stade-admis": "Stade",
    "forme-admise": "Forme",
    "calendrier-ouvert": "Dates",
    "montant-compatible": "Montant",
    "montant-partiel": "Montant",
}

_PLACE = ("geo-identique", "geo-contenu", "geo-contient", "geo-national", "geo-voisin", "territoire-labellise")


def shares(match: MatchChanged, names: Names, *, reader: Side | None) -> tuple[ShareRow, ...]:
    """The criteria that earn something, largest first; their points add up to the score's."""
    earning = sorted((reason for reason in match.reasons if reason.share > 0), key=lambda reason: -reason.share)
    rows, start = [], 0.0
    for hue, reason in enumerate(earning):
        points = reason.share * 100
        sentence = reason_sentence(reason, match.project, match.offer, names, reader=reader)
        rows.append(ShareRow(reason.code, CRITERIA[reason.code], sentence, points, start, hue % 8))
        start += points
    return tuple(rows)


def conditions(match: MatchChanged, names: Names, *, reader: Side | None) -> tuple[str, ...]:
    """The gates passed that earn nothing, in sentences."""
    return tuple(
        reason_sentence(reason, match.project, match.offer, names, reader=reader)
        for reason in match.reasons
        if reason.share == 0
    )


def fact_rows(match: MatchChanged, names: Names, today: date) -> tuple[FactRow, ...]:
    """Place, défi, theme, object, stage, amount, dates and legal form: both sides, and whether they fit."""
    project, offer = match.project, match.offer
    dates = capitalised(project_dates(project, today) or ""), capitalised(offer_dates(offer, today) or "")
    place = project.commune_name, _perimeter(offer, names)
    nature = _needs(project, names), capitalised(names.kinds(offer.kinds))
    objects = _objects(project, offer, names)  # a fund brings money, and looks at none
    rows = [
        _row(match, "Lieu", place, _PLACE, _FAR),
        _challenge_row(match, names),
        _row(match, "Thème", _themes(project, offer, names), _THEME, ("theme-eloigne",)),
        _row(match, "Nature", nature, _NEED, _NO_NEED),
        None if offer.nature else _row(match, "Objet", objects, ("objet-commun",), ("objet-different",)),
        _row(match, "Stade", _stages(project, offer, names), ("stade-admis",), ("stade-non-admis",)),
        _row(match, "Montant", _amounts(project, offer, names), _AMOUNT, _NO_AMOUNT),
        _row(match, "Dates", dates, ("calendrier-ouvert",), _NOT_OPEN),
        _row(match, "Forme juridique", _forms(project, offer, names), ("forme-admise",), ("forme-non-admise",)),
    ]
    return tuple(row for row in rows if row and (row.project or row.offer))


_FAR: tuple[RefusalCode, ...] = ("hors-perimetre", "label-requis")
_PARTLY = frozenset({"montant-partiel", "theme-proche", "theme-secondaire", "geo-voisin", "geo-contient"})
_THEME: tuple[ReasonCode, ...] = ("theme-principal", "theme-secondaire", "theme-proche")
_NEED: tuple[ReasonCode, ...] = ("engagement-recherche",)
_NO_NEED: tuple[RefusalCode, ...] = ("engagement-non-recherche", "frein-absent")
_AMOUNT: tuple[ReasonCode, ...] = ("montant-compatible", "montant-partiel")
_NO_AMOUNT: tuple[RefusalCode, ...] = ("montant-hors-fourchette", "capacite-epuisee")
_NOT_OPEN: tuple[RefusalCode, ...] = ("pas-encore-ouvert", "clos", "suspendu", "retire")


def _row(
    match: MatchChanged, label: str, sides: tuple[str, str], reasons: Sequence[str], refusals: Sequence[str]
) -> FactRow:
    """The verdict follows the match's own reasons and refusals; where it says nothing, who stays silent is told."""
    asked, offered = sides
    if any(code in refusals for code in match.refusals):
        return FactRow(label, asked or "Non précisé", offered or "Non précisé", "refused")
    met = [reason.code for reason in match.reasons if reason.code in reasons]
    if met:
        fits: Verdict = "partly" if _PARTLY.issuperset(met) else "fits"
        return FactRow(label, asked or "Non précisé", offered or "Non précisé", fits)
    verdict: Verdict = "silent" if not asked else "open"
    return FactRow(label, asked or "Non précisé", offered or "Sans condition", verdict)


def _challenge_row(match: MatchChanged, names: Names) -> FactRow | None:
    if not match.project.challenge_id and not match.offer.challenges:
        return None
    asked = names.challenges.get(match.project.challenge_id or "", "")
    offered = ", ".join(names.challenges.get(one, one) for one in match.offer.challenges)
    return _row(match, "Défi", (asked, offered), ("defi-identique",), ())


def _perimeter(offer: OfferFacts, names: Names) -> str:
    return capitalised(reach(offer.perimeter, names, accepts_neighbours=offer.accepts_neighbours))


def _themes(project: ProjectFacts, offer: OfferFacts, names: Names) -> tuple[str, str]:
    asked = names.labels_of("categories", project.categories)
    return asked, names.labels_of("categories", offer.categories) or "Tous les thèmes"


def _needs(project: ProjectFacts, names: Names) -> str:
    return capitalised(names.kinds(need.kind for need in project.needs))


def _objects(project: ProjectFacts, offer: OfferFacts, names: Names) -> tuple[str, str]:
    needed = dict.fromkeys(one for need in project.needs if need.kind in offer.kinds for one in need.objects)
    return names.labels_of("objects", needed), names.labels_of("objects", offer.objects)


def _stages(project: ProjectFacts, offer: OfferFacts, names: Names) -> tuple[str, str]:
    accepted = sorted(offer.stages, key=names.stage_order.index)
    return names.label("stages", project.stage), capitalised(names.words_of("stages", accepted)) or "Tous les stades"


def _amounts(project: ProjectFacts, offer: OfferFacts, names: Names) -> tuple[str, str]:
    offered = [part for part in (offer_amount(offer), offer_left(offer)) if part]
    return capitalised(project_need(project, offer, names) or ""), capitalised(", ".join(offered))


def _forms(project: ProjectFacts, offer: OfferFacts, names: Names) -> tuple[str, str]:
    own = (project.legal_form, *project.accreditations)
    admitted = names.words_of("legal_forms", offer.legal_forms)
    return capitalised(names.words_of("legal_forms", own)), capitalised(admitted) or "Toutes les formes"
