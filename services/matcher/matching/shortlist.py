"""Shortlists: the exact best twenty of a party, merged across partitions, compared with what they were."""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest

from services.matcher.matching.model import Fit, Pair

SIZE = 20
"""How many fits a shortlist keeps."""

Shortlist = tuple[Fit, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What makes one shortlist from another; `changed` stayed with another score or other reasons."""

    entered: Shortlist
    left: Shortlist
    changed: Shortlist

    def __bool__(self) -> bool:
        return bool(self.entered or self.left or self.changed)


def rank(fit: Fit) -> tuple[int, str, str, str]:
    """The order of a shortlist: the best score first; ties by the ids, then the type, by code point."""
    project_id, offer_type, offer_id = fit.pair
    return (-fit.score_ppm, project_id, offer_id, offer_type)


def shortlist(fits: Iterable[Fit], size: int = SIZE) -> Shortlist:
    """The best `size` of the fits of one party, best first; the order they come in changes nothing."""
    return tuple(nsmallest(size, fits, key=rank))


def merge(lists: Iterable[Iterable[Fit]], size: int = SIZE) -> Shortlist:
    """The best `size` of several shortlists of one party, such as the partitions' own; each pair is in one of them."""
    return shortlist((fit for each in lists for fit in each), size)


def difference(old: Iterable[Fit], new: Iterable[Fit]) -> Difference:
    """What entered, left and changed from `old` to `new`, each in the order of its list; rank alone is no change."""
    before: dict[Pair, Fit] = {fit.pair: fit for fit in old}
    after: dict[Pair, Fit] = {fit.pair: fit for fit in new}
    return Difference(
        entered=tuple(fit for pair, fit in after.items() if pair not in before),
        left=tuple(fit for pair, fit in before.items() if pair not in after),
        changed=tuple(fit for pair, fit in after.items() if pair in before and fit != before[pair]),
    )
