"""Judges what a partition must become: which lists change when projects arrive, offers change, or a day begins."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from services.matcher.lists import (
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
from services.matcher.matching.model import Pair, PreparedOffer, PreparedProject
from services.matcher.offers import Catalogue
from services.matcher.partitions import Arrival, HeldProject, Partition, Plan

Fits = dict[OfferKey, list[ProjectRank]]


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
        self.changed_offers = frozenset(partition.pending) | self._offers_of_the_day() if self.day else frozenset()
        self.changed_projects = self._changed_projects()

    def plan(self) -> Plan:
        fits, project_lists = self._judge_changed_projects()
        project_lists |= self._judge_changed_offers(fits)
        offer_lists = self._offer_lists(fits)
        naming = {offer for each in self.changed_projects for offer in self.partition.naming.get(each, ())}
        versions = {
            offer: self.catalogue.version_of(offer) for offer in naming | offer_lists.keys() | self.changed_offers
        }
        return Plan(
            sequence=self.catalogue.sequence,
            territories_sequence=self.catalogue.territories_sequence,
            day=self.day,
            model=self.catalogue.model,
            positions={topic: dict(by) for topic, by in self.catalogue.positions.items()} if self.day else {},
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

    def _judge_changed_projects(self) -> tuple[Fits, dict[str, ProjectList]]:
        """Each changed project against all offers: the fits, by offer, and the projects' lists that changed."""
        fits: Fits = defaultdict(list)
        lists: dict[str, ProjectList] = {}
        for project_id, held in self.changed_projects.items():
            ranks = self._ranks_of(held.prepared, len(self.catalogue.index)) if held.prepared else []
            self._note_list(lists, project_id, best(ranks))
            for rank in ranks:
                fits[rank.offer].append(ProjectRank(rank.below, project_id))
        return fits, lists

    def _judge_changed_offers(self, fits: Fits) -> dict[str, ProjectList]:
        """Each changed offer against the other projects: the projects' lists that changed; its fits are added."""
        entering: dict[str, list[OfferRank]] = defaultdict(list)
        affected = {each for offer in self.changed_offers for each in self.partition.listing.get(offer, ())}
        for offer in self.changed_offers:
            for rank in self._ranks_for(offer, len(self.partition.index)):
                fits[offer].append(rank)
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
                new = best(self._ranks_of(prepared, LENGTH))
            self._note_list(lists, project_id, new or ())
        return lists

    def _offer_lists(self, fits: Fits) -> dict[OfferKey, OfferList]:
        """The offers' lists within this partition that changed; compared with this partition's own twentieth."""
        lists: dict[OfferKey, OfferList] = {}
        for offer in self.changed_offers:
            self._note_offer_list(lists, offer, best(fits[offer]))
        named = {offer for each in self.changed_projects for offer in self.partition.naming.get(each, ())}
        for offer in (named | self._entered(fits)) - self.changed_offers:
            old = self.partition.offer_lists.get(offer, ())
            kept = [rank for rank in old if rank.project_id not in self.changed_projects]
            new = revised(old, kept, fits[offer])
            if new is None:
                new = best((*self._ranks_for(offer, LENGTH), *fits[offer]))
            self._note_offer_list(lists, offer, new)
        return lists

    def _entered(self, fits: Fits) -> set[OfferKey]:
        """The offers whose list one of the fits may enter."""
        held = self.partition.offer_lists
        return {offer for offer, ranks in fits.items() if any(may_enter(held.get(offer, ()), rank) for rank in ranks)}

    def _note_list(self, lists: dict[str, ProjectList], project_id: str, new: ProjectList) -> None:
        if new != self.partition.project_lists.get(project_id, ()):
            lists[project_id] = new

    def _note_offer_list(self, lists: dict[OfferKey, OfferList], offer: OfferKey, new: OfferList) -> None:
        if new != self.partition.offer_lists.get(offer, ()):
            lists[offer] = new

    def _ranks_of(self, project: PreparedProject, count: int) -> list[OfferRank]:
        """The best `count` offers that fit a project."""
        if self.day is None:
            return []
        declined = {offer_of(pair) for pair in self.declined if pair.project_id == project.id}
        declined |= self.partition.declined.get(project.id, set())
        found = self.catalogue.index.best_scores(project, self.day, count, declined=declined)
        return [OfferRank(-score, OfferKey(offer.id, offer.type)) for score, offer in found]

    def _ranks_for(self, offer: OfferKey, count: int) -> list[ProjectRank]:
        """The best projects that fit an offer, but for the changed ones: `count` of them at least, where there are."""
        prepared = self.catalogue.offers.get(offer)
        if self.day is None or prepared is None:
            return []
        declined = self.partition.declining.get(offer, set())
        more = min(count + len(self.changed_projects), len(self.partition.index))
        found = self.partition.index.best_scores(prepared, self.day, more, declined=declined)
        ranks = (ProjectRank(-score, project.id) for score, project in found)
        return [rank for rank in ranks if rank.project_id not in self.changed_projects]


def _is_open(offer: PreparedOffer, day: date) -> bool:
    opens_on, closes_on = offer.offer.opens_on, offer.offer.closes_on
    return (opens_on is None or opens_on <= day) and (closes_on is None or day <= closes_on)


def _is_past(project: PreparedProject, day: date) -> bool:
    return project.project.deadline is not None and project.project.deadline < day
