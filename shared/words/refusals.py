"""« Non, car … » and « oui si … » for each refusal: the fact on both sides, and the smallest change that lifts it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from shared.events.matches import OfferFacts, ProjectFacts
from shared.events.shapes import PerimeterUnit
from shared.events.vocabulary import RefusalCode, Side
from shared.words.french import capitalised, clauses, day, days, labelled, money, quoted
from shared.words.names import Names
from shared.words.voice import Voice


@dataclass(frozen=True)
class RefusalWords:
    """What stands against a pair; `because` follows « Non, car », `unless` is the whole « oui si … » or nothing."""

    code: RefusalCode
    because: str
    unless: str | None = None

    @property
    def sentence(self) -> str:
        """« Non, car …. Oui si …. »"""
        no = f"Non, car {self.because}."
        return f"{no} {capitalised(self.unless)}." if self.unless else no


@dataclass(frozen=True)
class Pair:
    """All that the words of a refusal are made of."""

    project: ProjectFacts
    offer: OfferFacts
    today: date
    names: Names
    voice: Voice
    declined_on: date | None = None
    twin_title: str | None = None

    @property
    def is_fund(self) -> bool:
        return self.offer.nature is not None


Words = tuple[str, str | None]


def refusal_words(
    code: RefusalCode,
    project: ProjectFacts,
    offer: OfferFacts,
    today: date,
    names: Names,
    *,
    reader: Side | None = None,
    declined_on: date | None = None,
    twin_title: str | None = None,
) -> RefusalWords:
    """The words of one refusal of a pair on `today` (Paris); any code has some.

    `declined_on` is the day of a decline and `twin_title` the title that a duplicate was submitted under, where known.
    """
    pair = Pair(project, offer, today, names, Voice(reader), declined_on, twin_title)
    because, unless = _WORDS[code](pair)
    return RefusalWords(code, because, unless)


def _perimeter(pair: Pair) -> Words:
    place = pair.project.commune_name
    if any(unit.level == "commune" for unit in pair.offer.perimeter):
        place = pair.names.places(PerimeterUnit(level="commune", code=pair.project.commune, name=place))
    because = clauses(
        labelled(f"lieu {pair.voice.of_the_project}", place),
        labelled(f"périmètre {pair.voice.of_the_offer}", pair.names.perimeter(pair.offer.perimeter)),
    )
    return because, f"oui si {pair.voice.the_project} se déroule aussi dans ce périmètre"


def _label(pair: Pair) -> Words:
    because = clauses(
        f"{pair.voice.the_offer} est réservée aux Territoires French Impact",
        f"{pair.project.commune_name} n'en est pas",
    )
    return because, f"oui si {pair.voice.the_project} se déroule dans un territoire labellisé"


def _theme(pair: Pair) -> Words:
    mine = pair.names.labels_of("categories", pair.project.categories) or "aucun thème précisé"
    because = clauses(
        labelled(f"thèmes {pair.voice.of_the_offer}", pair.names.labels_of("categories", pair.offer.categories)),
        labelled(pair.voice.of_the_project, mine),
    )
    own = "le vôtre" if pair.voice.reader == "project" else "le sien"
    return because, f"oui si l'un de ces thèmes est aussi {own}"


def _kind(pair: Pair) -> Words:
    needs = pair.names.kinds(need.kind for need in pair.project.needs) or "aucun besoin précisé"
    if pair.is_fund:
        needs = "aucun financement à trouver"
    start = "votre offre" if pair.voice.reader == "offer" else "offre"
    because = clauses(
        labelled(start, pair.names.kinds(pair.offer.kinds)),
        labelled(f"besoins {pair.voice.of_the_project}", needs),
    )
    if pair.voice.reader == "project":
        return because, labelled("oui si c'est aussi un besoin réel", "ajoutez-le")
    return because, "oui si c'est aussi un besoin réel du projet"


def _objects(pair: Pair) -> Words:
    needed = [item for need in pair.project.needs if need.kind in pair.offer.kinds for item in need.objects]
    because = clauses(
        labelled(f"{pair.voice.the_offer} porte sur", pair.names.words_of("objects", pair.offer.objects)),
        labelled("le besoin sur", pair.names.words_of("objects", dict.fromkeys(needed)) or "autre chose"),
    )
    return because, None


def _stage(pair: Pair) -> Words:
    order = pair.names.stage_order
    stage, accepted = pair.project.stage, sorted(pair.offer.stages, key=order.index)
    ahead = [each for each in accepted if order.index(each) > order.index(stage)]
    because = clauses(
        labelled("stades acceptés", pair.names.words_of("stages", accepted)),
        labelled(f"stade {pair.voice.of_the_project}", pair.names.word("stages", stage)),
    )
    if not ahead:
        return clauses(because, f"{pair.voice.the_project} est déjà plus avancé"), None
    reach = f"oui si {pair.voice.the_project} atteint ce stade"
    return because, reach if len(accepted) == 1 else labelled(reach, pair.names.word("stages", ahead[0]))


def _form(pair: Pair) -> Words:
    holder = "votre structure" if pair.voice.reader == "project" else "porteur"
    because = clauses(
        labelled("formes admises", pair.names.words_of("legal_forms", pair.offer.legal_forms)),
        labelled(holder, pair.names.word("legal_forms", pair.project.legal_form)),
    )
    return because, f"oui si une structure admise porte {pair.voice.the_project}"


def _amount(pair: Pair) -> Words:
    least, needed = _least_and_need(pair)
    small = "le besoin est trop petit"
    because = clauses(_minimum(least), labelled("besoin", needed)) if least and needed else small
    return because, "oui si un projet commun à plusieurs structures atteint ce montant"


def _minimum(least: str) -> str:
    return labelled("minimum par projet", least)


def _least_and_need(pair: Pair) -> tuple[str | None, str | None]:
    """The offer's minimum and the need it would serve, in the unit where the need is the smaller."""
    offer, project = pair.offer, pair.project
    need = next((each for each in project.needs if each.kind in offer.kinds), None)
    euros, working_days = (need.amount_eur, need.days) if need else (None, None)
    if pair.is_fund:
        euros, working_days = project.amount_sought_eur, None
    if offer.min_eur is not None and euros is not None and euros < offer.min_eur:
        return money(offer.min_eur), money(euros)
    if offer.min_days is not None and working_days is not None:
        return days(offer.min_days), days(working_days)
    return (money(offer.min_eur) if offer.min_eur else None), (money(euros) if euros is not None else None)


