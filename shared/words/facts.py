"""What a project asks and what an offer gives, in a few words each: who, amount, dates, freshness."""

from collections.abc import Iterable
from datetime import date

from shared.events.matches import OfferFacts, ProjectFacts
from shared.events.shapes import PerimeterUnit
from shared.words.french import clauses, closes, days, due, labelled, money, month, opens
from shared.words.names import Names
from shared.words.reasons import money_span

_FRESH_DAYS = 365


def days_span(least: int | None, most: int) -> str:
    """« 5 à 20 jours », or « jusqu'à 20 jours »."""
    return f"{least} à {days(most)}" if least and least != most else days(most) if least else f"jusqu'à {days(most)}"


def offer_amount(offer: OfferFacts) -> str | None:
    """What one project may get: « 2 000 à 24 000 € », « jusqu'à 20 jours »; nothing if unknown."""
    most_eur = _smaller(offer.max_eur, offer.remaining_eur)
    if most_eur is not None:
        return money_span(offer.min_eur, most_eur)
    if offer.min_eur:
        return f"à partir de {money(offer.min_eur)}"
    most_days = _smaller(offer.max_days, offer.remaining_days)
    if most_days is not None:
        return days_span(offer.min_days, most_days)
    return f"à partir de {days(offer.min_days)}" if offer.min_days else None


def offer_left(offer: OfferFacts) -> str | None:
    """What remains in all: « reste 24 000 € », « reste 12 jours »; nothing if unknown."""
    left = [money(offer.remaining_eur)] if offer.remaining_eur is not None else []
    if offer.remaining_days is not None:
        left.append(days(offer.remaining_days))
    return f"reste {' et '.join(left)}" if left else None


def offer_dates(offer: OfferFacts, today: date) -> str | None:
    """« ferme dans 12 jours (3 décembre 2026) », when it opens, or nothing if it has no date."""
    if offer.opens_on and offer.opens_on > today:
        return opens(offer.opens_on, today)
    return closes(offer.closes_on, today) if offer.closes_on else None


def reach(perimeter: Iterable[PerimeterUnit], names: Names, *, accepts_neighbours: bool) -> str:
    """« Nantes Métropole et les territoires voisins », « toute la France »: France has no neighbours."""
    units = tuple(perimeter)
    has_neighbours = accepts_neighbours and all(unit.level != "national" for unit in units)
    return names.perimeter(units) + (" et les territoires voisins" if has_neighbours else "")


def project_dates(project: ProjectFacts, today: date) -> str | None:
    """« échéance dans 12 jours (3 décembre 2026) », or nothing."""
    return due(project.deadline, today) if project.deadline else None


def project_need(project: ProjectFacts, offer: OfferFacts, names: Names) -> str | None:
    """The need that this offer would serve: « mécénat de compétences, 20 jours », « 60 000 € à trouver »."""
    need = next((each for each in project.needs if each.kind in offer.kinds), None)
    if need is None or offer.nature is not None:
        return f"{money(project.amount_sought_eur)} à trouver" if project.amount_sought_eur else None
    sizes = [money(need.amount_eur)] if need.amount_eur else []
    if need.days:
        sizes.append(days(need.days))
    return ", ".join([names.kind(need.kind), *([" et ".join(sizes)] if sizes else [])])


def is_stale(offer: OfferFacts, today: date) -> bool:
    """Whether its openness was last checked more than a year before `today`: no mail pushes it."""
    return is_old(offer.last_checked_on, today)


def is_old(checked_on: date | None, today: date) -> bool:
    """Whether what was checked that day is to be checked again."""
    return checked_on is not None and (today - checked_on).days > _FRESH_DAYS


def staleness(offer: OfferFacts, today: date) -> str | None:
    """« Cité en février 2019 ; ouverture à vérifier auprès de : Bpifrance », or nothing while fresh."""
    if offer.last_checked_on is None or not is_stale(offer, today):
        return None
    return staleness_words(offer.last_checked_on, offer.organisation_name)


def staleness_words(checked_on: date, whom: str | None) -> str:
    """« Cité en février 2019 ; ouverture à vérifier auprès de : Bpifrance »."""
    ask = "ouverture à vérifier"
    return clauses(f"Cité en {month(checked_on)}", labelled(f"{ask} auprès de", whom) if whom else ask)


def _smaller(a: int | None, b: int | None) -> int | None:
    return min((each for each in (a, b) if each is not None), default=None)
