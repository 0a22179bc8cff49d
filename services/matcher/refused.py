"""Tells which pairs are refused and why: the nearest to eligible first, twenty of each code."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.matcher.matching.eligibility import refusals
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.shortlists import OfferKey
from shared.events.vocabulary import RefusalCode

PER_CODE = 20


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused pair, with every code."""

    project: PreparedProject
    offer: PreparedOffer
    codes: tuple[RefusalCode, ...]


def refused_pairs(
    pairs: Iterable[tuple[PreparedProject, PreparedOffer]], day: date, declined: Mapping[str, set[OfferKey]]
) -> list[Refused]:
    """Those of the pairs that are refused on `day`; `declined` gives the declined offers of each project."""
    found = []
    for project, offer in pairs:
        said_no = OfferKey(offer.id, offer.type) in declined.get(project.id, ())
        codes = refusals(project, offer, day, declined=said_no)
        if codes:
            found.append(Refused(project, offer, codes))
    return found


def nearest(found: Iterable[Refused]) -> tuple[list[Refused], dict[str, int]]:
    """The pairs nearest to eligible (fewest codes, then ids), twenty of each code, and how many each code refuses."""
    counts: Counter[str] = Counter()
    kept = []
    for each in sorted(found, key=lambda one: (len(one.codes), one.project.id, one.offer.id, one.offer.type)):
        if any(counts[code] < PER_CODE for code in each.codes):
            kept.append(each)
        counts.update(each.codes)
    return kept, dict(sorted(counts.items()))
