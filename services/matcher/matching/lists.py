"""The lists of one side: as dictionaries would hold them, read as tuples, in some twelve bytes an entry."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from services.matcher.matching.index.rows import Keys
from services.matcher.matching.laid import NOTHING, Gathered, Gathering, Laid, Numbered
from services.matcher.matching.shortlists import OfferKey, OfferRank, ProjectRank, offer_named, text_of

Owner = TypeVar("Owner", bound=Hashable)
Other = TypeVar("Other", bound=Hashable)
Key = TypeVar("Key", bound=Hashable)
Rank = TypeVar("Rank", bound=tuple[int, Any])

FEWEST = 1_000
SHARE = 16
"""Lists are laid anew once one in so many has changed, and no fewer than `FEWEST`."""


@dataclass(frozen=True, slots=True)
class Names(Generic[Key]):
    """The parties of one side, by numbers that never change hands; whoever has none yet may be listed all the same."""

    keys: Keys
    text: Callable[[Key], str]
    key: Callable[[str], Key]

    def row_of(self, key: Key) -> int | None:
        """The number of a party, or nothing."""
        return self.keys.row_of(self.text(key))

    def at(self, row: int) -> Key:
        """The party of a number."""
        return self.key(self.keys.key_of(row))


class Lists(Mapping[Owner, tuple[Rank, ...]], Generic[Owner, Other, Rank]):
    """Who has a list, and which; nobody has an empty one. What changed since all was laid stands beside, as tuples."""

    def __init__(self, owners: Names[Owner], others: Names[Other], rank: Callable[[int, Other], Rank]) -> None:
        """`rank` makes an entry of what it is below, and of whom it names."""
        self._owners, self._others, self._rank = owners, others, rank
        self._laid = Laid(NOTHING)
        self._changed: dict[Owner, tuple[Rank, ...]] = {}
        """Empty where a laid list has gone."""
        self._naming: defaultdict[Other, set[Owner]] = defaultdict(set)
        self._count, self._most = 0, FEWEST

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Owner]:
        for row in self._laid.owners():
            owner = self._owners.at(row)
            if owner not in self._changed:
                yield owner
        yield from (owner for owner, ranks in self._changed.items() if ranks)

    def __contains__(self, owner: Any) -> bool:
        found = self._changed.get(owner)
        return self._is_laid(owner) if found is None else bool(found)

    def __getitem__(self, owner: Owner) -> tuple[Rank, ...]:
        found = self._changed.get(owner)
        if found is None:
            found = self._read(owner)
        if not found:
            raise KeyError(owner)
        return found

    def naming(self, other: Other) -> set[Owner]:
        """The owners of the lists that name somebody."""
        row = self._others.row_of(other)
        laid = () if row is None else map(self._owners.at, self._laid.naming(row))
        return {owner for owner in laid if owner not in self._changed} | self._naming.get(other, set())

    def put(self, owner: Owner, ranks: tuple[Rank, ...]) -> None:
        """Let this be the list of an owner, or none where it is empty."""
        self._count += bool(ranks) - (owner in self)
        for rank in self._changed.pop(owner, ()):
            self._drop_naming(rank[1], owner)
        if ranks or self._is_laid(owner):
            self._change(owner, ranks)
        if len(self._changed) > self._most:
            self._lay_anew()

    def load(self, lists: Gathered) -> None:
        """Take in many lists at once, where there are none yet."""
        assert not self
        self._count = int(np.count_nonzero(lists.lengths))
        self._lay(lists, ())

    def _is_laid(self, owner: Owner) -> bool:
        row = self._owners.row_of(owner)
        return row is not None and self._laid.has(row)

    def _read(self, owner: Owner) -> tuple[Rank, ...]:
        row = self._owners.row_of(owner)
        if row is None:
            return ()
        return tuple(self._rank(-score, self._others.at(each)) for score, each in self._laid.entries(row))

    def _change(self, owner: Owner, ranks: tuple[Rank, ...]) -> None:
        self._changed[owner] = ranks
        for rank in ranks:
            self._naming[rank[1]].add(owner)

    def _drop_naming(self, other: Other, owner: Owner) -> None:
        self._naming[other].discard(owner)
        if not self._naming[other]:
            del self._naming[other]

    def _lay_anew(self) -> None:
        lists, gathering = {owner: ranks for owner, ranks in self._changed.items() if ranks}, Gathering()
        gathering.add(
            map(self._owners.text, lists),
            [[self._others.text(rank[1]) for rank in ranks] for ranks in lists.values()],
            [[-rank[0] for rank in ranks] for ranks in lists.values()],
        )
        self._lay(gathering.gathered(), self._changed)

    def _lay(self, lists: Gathered, replaced: Iterable[Owner]) -> None:
        """Lay these beside those that stand and are not replaced; whoever names somebody without number waits."""
        owners = self._owners.keys.rows_of(lists.owners)
        others = self._others.keys.rows_of(lists.names)[lists.others]
        gone = self._owners.keys.rows_of([self._owners.text(owner) for owner in replaced])
        list_of = np.repeat(np.arange(len(owners)), lists.lengths)
        is_numbered = owners >= 0
        is_numbered[list_of[others < 0]] = False
        kept = is_numbered[list_of]
        added = Numbered(owners[is_numbered], lists.lengths[is_numbered], others[kept], lists.scores[kept])
        self._laid = Laid(self._laid.without(gone[gone >= 0]).joined(added))
        self._changed, self._naming = {}, defaultdict(set)
        for owner, entries in lists.some(np.flatnonzero(~is_numbered).tolist()):
            ranks = tuple(self._rank(-score, self._others.key(name)) for score, name in entries)
            self._change(self._owners.key(owner), ranks)
        self._most = len(self._changed) + max(FEWEST, self._laid.count // SHARE)


ProjectLists = Lists[str, OfferKey, OfferRank]
OfferLists = Lists[OfferKey, str, ProjectRank]


def lists_between(projects: Keys, offers: Keys) -> tuple[ProjectLists, OfferLists]:
    """No lists yet, of these projects and of these offers, who are named as `text_of` does; no key is ever taken."""
    project_names: Names[str] = Names(projects, str, str)
    offer_names: Names[OfferKey] = Names(offers, text_of, offer_named)
    return Lists(project_names, offer_names, OfferRank), Lists(offer_names, project_names, ProjectRank)
