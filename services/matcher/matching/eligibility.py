"""Eligibility: every reason for which a project and an offer cannot be brought together on a day."""

from collections.abc import Callable, Iterator
from datetime import date

from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.events.vocabulary import RefusalCode

Refusals = Iterator[RefusalCode]
_OUT: tuple[RefusalCode, ...] = ("suspendu", "clos", "retire")


def refusals(
    project: PreparedProject, offer: PreparedOffer, day: date, *, declined: bool = False
) -> tuple[RefusalCode, ...]:
    """Every refusal of the pair on `day`, each once, in the order of the table of docs/matching.md; none = eligible.

    `declined`: one of the two sides has said no to this pair.
    """
    found = dict.fromkeys(code for rule in RULES for code in rule(project, offer, day))
    return (*found, "decline") if declined else tuple(found)


def _status(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    both = {project.project.status, offer.offer.status}
    return (code for code in _OUT if code in both)


def _calendar(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    opens_on, deadline, closes_on = offer.offer.opens_on, project.project.deadline, offer.offer.closes_on
    if opens_on is not None and day < opens_on:
        yield "pas-encore-ouvert"
    if any(last is not None and day > last for last in (deadline, closes_on)):
        yield "clos"


def _perimeter(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if project.place.meeting(offer.units, accepts_neighbours=offer.offer.accepts_neighbours) is None:
        yield "hors-perimetre"


def _label(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if offer.labelled_only and not project.labelled:
        yield "label-requis"


def _theme(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if offer.categories and project.themes.own and project.themes.meeting(offer.categories) is None:
        yield "theme-eloigne"


def _kind(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if offer.need_of(project) is None or (offer.only_money and project.sought.amounts.eur == 0):
        yield "engagement-non-recherche"


def _object(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    need = offer.need_of(project)
    if need and need.objects and offer.objects and not need.objects & offer.objects:
        yield "objet-different"


def _barrier(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if offer.needs_barrier and project.project.barrier is None:
        yield "frein-absent"


def _stage(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if offer.stages and project.project.stage not in admitted_stages(offer):
        yield "stade-non-admis"


def _form(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if offer.forms and offer.forms.isdisjoint(project.forms):
        yield "forme-non-admise"


def _range(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    need = offer.need_of(project)
    if need and any(
        least is not None and asked is not None and least > asked
        for least, asked in (
            (offer.minimum.eur, need.amounts.eur),
            (offer.minimum.days, need.amounts.days),
        )
    ):
        yield "montant-hors-fourchette"


def _capacity(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if is_exhausted(offer):
        yield "capacite-epuisee"


def _organisation(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    owner = project.project.owner
    if owner.siren is not None and offer.siren is not None:
        same = owner.siren == offer.siren
    else:
        same = owner.owner_id == offer.organisation_id
    if same:
        yield "meme-organisation"


def _duplicate(project: PreparedProject, offer: PreparedOffer, day: date) -> Refusals:
    if project.project.duplicate_of is not None or offer.offer.duplicate_of is not None:
        yield "doublon"


RULES: tuple[Callable[[PreparedProject, PreparedOffer, date], Refusals], ...] = (
    _status,
    _calendar,
    _perimeter,
    _label,
    _theme,
    _kind,
    _object,
    _barrier,
    _stage,
    _form,
    _range,
    _capacity,
    _organisation,
    _duplicate,
)
"""One per row of the table, in its order."""


def admitted_stages(offer: PreparedOffer) -> frozenset[str]:
    """The stages that an offer naming some admits: those, and `essaimage` where it names `changement-echelle`."""
    return offer.stages | {"essaimage"} if "changement-echelle" in offer.stages else offer.stages


def is_exhausted(offer: PreparedOffer) -> bool:
    """Whether what remains, in euros or in days, is nothing or less than one project must get."""
    left, least = offer.remaining, offer.minimum
    return any(
        rest is not None and (rest <= 0 or rest < (minimum or 0))
        for rest, minimum in ((left.eur, least.eur), (left.days, least.days))
    )
