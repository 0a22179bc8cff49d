"""Judges single pairs: what the engine says of one now, and the facts of both sides that its events carry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.eligibility import refusals
from services.matcher.matching.facts import Facts, offer_facts, project_facts
from services.matcher.matching.head import Judged
from services.matcher.matching.model import Pair
from services.matcher.matching.moves import Verdict
from services.matcher.matching.partitions import Partition, Plan
from services.matcher.matching.project_shelf import HeldProject
from services.matcher.matching.score import fit
from services.matcher.matching.shortlists import OfferKey, offer_of
from shared.events.matches import OfferFacts, ProjectFacts


@dataclass(frozen=True, slots=True)
class Parties:
    """Both sides of the pairs that a transaction moves, as they will be once it has committed.

    `foreign` holds the projects of other partitions, which an offer's list named or names.
    """

    catalogue: Catalogue
    partition: Partition
    plan: Plan
    foreign: Mapping[str, HeldProject]
    _offers: dict[tuple[OfferKey, int], OfferFacts] = field(default_factory=dict)
    _projects: dict[tuple[str, int], ProjectFacts] = field(default_factory=dict)

    def project(self, project_id: str) -> HeldProject | None:
        """A project with the version heard last."""
        for known in (self.plan.changed_projects, self.partition.projects, self.foreign):
            if project_id in known:
                return known[project_id]
        return None

    def verdict(self, pair: Pair, day: date) -> Verdict:
        """What the engine says of the pair on `day`."""
        held, key = self.project(pair.project_id), offer_of(pair)
        heard = self.catalogue.heard_of(key)
        if held is None or held.prepared is None or heard is None or heard.is_erased:
            return Verdict(is_erased=True)
        managed = self.catalogue.is_managed(key)
        coordinated = self.catalogue.has_coordinator(held.prepared.territories)
        offer = self.catalogue.offers.get(key)
        if offer is None:
            return Verdict(managed=managed, has_coordinator=coordinated)
        refused = refusals(held.prepared, offer, day, declined=self._is_declined(pair))
        if refused:
            return Verdict(refusals=refused, managed=managed, has_coordinator=coordinated)
        judged = Judged(fit(held.prepared, offer), self.plan.model, held.version, heard.version)
        return Verdict(judged, managed=managed, has_coordinator=coordinated)

    def fit_by_other(self, pair: Pair) -> Verdict:
        """The fit of a pair that its own partition has judged and listed: whether it is eligible is not asked again."""
        held, offer, heard = (
            self.project(pair.project_id),
            self.catalogue.offers.get(offer_of(pair)),
            self.catalogue.heard_of(offer_of(pair)),
        )
        if held is None or held.prepared is None or offer is None or heard is None:
            return Verdict()
        return Verdict(Judged(fit(held.prepared, offer), self.plan.model, held.version, heard.version))

    def facts(self, pair: Pair) -> Facts:
        """What an event shows of both sides; neither is erased."""
        held, offer = self.project(pair.project_id), offer_of(pair)
        assert held is not None
        assert held.prepared is not None
        version = self.catalogue.version_of(offer)
        if (offer, version) not in self._offers:
            self._offers[offer, version] = offer_facts(self.catalogue.shown(offer))
        if (pair.project_id, held.version) not in self._projects:
            self._projects[pair.project_id, held.version] = project_facts(held.prepared)
        shown = self._projects[pair.project_id, held.version]
        return Facts(shown, self._offers[offer, version], held.version, version)

    def _is_declined(self, pair: Pair) -> bool:
        return offer_of(pair) in self.partition.declined.get(pair.project_id, ()) or pair in self.plan.declined
