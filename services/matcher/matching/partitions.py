"""What this process keeps in memory of one partition it owns: projects, lists, and who names whom."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from services.matcher.matching.floors import KeptFloors
from services.matcher.matching.index.packed import unpack
from services.matcher.matching.index.packed_projects import PROJECT
from services.matcher.matching.index.rows import Keys
from services.matcher.matching.laid import Gathered
from services.matcher.matching.lists import OfferLists, ProjectLists, lists_between
from services.matcher.matching.model import Located, Pair, PreparedProject
from services.matcher.matching.place import Spot
from services.matcher.matching.project_shelf import HeldProject, KeptProject, ProjectShelf
from services.matcher.matching.rows import ProjectRow, StoredHead
from services.matcher.matching.shortlists import LENGTH, OfferKey, OfferList, ProjectList, offer_named, offer_of
from shared.events.people import AnswerGiven
from shared.events.shapes import Project

if TYPE_CHECKING:
    from services.matcher.matching.index import OfferIndex, ProjectIndex
    from services.matcher.matching.index.offer_engine import OfferEngine
    from services.matcher.matching.index.project_engine import ProjectEngine


@dataclass(frozen=True, slots=True)
class Arrival:
    """A project just heard; nothing but its version when it is erased."""

    version: int
    project: Project | None


Answers = Mapping[str, Sequence[AnswerGiven]]
"""The answers to handle, in order, by match id."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the stream brings to a transaction: projects by id, answers, and the heads of the matches they answer."""

    arrived: Mapping[str, Arrival] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    known: Mapping[str, StoredHead] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What judging finds a partition must become; nothing is stored yet.

    `project_lists` and `offer_lists` hold the lists that changed. `versions` are those of the offers to be locked:
    the changed ones, those whose list changed, and those whose list names a changed project.
    """

    sequence: int
    territories_sequence: int
    day: date | None
    model: str
    positions: Mapping[str, Mapping[int, int]]
    arrived: Mapping[str, ProjectRow]
    declined: frozenset[Pair]
    changed_projects: Mapping[str, HeldProject]
    changed_offers: frozenset[OfferKey]
    project_lists: Mapping[str, ProjectList]
    offer_lists: Mapping[OfferKey, OfferList]
    versions: Mapping[OfferKey, int]


@dataclass(slots=True)
class Partition:
    """One owned partition. `revision` is that of its lease row: other memory is stale and must not be used.

    `index` has its projects, `offers` is that of all offers it is judged against, `offer_keys` numbers all that were
    ever heard.

    `is_lost` once memory is half changed: nothing but loading it again makes it true.
    `unpacked` are the projects that were read as JSON: their bytes are still to be stored.
    `pending` holds the offers that changed since its lists were judged, with the batch that changed them.
    `heads_behind` while its lists are of a model to which its heads have not moved yet. `aside` is what the next model
    makes of it, while lists are built for one.
    """

    number: int
    epoch: int
    revision: int
    index: "ProjectEngine | ProjectIndex"
    offers: "OfferEngine | OfferIndex"
    projects: ProjectShelf
    offer_keys: Keys
    is_lost: bool = False
    day: date | None = None
    territories_sequence: int = 0
    project_lists: ProjectLists = field(init=False)
    offer_lists: OfferLists = field(init=False)
    declined: dict[str, set[OfferKey]] = field(default_factory=lambda: defaultdict(set))
    declining: dict[OfferKey, set[str]] = field(default_factory=lambda: defaultdict(set))
    pending: dict[OfferKey, int] = field(default_factory=dict)
    project_floors: KeptFloors = field(default_factory=KeptFloors)
    offer_floors: KeptFloors = field(default_factory=KeptFloors)
    unpacked: list[str] = field(default_factory=list)
    heads_behind: bool = False
    aside: "Aside | None" = None

    def __post_init__(self) -> None:
        self.project_lists, self.offer_lists = lists_between(self.projects.numbers, self.offer_keys)

    def is_at(self, revision: int) -> bool:
        """Whether memory is what transaction `revision` stored, as far as what was asked of it before is done."""
        return not self.is_lost and self.revision == revision

    def put_project(self, project_id: str, held: HeldProject) -> None:
        """Keep a project as last heard, or where territories have moved it."""
        if not isinstance(held, KeptProject):
            self.projects.put(project_id, held)
        elif held.moved is not None:
            self.projects.move(project_id, held.moved)
        else:
            return
        prepared = self.projects.prepared(project_id)
        if prepared is not None:
            self.index.upsert(prepared)
        else:
            self.index.remove(project_id)

    def load_projects(self, rows: Sequence[ProjectRow], located: Callable[[Spot], Located]) -> None:
        """Keep projects that are not there yet, from their bytes; `located` tells what territories now decide."""
        unpacked = unpack([row.packed or b"" for row in rows], PROJECT)
        labelled = self.projects.load(rows, unpacked, located)
        self.index.load([row.project_id for row in rows], unpacked, labelled, self._ready)

    def _ready(self, project_id: str) -> PreparedProject:
        prepared = self.projects.prepared(project_id)
        assert prepared is not None
        return prepared

    def load(self, project_lists: Gathered, offer_lists: Gathered, declined: list[Pair]) -> None:
        """Take in what was stored, its projects being there and nothing listed yet."""
        self.project_lists.load(project_lists)
        self.offer_lists.load(offer_lists)
        owners, floors = project_lists.floors(LENGTH)
        self.project_floors.load(self.index.rows_of(owners), floors)
        owners, floors = offer_lists.floors(LENGTH)
        self.offer_floors.load(self.offers.rows_of(map(offer_named, owners)), floors)
        self.note_declined(declined)

    def declined_pairs(self) -> list[Pair]:
        """The pairs that a side has declined."""
        found = ((project_id, offer) for project_id, offers in self.declined.items() for offer in offers)
        return [Pair(project_id, offer.offer_type, offer.offer_id) for project_id, offer in found]

    def note_declined(self, pairs: Iterable[Pair]) -> None:
        """Remember pairs that a side has declined."""
        for pair in pairs:
            self._put_declined(pair)

    def note(self, offers: frozenset[OfferKey], sequence: int) -> None:
        """Remember that these offers changed in batch `sequence`."""
        self.pending.update(dict.fromkeys(offers, sequence))

    def apply(self, plan: Plan, deferred: frozenset[OfferKey]) -> None:
        """Become what `plan` says, its transaction having committed; `deferred` offers are to be judged again."""
        for project_id, held in plan.changed_projects.items():
            self.put_project(project_id, held)
        self.day, self.territories_sequence = plan.day, plan.territories_sequence
        self.note_declined(plan.declined)
        for project_id, entries in plan.project_lists.items():
            self._put_project_list(project_id, entries)
        for offer, ranks in plan.offer_lists.items():
            self._put_offer_list(offer, ranks)
        self._note_floors(plan.changed_projects, plan.changed_offers)
        for offer in plan.changed_offers:
            if self.pending.get(offer, plan.sequence + 1) <= plan.sequence:
                del self.pending[offer]
        self.note(deferred, plan.sequence)

    def _put_declined(self, pair: Pair) -> None:
        self.declined[pair.project_id].add(offer_of(pair))
        self.declining[offer_of(pair)].add(pair.project_id)

    def _put_project_list(self, project_id: str, entries: ProjectList) -> None:
        self.project_lists.put(project_id, entries)
        self.project_floors.note(self.index.row_of(project_id), entries)

    def _put_offer_list(self, offer: OfferKey, ranks: OfferList) -> None:
        self.offer_lists.put(offer, ranks)
        self.offer_floors.note(self.offers.row_of(offer), ranks)

    def _note_floors(self, project_ids: Iterable[str], offers: Iterable[OfferKey]) -> None:
        """Who changed may stand in another row, with the same list."""
        for project_id in project_ids:
            self.project_floors.note(self.index.row_of(project_id), self.project_lists.get(project_id, ()))
        for offer in offers:
            self.offer_floors.note(self.offers.row_of(offer), self.offer_lists.get(offer, ()))


@dataclass(slots=True)
class Aside:
    """The same partition as the next model judges it; `is_built` once its lists are stored whole."""

    model: str
    partition: Partition
    is_built: bool = False