def _capacity(pair: Pair) -> Words:
    offer, giver = pair.offer, "l'opérateur" if pair.is_fund else "l'entreprise"
    ending = "oui si vous ajoutez" if pair.voice.reader == "offer" else f"oui si {giver} ajoute"
    if offer.remaining_days is not None and offer.remaining_eur is None:
        left, least = offer.remaining_days, offer.min_days
        spent = "tous les jours sont engagés" if not left else f"il ne reste que {days(left)}"
        return (clauses(spent, _minimum(days(least))) if left and least else spent), f"{ending} des jours"
    left, least = offer.remaining_eur or 0, offer.min_eur
    spent = "tout le budget est engagé" if not left else f"il ne reste que {money(left)}"
    return (clauses(spent, _minimum(money(least))) if left and least else spent), f"{ending} du budget"


def _not_yet(pair: Pair) -> Words:
    opening = pair.offer.opens_on
    opens = f"ouvre le {day(opening)}" if opening else "n'est pas encore ouverte"
    return f"{pair.voice.the_offer} {opens}", "oui à partir de cette date"


def _closed(pair: Pair) -> Words:
    closing, deadline = pair.offer.closes_on, pair.project.deadline
    if closing and closing < pair.today:
        over = f"{pair.voice.the_offer} est close depuis le {day(closing + timedelta(days=1))}"
        return over, "oui si une nouvelle édition est annoncée"
    if deadline and deadline < pair.today:
        because = f"l'échéance {pair.voice.of_the_project} était le {day(deadline)}"
        return because, f"oui si {pair.voice.the_project} reporte son échéance"
    return "l'offre ou le projet est clos", "oui si une nouvelle édition est annoncée"


def _same_organisation(pair: Pair) -> Words:
    because = pair.voice.choose(
        project="cette offre est celle de votre organisation",
        offer="ce projet est celui de votre organisation",
        nobody="l'offre et le projet sont de la même organisation",
    )
    return because, None


def _declined(pair: Pair) -> Words:
    who = "l'une des parties a décliné"
    return (f"{who} le {day(pair.declined_on)}" if pair.declined_on else who), None


def _no_barrier(pair: Pair) -> Words:
    return "c'est un guichet pour les freins réglementaires", (
        "oui si vous décrivez le frein que rencontre votre projet"
        if pair.voice.reader == "project"
        else "oui si le projet décrit son frein"
    )


def _twin(pair: Pair) -> Words:
    said = "c'est déjà déposé"
    return (f"{said} sous le titre {quoted(pair.twin_title)}" if pair.twin_title else said), None


_WORDS: dict[RefusalCode, Callable[[Pair], Words]] = {
    "hors-perimetre": _perimeter,
    "label-requis": _label,
    "theme-eloigne": _theme,
    "engagement-non-recherche": _kind,
    "objet-different": _objects,
    "stade-non-admis": _stage,
    "forme-non-admise": _form,
    "montant-hors-fourchette": _amount,
    "capacite-epuisee": _capacity,
    "pas-encore-ouvert": _not_yet,
    "clos": _closed,
    "meme-organisation": _same_organisation,
    "decline": _declined,
    "frein-absent": _no_barrier,
    "suspendu": lambda _: ("l'offre ou le projet est en pause", "oui si son auteur reprend"),
    "retire": lambda _: ("l'offre ou le projet a été retiré", None),
    "doublon": _twin,
}
