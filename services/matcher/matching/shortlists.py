"""Lists as they are kept: who is in them, in which order, and how those of several partitions merge."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

from services.matcher.matching.index.best import SIZE
from services.matcher.matching.model import Pair
from shared.events.vocabulary import OfferType

LENGTH = SIZE
"""A shortlist holds the best twenty, in both directions."""


class OfferKey(NamedTuple):
    """What names an offer; compares by id, then type, by code point: the order of ties and of locks."""

    offer_id: str
    offer_type: OfferType


class OfferRank(NamedTuple):
    """An entry of a project's list; sorted, the best is first."""

    below: int
    offer: OfferKey

    @property
    def score(self) -> int:
        """Whole millionths."""
        return -self.below


class ProjectRank(NamedTuple):
    """An entry of an offer's list; sorted, the best is first."""

    below: int
    project_id: str

    @property
    def score(self) -> int:
        """Whole millionths."""
        return -self.below


def text_of(offer: OfferKey) -> str:
    """An offer as one text, as tables of keys have it."""
    return f"{offer.offer_type[0]}{offer.offer_id}"


def offer_named(text: str) -> OfferKey:
    """The offer of such a text."""
    return OfferKey(text[1:], "fund" if text[0] == "f" else "commitment")


def offer_of(pair: Pair) -> OfferKey:
    """The offer of a pair."""
    return OfferKey(pair.offer_id, pair.offer_type)


ProjectList = tuple[OfferRank, ...]
OfferList = tuple[ProjectRank, ...]
Rank = TypeVar("Rank", OfferRank, ProjectRank)


def best(ranks: Iterable[Rank]) -> tuple[Rank, ...]:
    """The best twenty, best first; no two are of the same party. It is also how the lists of partitions merge."""
    return tuple(sorted(ranks)[:LENGTH])


def floor(ranks: Sequence[OfferRank | ProjectRank]) -> int:
    """The score below which nobody enters this list: that of its last entry, once it is full."""
    return ranks[-1].score if len(ranks) == LENGTH else 0


def may_enter(held: Sequence[Rank], rank: Rank) -> bool:
    """Whether `rank` may stand in the list that `held` is now: it has room, or the last is no better."""
    return len(held) < LENGTH or rank <= held[-1]


def revised(old: Sequence[Rank], kept: Sequence[Rank], arrived: Iterable[Rank]) -> tuple[Rank, ...] | None:
    """The list that `old` becomes when only `kept` of it stays and `arrived` may enter; None when that is not certain.

    Whoever is in neither stays below the last of a full `old`: beyond that entry the list is not certain.
    """
    found = sorted(chain(kept, arrived))
    if len(old) < LENGTH or len(kept) == len(old):
        return tuple(found[:LENGTH])
    certain = [rank for rank in found[:LENGTH] if rank <= old[-1]]
    return tuple(certain) if len(certain) == LENGTH else None
