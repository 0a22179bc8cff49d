"""Judges what a partition must become: which lists change when projects arrive, offers change, or a day begins."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from services.matcher.lists import (
    OfferKey,
    OfferList,
    OfferRank,
    ProjectList,
    ProjectRank,
    best,
    may_enter,
    revised,
)
from services.matcher.matching.eligibility import refusals
from services.matcher.matching.model import Pair, PreparedOffer, PreparedProject
from services.matcher.matching.score import score
from services.matcher.offers import Catalogue
from services.matcher.partitions import Arrival, HeldProject, Partition, Plan

Candidates = dict[OfferKey, list[ProjectRank]]


def plan_of(
    partition: Partition, catalogue: Catalogue, arrived: Mapping[str, Arrival], declined: frozenset[Pair]
) -> Plan:
    """What `partition` must become with what arrived, what was declined, and all that the catalogue has heard since.

    Of what arrived, only versions above the partition's count. Without a day nothing can be judged: projects are kept,
    and everything is judged once a day is heard.
    """
    return _Judging(partition, catalogue, arrived, declined).plan()


class _Judging:
    """One plan in the making."""

    def __init__(
        self,
        partition: Partition,
        catalogue: Catalogue,
        arrived: Mapping[str, Arrival],
        declined: frozenset[Pair],
    ) -> None:
        self.partition = partition
        self.catalogue = catalogue
        held = partition.projects
        self.arrived = {
            key: each for key, each in arrived.items() if key not in held or held[key].version < each.version
        }
        self.declined = declined
        self.day = catalogue.day
        self.changed_offers = frozenset(partition.pending) | self._offers_of_the_day()
        self.changed_projects = self._changed_projects()

    def plan(self) -> Plan:
        candidates, project_lists = self._judge_changed_projects()
        project_lists |= self._judge_changed_offers(candidates)
        offer_lists = self._offer_lists(candidates)
        naming = {offer for each in self.changed_projects for offer in self.partition.naming.get(each, ())}
        versions = {
            offer: self.catalogue.version_of(offer) for offer in naming | offer_lists.keys() | self.changed_offers
        }
        return Plan(
            sequence=self.catalogue.sequence,
            territories_sequence=self.catalogue.territories_sequence,
            day=self.day,
            model=self.catalogue.model,
            positions={topic: dict(by_partition) for topic, by_partition in self.catalogue.positions.items()},
            arrived=self.arrived,
            declined=self.declined,
            changed_projects=self.changed_projects,
            changed_offers=self.changed_offers,
            project_lists=project_lists,
            offer_lists=offer_lists,
            versions=versions,
        )

    def _offers_of_the_day(self) -> frozenset[OfferKey]:
        """The offers that the day opened or closed since the partition was judged."""
        before, day = self.partition.day, self.day
        if before == day or day is None:
            return frozenset()
        return frozenset(
            key
            for key, each in self.catalogue.offers.items()
            if before is None or _is_open(each, before) != _is_open(each, day)
        )

    def _changed_projects(self) -> dict[str, HeldProject]:
        """Those that arrived, whose pairs were declined, which a territory moved, or which the day closed."""
        prepare = self.catalogue.preparation.project
        changed = {
            key: HeldProject(each.version, prepare(each.project) if each.project else None)
            for key, each in self.arrived.items()
        }
        for project_id in {pair.project_id for pair in self.declined} - changed.keys():
            changed[project_id] = self.partition.projects[project_id]
        if self.catalogue.territories_sequence != self.partition.territories_sequence:
            changed |= self._moved_projects(changed.keys())
        before, day = self.partition.day, self.day
        if day is not None and before != day:
            for project_id, held in self.partition.projects.items():
                if held.prepared and (
                    before is None or _is_past(held.prepared, before) != _is_past(held.prepared, day)
                ):
                    changed.setdefault(project_id, held)
        return changed

    def _moved_projects(self, known: Iterable[str]) -> dict[str, HeldProject]:
        moved = {}
        for project_id in self.partition.projects.keys() - set(known):
            held = self.partition.projects[project_id]
            if held.prepared is None:
                continue
            again = self.catalogue.preparation.project(held.prepared.project)
            if (again.territories, again.labelled) != (held.prepared.territories, held.prepared.labelled):
                moved[project_id] = HeldProject(held.version, again)
        return moved

    def _judge_changed_projects(self) -> tuple[Candidates, dict[str, ProjectList]]:
        """Each changed project against all offers: its list, and the offers' lists that it may enter."""
        candidates: Candidates = defaultdict(list)
        lists: dict[str, ProjectList] = {}
        for project_id, held in self.changed_projects.items():
            ranks = list(self._ranks_of(held.prepared)) if held.prepared else []
            self._note_list(lists, project_id, best(ranks))
            for rank in ranks:
                entry = ProjectRank(rank.below, project_id)
                old = self.partition.offer_lists.get(rank.offer, ())
                if rank.offer in self.changed_offers or may_enter(old, entry):
                    candidates[rank.offer].append(entry)
        return candidates, lists

    def _judge_changed_offers(self, candidates: Candidates) -> dict[str, ProjectList]:
        """Each changed offer against the other projects: the projects' lists; its own candidates are added."""
        entering: dict[str, list[OfferRank]] = defaultdict(list)
        affected = {each for offer in self.changed_offers for each in self.partition.listing.get(offer, ())}
        for offer in self.changed_offers:
            for rank in self._ranks_for(offer):
                candidates[offer].append(rank)
                entry = OfferRank(rank.below, offer)
                if may_enter(self.partition.project_lists.get(rank.project_id, ()), entry):
                    entering[rank.project_id].append(entry)
        lists: dict[str, ProjectList] = {}
        for project_id in (affected | entering.keys()) - self.changed_projects.keys():
            old = self.partition.project_lists.get(project_id, ())
            kept = [rank for rank in old if rank.offer not in self.changed_offers]
            new = revised(old, kept, entering[project_id])
            prepared = self.partition.projects[project_id].prepared
            if new is None and prepared:
                new = best(self._ranks_of(prepared))
            self._note_list(lists, project_id, new or ())
        return lists

    def _offer_lists(self, candidates: Candidates) -> dict[OfferKey, OfferList]:
        """The offers' lists within this partition that changed; compared with this partition's own twentieth."""
        lists: dict[OfferKey, OfferList] = {}
        for offer in self.changed_offers:
            self._note_offer_list(lists, offer, best(candidates[offer]))
        left = {offer for each in self.changed_projects for offer in self.partition.naming.get(each, ())}
        for offer in (left | candidates.keys()) - self.changed_offers:
            old = self.partition.offer_lists.get(offer, ())
            kept = [rank for rank in old if rank.project_id not in self.changed_projects]
            new = revised(old, kept, candidates[offer])
            if new is None:
                new = best((*self._ranks_for(offer), *self._changed_ranks_for(offer)))
            self._note_offer_list(lists, offer, new)
        return lists

    def _note_list(self, lists: dict[str, ProjectList], project_id: str, new: ProjectList) -> None:
        if new != self.partition.project_lists.get(project_id, ()):
            lists[project_id] = new

    def _note_offer_list(self, lists: dict[OfferKey, OfferList], offer: OfferKey, new: OfferList) -> None:
        if new != self.partition.offer_lists.get(offer, ()):
            lists[offer] = new

    def _ranks_of(self, project: PreparedProject) -> Iterator[OfferRank]:
        """All offers that fit a project, in no order."""
        for key, offer in self.catalogue.offers.items():
            below = self._below(project, key, offer)
            if below is not None:
                yield OfferRank(below, key)

    def _ranks_for(self, offer: OfferKey) -> Iterator[ProjectRank]:
        """All projects that fit an offer, but for the changed ones, in no order."""
        return self._fitting(
            offer, (each for each in self.partition.projects.items() if each[0] not in self.changed_projects)
        )

    def _changed_ranks_for(self, offer: OfferKey) -> Iterator[ProjectRank]:
        return self._fitting(offer, self.changed_projects.items())

    def _fitting(self, offer: OfferKey, projects: Iterable[tuple[str, HeldProject]]) -> Iterator[ProjectRank]:
        prepared = self.catalogue.offers.get(offer)
        for project_id, held in projects:
            if prepared is not None and held.prepared is not None:
                below = self._below(held.prepared, offer, prepared)
                if below is not None:
                    yield ProjectRank(below, project_id)

    def _below(self, project: PreparedProject, key: OfferKey, offer: PreparedOffer) -> int | None:
        if self.day is None or key in self.partition.declined.get(project.id, ()):
            return None
        if Pair(project.id, key.offer_type, key.offer_id) in self.declined or refusals(project, offer, self.day):
            return None
        return -score(project, offer)


def _is_open(offer: PreparedOffer, day: date) -> bool:
    opens_on, closes_on = offer.offer.opens_on, offer.offer.closes_on
    return (opens_on is None or opens_on <= day) and (closes_on is None or day <= closes_on)


def _is_past(project: PreparedProject, day: date) -> bool:
    return project.project.deadline is not None and project.project.deadline < day
