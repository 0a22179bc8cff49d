"""An offer in words: what it brings, to whom, where, until when, and what is left of it."""

from dataclasses import dataclass
from datetime import date

from shared.events.shapes import Commitment, DayRange, EuroRange, Fund
from shared.events.vocabulary import OfferType
from shared.words.facts import days_span, is_old, reach, staleness_words
from shared.words.french import capitalised, clauses, closes, days, money, month, opens
from shared.words.names import Names
from shared.words.openness import OPENNESS, Openness, openness
from shared.words.reasons import money_span


@dataclass(frozen=True, slots=True)
class OfferSummary:
    """An offer in one line or two; `spent` is the part already engaged, in hundredths, where that is known.

    Its status follows its dates: what is past its last day is closed, whatever its author left it as.
    """

    type: OfferType
    offer_id: str
    title: str
    who: str
    kind: str
    openness: Openness
    amount: str | None
    left: str | None
    spent: int | None
    dates: str | None
    warning: str | None

    @property
    def status(self) -> str:
        """« Ouvert », « Clos »."""
        return OPENNESS[self.openness]

    @property
    def is_active(self) -> bool:
        """Whether it takes projects today."""
        return self.openness == "open"

    @property
    def is_over(self) -> bool:
        """Whether no project enters it any more."""
        return self.openness in {"closed", "withdrawn"}


def offer_summary(offer: Commitment | Fund, names: Names, today: date) -> OfferSummary:
    """The offer in short."""
    is_open = openness_of(offer, today)
    if isinstance(offer, Commitment):
        return OfferSummary(
            "commitment",
            offer.commitment_id,
            offer.title,
            offer.company.name,
            names.label("commitment_kinds", offer.kind),
            is_open,
            _per_project(offer.per_project_eur, offer.per_project_days),
            _left(offer),
            _spent(offer),
            _dates(offer, today),
            None,
        )
    nature = names.label("fund_natures", offer.nature)
    return OfferSummary(
        "fund",
        offer.fund_id,
        offer.title,
        offer.speaker or "",
        clauses(nature, names.kinds(offer.kinds)) if offer.kinds else nature,
        is_open,
        _per_project(offer.ticket_eur, None),
        None,
        None,
        _dates(offer, today),
        _stale(offer, today),
    )


def openness_of(offer: Commitment | Fund, today: date) -> Openness:
    """Whether the offer takes projects today."""
    is_twin = offer.duplicate_of is not None
    return openness(offer.status, offer.opens_on, offer.closes_on, today, is_twin=is_twin)


def offer_facts_rows(offer: Commitment | Fund, names: Names, today: date) -> tuple[tuple[str, str], ...]:
    """Label and value of each fact that the offer gives."""
    perimeter = reach(offer.perimeter, names, accepts_neighbours=offer.accepts_neighbours)
    rows = (
        ("Périmètre", capitalised(perimeter)),
        ("Thèmes", names.labels_of("categories", offer.categories) or "Tous"),
        ("Stades acceptés", capitalised(names.words_of("stages", offer.stages)) or "Tous"),
        ("Formes admises", capitalised(names.words_of("legal_forms", offer.legal_forms)) or "Toutes"),
        *(_of_commitment(offer, names) if isinstance(offer, Commitment) else _of_fund(offer)),
        ("Dates", capitalised(_dates(offer, today) or "")),
    )
    return tuple((label, value) for label, value in rows if value)


def _of_commitment(offer: Commitment, names: Names) -> tuple[tuple[str, str], ...]:
    challenges = ", ".join(names.challenges.get(one, one) for one in offer.challenges)
    total = [money(offer.total_eur)] if offer.total_eur is not None else []
    if offer.days is not None:
        total.append(days(offer.days))
    return (
        ("Objets", names.labels_of("objects", offer.objects)),
        ("Défis visés", challenges),
        ("Par projet", _per_project(offer.per_project_eur, offer.per_project_days) or ""),
        ("En tout", " et ".join(total)),
        ("Reste", _left(offer) or ""),
    )


def _of_fund(offer: Fund) -> tuple[tuple[str, str], ...]:
    approximate = "environ " if offer.envelope_is_approximate else ""
    return (
        ("Partenaires", ", ".join(offer.partners)),
        ("Par projet", _per_project(offer.ticket_eur, None) or ""),
        ("Enveloppe", f"{approximate}{money(offer.envelope_eur)}" if offer.envelope_eur else ""),
        ("Période annoncée", offer.period_text or ""),
        *_checked(offer),
    )


def _checked(offer: Fund) -> tuple[tuple[str, str], ...]:
    """When it was checked; of one that nobody vouches for, who described it instead."""
    if offer.deposited_by is None:
        return (("Vérifié en", month(offer.last_checked_on) if offer.last_checked_on else ""),)
    return ("Décrit par", f"{offer.deposited_by}, non vérifié"), ("Organisme annoncé", offer.operator or "")


def _per_project(euros: EuroRange | None, working_days: DayRange | None) -> str | None:
    if euros and euros.max is not None:
        return money_span(euros.min, euros.max)
    if euros and euros.min:
        return f"à partir de {money(euros.min)}"
    if working_days and working_days.max is not None:
        return days_span(working_days.min, working_days.max)
    return f"à partir de {days(working_days.min)}" if working_days and working_days.min else None


def _left(offer: Commitment) -> str | None:
    parts = []
    if offer.total_eur is not None:
        parts.append(f"{money(max(0, offer.total_eur - (offer.committed_eur or 0)))} sur {money(offer.total_eur)}")
    if offer.days is not None:
        parts.append(f"{max(0, offer.days - (offer.committed_days or 0))} sur {days(offer.days)}")
    return " et ".join(parts) or None


def _spent(offer: Commitment) -> int | None:
    total, committed = (offer.total_eur, offer.committed_eur) if offer.total_eur else (offer.days, offer.committed_days)
    return min(100, round(100 * (committed or 0) / total)) if total else None


def _dates(offer: Commitment | Fund, today: date) -> str | None:
    if offer.opens_on and offer.opens_on > today:
        return opens(offer.opens_on, today)
    return closes(offer.closes_on, today) if offer.closes_on else None


def _stale(offer: Fund, today: date) -> str | None:
    if offer.last_checked_on is None or not is_old(offer.last_checked_on, today):
        return None
    return staleness_words(offer.last_checked_on, offer.speaker)
