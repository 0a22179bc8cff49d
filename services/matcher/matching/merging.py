"""Decides what an offer's list becomes: the merge of what every partition stored, once all have judged its version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.matcher.matching.model import Pair
from services.matcher.matching.rows import MergedList, PartitionList
from services.matcher.matching.shortlists import OfferKey, best

PATIENCE = timedelta(seconds=30)
"""How long a version waits for the partitions that have not judged it; then it is merged without them."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What an offer's list becomes; `entered` and `left` are pairs with the partition of their project, where known."""

    merged: MergedList
    entered: dict[Pair, int]
    left: frozenset[Pair]


@dataclass(frozen=True, slots=True)
class Merged:
    """What one transaction merged, and the offers it deferred; `listed` are all merged lists where heads are behind."""

    merges: Sequence[Merge] = ()
    deferred: frozenset[OfferKey] = frozenset()
    listed: Mapping[OfferKey, MergedList] | None = None

    def pairs(self) -> set[Pair]:
        """Every pair of `listed`."""
        return {
            Pair(rank.project_id, key.offer_type, key.offer_id)
            for key, merged in (self.listed or {}).items()
            for rank in merged.entries
        }


def merge(
    held: MergedList, stored: Sequence[PartitionList], version: int, *, all_judged: bool, now: datetime
) -> Merge | None:
    """The merge of `stored`, the lists of all partitions, for a process that knows the offer at `version`.

    None when someone has judged a newer version: it is for those who heard it. A version not merged yet waits until
    `all_judged`, or the first to merge would propose what the others withdraw; then `merged` only tells since when.
    """
    if version < max((held.offer_version, *(each.offer_version for each in stored))):
        return None
    if version > held.offer_version and not all_judged and not _waited(held, version, now):
        since = held.pending_since if held.pending_version == version else now
        waiting = MergedList(held.offer, held.offer_version, held.entries, version, since)
        return Merge(waiting, {}, frozenset())
    entries = best(rank for each in stored for rank in each.entries)
    merged = MergedList(held.offer, version, entries, None, None)
    before = {rank.project_id for rank in held.entries}
    after = {rank.project_id for rank in entries}
    partitions = {rank.project_id: each.partition for each in stored for rank in each.entries}
    offer_id, offer_type = held.offer
    return Merge(
        merged,
        {Pair(each, offer_type, offer_id): partitions[each] for each in sorted(after - before)},
        frozenset(Pair(each, offer_type, offer_id) for each in before - after),
    )


def _waited(held: MergedList, version: int, now: datetime) -> bool:
    return held.pending_version == version and held.pending_since is not None and now - held.pending_since >= PATIENCE
