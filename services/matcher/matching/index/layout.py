"""Projects and offers as numbers: what each column of a row holds, and how a row is made."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, get_args

import numpy as np

from services.matcher.matching.eligibility import admitted_stages, is_exhausted
from services.matcher.matching.index.table import Column
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.themes import Themes
from shared.events.vocabulary import Accreditation, Category, CommitmentKind, LegalForm, Object, Stage

UNKNOWN = -1
"""No amount, no challenge, no number of an organisation."""
ALWAYS, NEVER = 0, date.max.toordinal()

CATEGORIES = get_args(Category)
KINDS = get_args(CommitmentKind)
FUND_SLOT = len(KINDS)
"""Needs stand in one slot per kind of commitment, then what funds serve: the money sought."""
SLOTS = FUND_SLOT + 1

_KIND_OF = {kind: place for place, kind in enumerate(KINDS)}
_CATEGORY_OF = {category: place for place, category in enumerate(CATEGORIES)}


class Masks:
    """The masks of sets of names, a bit each; the last ones are kept, since most sets come again and again."""

    def __init__(self, names: Iterable[str]) -> None:
        self._bit_of = {name: 1 << place for place, name in enumerate(names)}
        self.of = lru_cache(1 << 14)(self._of)

    def _of(self, names: Collection[str]) -> int:
        return sum(self._bit_of[name] for name in set(names))


_THEMES, _STAGES, _OBJECTS = Masks(CATEGORIES), Masks(get_args(Stage)), Masks(get_args(Object))
_FORMS = Masks((*get_args(LegalForm), *get_args(Accreditation)))

PROJECT = {
    "out": Column(np.bool_),
    "last_day": Column(np.int32),
    "has_theme": Column(np.bool_),
    "theme_worth": Column(np.int64, len(CATEGORIES)),
    "stage": Column(np.int64),
    "forms": Column(np.int64),
    "challenge": Column(np.int64),
    "asked": Column(np.bool_, SLOTS),
    "asked_eur": Column(np.int64, SLOTS),
    "asked_days": Column(np.int64, SLOTS),
    "asked_objects": Column(np.int64, SLOTS),
    "seeks_nothing": Column(np.bool_),
    "labelled": Column(np.bool_),
    "barrier": Column(np.bool_),
    "organisation": Column(np.int64),
    "siren": Column(np.int64),
}
OFFER = {
    "out": Column(np.bool_),
    "first_day": Column(np.int32),
    "last_day": Column(np.int32),
    "categories": Column(np.int64),
    "admitted": Column(np.int64),
    "stages": Column(np.int64),
    "forms": Column(np.int64),
    "slot": Column(np.int64),
    "only_money": Column(np.bool_),
    "objects": Column(np.int64),
    "least_eur": Column(np.int64),
    "least_days": Column(np.int64),
    "cap_eur": Column(np.int64),
    "cap_days": Column(np.int64),
    "labelled_only": Column(np.bool_),
    "needs_barrier": Column(np.bool_),
    "organisation": Column(np.int64),
    "siren": Column(np.int64),
}


class Numbers:
    """A number for each text ever seen: equal texts, equal numbers."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def of(self, text: str | None) -> int:
        """Its number; `UNKNOWN` for none."""
        return UNKNOWN if text is None else self._known.setdefault(text, len(self._known))


def project_row(project: PreparedProject, numbers: Numbers) -> Mapping[str, Any]:
    """The values of a project's row."""
    shape = project.project
    return {
        "out": shape.status != "actif" or shape.duplicate_of is not None,
        "last_day": _ordinal(shape.deadline, NEVER),
        "has_theme": bool(project.themes.own),
        "theme_worth": _worths(project.themes),
        "stage": _STAGES.of((shape.stage,)),
        "forms": _FORMS.of(project.forms),
        "challenge": numbers.of(shape.challenge_id),
        **_needs(project),
        "seeks_nothing": project.sought.amounts.eur == 0,
        "labelled": bool(project.labelled),
        "barrier": shape.barrier is not None,
        "organisation": numbers.of(shape.owner.owner_id),
        "siren": int(shape.owner.siren) if shape.owner.siren else UNKNOWN,
    }


def offer_row(offer: PreparedOffer, numbers: Numbers) -> Mapping[str, Any]:
    """The values of an offer's row; where it names nothing, its mask is 0 and means all."""
    shape = offer.offer
    return {
        "out": shape.status != "actif" or shape.duplicate_of is not None or is_exhausted(offer),
        "first_day": _ordinal(shape.opens_on, ALWAYS),
        "last_day": _ordinal(shape.closes_on, NEVER),
        "categories": _THEMES.of(offer.categories),
        "admitted": _STAGES.of(admitted_stages(offer)),
        "stages": _STAGES.of(offer.stages),
        "forms": _FORMS.of(offer.forms),
        "slot": FUND_SLOT if offer.type == "fund" else _KIND_OF[offer.kinds[0]],
        "only_money": offer.only_money,
        "objects": _OBJECTS.of(offer.objects),
        "least_eur": offer.minimum.eur or 0,
        "least_days": offer.minimum.days or 0,
        "cap_eur": _known(offer.cap.eur),
        "cap_days": _known(offer.cap.days),
        "labelled_only": offer.labelled_only,
        "needs_barrier": offer.needs_barrier,
        "organisation": numbers.of(offer.organisation_id),
        "siren": int(offer.siren) if offer.siren else UNKNOWN,
    }


def _worths(themes: Themes) -> Any:
    """What meeting each category is worth."""
    worths = np.zeros(len(CATEGORIES), np.int64)
    for category, worth in themes.worths().items():
        worths[_CATEGORY_OF[category]] = worth
    return worths


def _needs(project: PreparedProject) -> Mapping[str, Any]:
    asked, objects = [False] * SLOTS, [0] * SLOTS
    eur, days = [UNKNOWN] * SLOTS, [UNKNOWN] * SLOTS
    for kind, need in (*project.needs.items(), (None, project.sought)):
        slot = FUND_SLOT if kind is None else _KIND_OF[kind]
        asked[slot], objects[slot] = True, _OBJECTS.of(need.objects)
        eur[slot], days[slot] = _known(need.amounts.eur), _known(need.amounts.days)
    return {"asked": asked, "asked_eur": eur, "asked_days": days, "asked_objects": objects}


def _ordinal(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else day.toordinal()


def _known(amount: int | None) -> int:
    return UNKNOWN if amount is None else max(0, amount)
