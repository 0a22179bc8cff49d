"""Judges what a partition must become: which lists change when projects arrive, offers change, or a day begins."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable

import numpy as np

from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.declines import declined_by
from services.matcher.matching.index.offers import OfferId
from services.matcher.matching.index.search import Floors, Search
from services.matcher.matching.index.tops import Tops
from services.matcher.matching.model import PreparedProject
from services.matcher.matching.partitions import Delivered, Partition, Plan
from services.matcher.matching.project_shelf import HeardProject, HeldProject
from services.matcher.matching.rows import ProjectRow
from services.matcher.matching.shortlists import (
    LENGTH,
    OfferKey,
    OfferList,
    OfferRank,
    ProjectList,
    ProjectRank,
    best,
    may_enter,
    offer_of,
    revised,
)

Fits = dict[OfferKey, list[ProjectRank]]


def plan_of(partition: Partition, catalogue: Catalogue, delivered: Delivered, *, check: Callable[[], None]) -> Plan:
    """What `partition` must become with what arrived, what was declined, and all that the catalogue has heard since.

    Of what arrived, only versions above the partition's count. Without a day nothing can be judged: projects are kept,
    and everything is judged once a day is heard. `check` is called between parties: what it raises ends the judging.
    """
    return _Judging(partition, catalogue, delivered, check).plan()


class _Judging:
    """One plan in the making."""

    def __init__(
        self, partition: Partition, catalogue: Catalogue, delivered: Delivered, check: Callable[[], None]
    ) -> None:
        self.partition = partition
        self.catalogue = catalogue
        self.check = check
        held = partition.projects
        self.arrived = {
            key: each
            for key, each in delivered.arrived.items()
            if key not in held or held.version_of(key) < each.version
        }
        self.day = catalogue.day
        self.changed_offers = frozenset(partition.pending) | self._offers_of_the_day() if self.day else frozenset()
        self.changed_projects = self._changed_projects()
        self.declined = declined_by(catalogue, self._project_of, delivered)
        for project_id in {pair.project_id for pair in self.declined}:
            self.changed_projects.setdefault(project_id, partition.projects[project_id])
        self.named = frozenset(
            offer for project_id in self.changed_projects for offer in partition.offer_lists.naming(project_id)
        )
        """The offers whose list names a changed project."""
        rows = map(partition.index.row_of, self.changed_projects)
        self.changed_rows = np.zeros(partition.index.used, np.bool_)
        self.changed_rows[[row for row in rows if row is not None]] = True
        self.all_changed = sum(map(held.is_live, self.changed_projects)) == held.live()

    def plan(self) -> Plan:
        fits, project_lists = self._judge_changed_projects()
        project_lists |= self._judge_changed_offers(fits)
        offer_lists = self._offer_lists(fits)
        versions = {
            offer: self.catalogue.version_of(offer) for offer in self.named | offer_lists.keys() | self.changed_offers
        }
        return Plan(
            sequence=self.catalogue.sequence,
            territories_sequence=self.catalogue.territories_sequence,
            day=self.day,
            model=self.catalogue.model,
            positions={topic: dict(by) for topic, by in self.catalogue.positions.items()} if self.day else {},
            arrived={key: self._row(key) for key in self.arrived},
            declined=self.declined,
            changed_projects=self.changed_projects,
            changed_offers=self.changed_offers,
            project_lists=project_lists,
            offer_lists=offer_lists,
            versions=versions,
        )

    def _row(self, project_id: str) -> ProjectRow:
        """What storage should hold of a project that arrived."""
        heard = self.changed_projects[project_id]
        assert isinstance(heard, HeardProject)
        name = None if heard.packed is None else self.catalogue.packed_as
        return ProjectRow(project_id, self.partition.number, heard.version, heard.body, heard.packed, name)

    def _offers_of_the_day(self) -> frozenset[OfferKey]:
        """The offers that the day opened or closed since the partition was judged."""
        before, day = self.partition.day, self.day
        if before == day or day is None:
            return frozenset()
        return self.catalogue.opened_between(before, day)

    def _changed_projects(self) -> dict[str, HeldProject]:
        """Those that arrived, which a territory moved, or which the day closed."""
        prepare = self.catalogue.preparation.project
        changed: dict[str, HeldProject] = {}
        for key, each in self.arrived.items():
            self.check()
            changed[key] = HeardProject(each.version, prepare(each.project) if each.project else None)
        if self.catalogue.territories_sequence != self.partition.territories_sequence:
            changed |= self._moved_projects(changed.keys())
        before, day = self.partition.day, self.day
        if day is not None and before != day:
            for held in self.partition.projects.closed_between(before, day):
                changed.setdefault(held.project_id, held)
        return changed

    def _moved_projects(self, known: Container[str]) -> dict[str, HeldProject]:
        reach = self.catalogue.reach_since(self.partition.territories_sequence)
        preparation, projects = self.catalogue.preparation, self.partition.projects
        now = {}
        for number, spot in projects.spots():
            self.check()
            if reach.touches(spot, preparation.geography):
                now[number] = preparation.located(spot)
        return {held.project_id: held for held in projects.moved_to(now) if held.project_id not in known}

    def _project_of(self, project_id: str) -> HeldProject | None:
        """A project as this plan judges it."""
        return self.changed_projects.get(project_id) or self.partition.projects.get(project_id)

    def _judge_changed_projects(self) -> tuple[Fits, dict[str, ProjectList]]:
        """Each changed project against all offers: the fits that offers may list, and the projects' lists that changed.

        Of the fits of an offer, the best twenty decide all that its list becomes.
        """
        fits: Fits = defaultdict(list)
        lists: dict[str, ProjectList] = {}
        index, ids = self.catalogue.index, sorted(self.changed_projects)
        tops = Tops(self._offer_floors(), LENGTH)
        for party, project_id in enumerate(ids):
            self.check()
            prepared = self.changed_projects[project_id].prepared
            ranks: list[OfferRank] = []
            if prepared and self.day is not None:
                declined = self._declined_by(project_id)
                found = index.search(prepared, self.day, LENGTH, declined=declined, floors=tops.floors)
                ranks = _offer_ranks(found.best)
                tops.add(party, found.rows, found.scores)
            self._note_list(lists, project_id, tuple(ranks))
        for row, entries in tops.lists():
            fits[OfferKey(*index.at(row))] = [ProjectRank(-score, ids[party]) for score, party in entries]
        return fits, lists

    def _offer_floors(self) -> Floors:
        """The score from which a changed project may enter the list of the offer of each row: that of its twentieth.

        Any where the list is judged anew, or loses someone.
        """
        floors = self.partition.offer_floors.of(self.catalogue.index.used)
        rows = map(self.catalogue.index.row_of, self.changed_offers | self.named)
        floors[[row for row in rows if row is not None]] = 0
        return floors

    def _judge_changed_offers(self, fits: Fits) -> dict[str, ProjectList]:
        """Each changed offer against the other projects: the projects' lists that changed; its fits are added."""
        affected = {each for offer in self.changed_offers for each in self.partition.project_lists.naming(offer)}
        index, offers = self.partition.index, sorted(self.changed_offers)
        tops = Tops(self.partition.project_floors.of(index.used), LENGTH)
        for party, offer in enumerate(offers):
            self.check()
            if found := self._search_for(offer, tops.floors):
                fits[offer] += _project_ranks(found.best)
                tops.add(party, found.rows, found.scores)
        entering: dict[str, list[OfferRank]] = defaultdict(list)
        for row, entries in tops.lists():
            entering[index.at(row)] = [OfferRank(-score, offers[party]) for score, party in entries]
        lists: dict[str, ProjectList] = {}
        for project_id in (affected | entering.keys()) - self.changed_projects.keys():
            self.check()
            old = self.partition.project_lists.get(project_id, ())
            kept = [rank for rank in old if rank.offer not in self.changed_offers]
            new = revised(old, kept, entering[project_id])
            if new is None and (prepared := self.partition.projects[project_id].prepared):
                new = self._list_of(prepared)
            self._note_list(lists, project_id, new or ())
        return lists

    def _offer_lists(self, fits: Fits) -> dict[OfferKey, OfferList]:
        """The offers' lists within this partition that changed; compared with this partition's own twentieth."""
        lists: dict[OfferKey, OfferList] = {}
        for offer in self.changed_offers:
            self._note_offer_list(lists, offer, best(fits[offer]))
        for offer in (self.named | self._entered(fits)) - self.changed_offers:
            self.check()
            old = self.partition.offer_lists.get(offer, ())
            kept = [rank for rank in old if rank.project_id not in self.changed_projects]
            new = revised(old, kept, fits[offer])
            if new is None:
                found = self._search_for(offer)
                new = best((*(_project_ranks(found.best) if found else ()), *fits[offer]))
            self._note_offer_list(lists, offer, new)
        return lists

    def _entered(self, fits: Fits) -> set[OfferKey]:
        """The offers whose list one of the fits may enter."""
        held = self.partition.offer_lists
        # What is sorted is asked from its best on.
        return {offer for offer, ranks in fits.items() if ranks and may_enter(held.get(offer, ()), min(ranks))}

    def _note_list(self, lists: dict[str, ProjectList], project_id: str, new: ProjectList) -> None:
        if new != self.partition.project_lists.get(project_id, ()):
            lists[project_id] = new

    def _note_offer_list(self, lists: dict[OfferKey, OfferList], offer: OfferKey, new: OfferList) -> None:
        if new != self.partition.offer_lists.get(offer, ()):
            lists[offer] = new

    def _list_of(self, project: PreparedProject) -> ProjectList:
        """The best offers for a project that has not changed."""
        if self.day is None:
            return ()
        found = self.catalogue.index.search(project, self.day, LENGTH, declined=self._declined_by(project.id))
        return tuple(_offer_ranks(found.best))

    def _declined_by(self, project_id: str) -> set[OfferKey]:
        declined = {offer_of(pair) for pair in self.declined if pair.project_id == project_id}
        return declined | self.partition.declined.get(project_id, set())

    def _search_for(self, offer: OfferKey, floors: Floors | None = None) -> Search[str] | None:
        """The best projects for an offer, but for the changed ones, and those whose floor it reaches."""
        if self.day is None or self.all_changed:
            return None
        prepared = self.catalogue.offers.get(offer)
        if prepared is None:
            return None
        declined, changed = self.partition.declining.get(offer, set()), self.changed_rows
        return self.partition.index.search(
            prepared, self.day, LENGTH, declined=declined, left_out=changed, floors=floors
        )


def _offer_ranks(found: Iterable[tuple[int, OfferId]]) -> list[OfferRank]:
    return [OfferRank(-score, OfferKey(*key)) for score, key in found]


def _project_ranks(found: Iterable[tuple[int, str]]) -> list[ProjectRank]:
    return [ProjectRank(-score, project_id) for score, project_id in found]
