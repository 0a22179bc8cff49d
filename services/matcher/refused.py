"""Tells which pairs are refused and why: the nearest to eligible first, twenty of each code."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest

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

    @property
    def order(self) -> tuple[int, str, str, str]:
        """The nearest to eligible first: fewest codes, then ids."""
        return len(self.codes), self.project.id, self.offer.id, self.offer.type


class Refusals:
    """Of refused pairs, however many, how many each code refuses, and the twenty nearest of each."""

    def __init__(self) -> None:
        self.total = 0
        self._counts: Counter[RefusalCode] = Counter()
        self._nearest: dict[RefusalCode, list[Refused]] = {}

    def add(
        self,
        pairs: Iterable[tuple[PreparedProject, PreparedOffer]],
        day: date,
        declined: Mapping[str, set[OfferKey]],
    ) -> None:
        """Take in those of the pairs that are refused on `day`; `declined` has the declined offers of each project."""
        found: dict[RefusalCode, list[Refused]] = {}
        for project, offer in pairs:
            said_no = OfferKey(offer.id, offer.type) in declined.get(project.id, ())
            if codes := refusals(project, offer, day, declined=said_no):
                self.total += 1
                self._counts.update(codes)
                for code in codes:
                    found.setdefault(code, []).append(Refused(project, offer, codes))
        for code, some in found.items():
            self._nearest[code] = nsmallest(PER_CODE, self._nearest.get(code, []) + some, key=lambda each: each.order)

    def nearest(self) -> list[Refused]:
        """The twenty nearest of each code, each pair once, nearest first."""
        kept = {each.order: each for some in self._nearest.values() for each in some}
        return [kept[order] for order in sorted(kept)]

    def counts(self) -> dict[str, int]:
        """How many pairs each code refuses."""
        return dict(sorted(self._counts.items()))
