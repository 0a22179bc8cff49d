"""A sentence for each reason of a score, over the fact it carries."""

from collections.abc import Callable, Iterable

from shared.events.matches import OfferFacts, ProjectFacts, Reason
from shared.events.shapes import PerimeterUnit
from shared.events.vocabulary import ReasonCode, Side
from shared.words.french import day, days, labelled, money, quoted
from shared.words.names import Names
from shared.words.voice import Voice

_SAME_LEVEL = {
    "commune": "Même commune",
    "ept": "Même établissement public territorial",
    "epci": "Même intercommunalité",
    "departement": "Même département",
    "region": "Même région",
}
_PURCHASES = "achats-responsables"


def reason_sentence(
    reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, *, reader: Side | None = None
) -> str:
    """One sentence without a final full stop; « vous » for the `reader` whose fact it is. Any reason has one."""
    return _SENTENCES[reason.code](reason, project, offer, names, Voice(reader))


def best_reasons(reasons: Iterable[Reason], limit: int, *, leave: Iterable[ReasonCode] = ()) -> list[Reason]:
    """The reasons that earn most, ties in the given order; those in `leave` are said elsewhere."""
    left_out = set(leave)
    return sorted((reason for reason in reasons if reason.code not in left_out), key=lambda r: -r.share)[:limit]


def _geo_same(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    unit = _unit(reason, project)
    if unit.level not in _SAME_LEVEL:
        return _geo_national(reason, project, offer, names, voice)
    return labelled(_SAME_LEVEL[unit.level], names.plain_places(unit))


def _geo_within(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    label = voice.choose(
        project="Votre projet est dans le périmètre de l'offre",
        offer="Votre périmètre",
        nobody="Périmètre de l'offre",
    )
    return labelled(label, names.places(_unit(reason, project)))


def _geo_around(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    label = voice.choose(
        project="L'offre couvre une partie de votre territoire",
        offer="Votre offre couvre une partie du territoire du projet",
        nobody="L'offre couvre une partie du territoire du projet",
    )
    return labelled(label, names.plain_places(_unit(reason, project)))


def _geo_national(_: Reason, __: ProjectFacts, ___: OfferFacts, ____: Names, voice: Voice) -> str:
    return "Votre offre est ouverte à toute la France" if voice.reader == "offer" else "Ouvert à toute la France"


def _geo_beside(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    label = "Territoire voisin, que vous acceptez" if voice.reader == "offer" else "Territoire voisin, accepté"
    return labelled(label, names.places(_unit(reason, project)))


def _labelled_territory(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    territory = names.territories.get(reason.territory_id or "")
    label = "Votre territoire est French Impact" if voice.reader == "project" else "Territoire French Impact"
    return labelled(label, territory or project.commune_name)


def _challenge(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    title = names.challenges.get(reason.challenge_id or "")
    start = voice.choose(
        project="Vise le défi auquel vous répondez",
        offer="Répond au défi que vous visez",
        nobody="Répond au même défi",
    )
    return labelled(start, quoted(title)) if title else start


def _theme(label: str) -> Callable[[Reason, ProjectFacts, OfferFacts, Names, Voice], str]:
    def sentence(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
        themes = names.labels_of("categories", reason.categories)
        deduced = ""
        if reason.deduced:
            deduced = " (thème déduit de votre texte)" if voice.reader == "project" else " (thème déduit du texte)"
        return (labelled(label, themes) if themes else label) + deduced

    return sentence


def _kind(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    label = voice.choose(project="Vous le cherchez", offer="Besoin recherché", nobody="Besoin recherché")
    return labelled(label, names.kind(reason.kind) if reason.kind else names.kinds(offer.kinds))


def _objects(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    return labelled("Même objet", names.words_of("objects", reason.objects or offer.objects))


def _terms(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    return labelled("Mots communs", ", ".join(reason.terms)) if reason.terms else "Des mots communs"


def _stage(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    label = voice.choose(project="Votre stade est accepté", offer="Stade que vous acceptez", nobody="Stade accepté")
    return labelled(label, names.word("stages", reason.stage or project.stage))


def _form(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    label = voice.choose(project="Votre forme est admise", offer="Forme que vous admettez", nobody="Forme admise")
    return labelled(label, names.word("legal_forms", reason.legal_form or project.legal_form))


def _open(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    last = reason.until or offer.closes_on
    start = "Votre offre est ouverte" if voice.reader == "offer" else "Ouvert"
    if last:
        return f"{start} jusqu'au {day(last)}"
    return f"{start}, sans date de fin" if voice.reader == "offer" else "Ouvert, sans date de fin"


def _amount(reason: Reason, project: ProjectFacts, offer: OfferFacts, names: Names, voice: Voice) -> str:
    if _PURCHASES in offer.kinds:
        return _purchases(offer, voice)
    can = "Vous pouvez couvrir" if voice.reader == "offer" else "Peut couvrir"
    covers, need = _quantities(reason)
    if need and reason.code == "montant-compatible":
        whole = "tout votre besoin" if voice.reader == "project" else "tout le besoin"
        return labelled(f"{can} {whole}", need)
    if covers and need:
        return f"{can} {covers} sur {need}"
    return f"{can} une partie du besoin" if reason.code == "montant-partiel" else f"{can} tout le besoin"


def _quantities(reason: Reason) -> tuple[str | None, str | None]:
    """What is covered and what is needed, in euros, else in days."""
    if reason.need_eur is not None:
        return (money(reason.covers_eur) if reason.covers_eur is not None else None), money(reason.need_eur)
    if reason.need_days is not None:
        return (days(reason.covers_days) if reason.covers_days is not None else None), days(reason.need_days)
    return None, None


def _purchases(offer: OfferFacts, voice: Voice) -> str:
    label = "Vos commandes possibles" if voice.reader == "offer" else "Commandes possibles"
    if offer.max_eur is None:
        return labelled(label, f"à partir de {money(offer.min_eur)}") if offer.min_eur else label
    return labelled(label, money_span(offer.min_eur, offer.max_eur))


def money_span(least: int | None, most: int) -> str:
    """« 5 000 à 80 000 € », or « jusqu'à 80 000 € »."""
    if least == most:
        return money(most)
    return f"{money(least).removesuffix('€').rstrip()} à {money(most)}" if least else f"jusqu'à {money(most)}"


def _unit(reason: Reason, project: ProjectFacts) -> PerimeterUnit:
    return reason.unit or PerimeterUnit(level="commune", code=project.commune, name=project.commune_name)


_SENTENCES: dict[ReasonCode, Callable[[Reason, ProjectFacts, OfferFacts, Names, Voice], str]] = {
    "geo-identique": _geo_same,
    "geo-contenu": _geo_within,
    "geo-contient": _geo_around,
    "geo-national": _geo_national,
    "geo-voisin": _geo_beside,
    "territoire-labellise": _labelled_territory,
    "defi-identique": _challenge,
    "theme-principal": _theme("Même thème"),
    "theme-secondaire": _theme("Un thème en commun"),
    "theme-proche": _theme("Thèmes proches"),
    "engagement-recherche": _kind,
    "objet-commun": _objects,
    "texte-proche": _terms,
    "stade-admis": _stage,
    "forme-admise": _form,
    "calendrier-ouvert": _open,
    "montant-compatible": _amount,
    "montant-partiel": _amount,
}
