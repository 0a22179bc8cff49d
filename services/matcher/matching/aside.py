"""The lists of the next model are built aside: a partition's projects arrive there slice by slice, as if just heard."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.partitions import Arrival, Aside, Delivered, Partition, Plan
from services.matcher.matching.plans import plan_of
from services.matcher.matching.project_shelf import ProjectShelf
from services.matcher.matching.shortlists import OfferKey

logger = logging.getLogger(__name__)
Check = Callable[[], None]

SLICE = 500
"""Projects judged at once: what arrives meanwhile waits for them."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One more slice is judged: whether it was the last, and with which version of each offer its list stands."""

    is_last: bool
    versions: dict[OfferKey, int]


@dataclass(frozen=True, slots=True)
class Planned:
    """What one transaction of a partition changes, and the same of what is built aside of it, where something is."""

    plan: Plan
    aside: Aside | None = None
    plan_aside: Plan | None = None

    def apply(self, partition: Partition, deferred: frozenset[OfferKey], no_room: Callable[[OSError], None]) -> None:
        """Let memory become what was planned, the transaction having committed; after a failure it is lost.

        `no_room` is told where only what is built aside had none: nothing of that may be used any more.
        """
        try:
            partition.apply(self.plan, deferred)
            try:
                self._apply_aside()
            except OSError as problem:
                no_room(problem)
        except BaseException:
            partition.is_lost = True
            logger.exception("memory of a partition could not follow", extra={"partition": partition.number})
            raise

    def _apply_aside(self) -> None:
        if self.aside is not None and self.plan_aside is not None:
            self.aside.partition.apply(self.plan_aside, frozenset())
            self.aside.partition.note_declined(self.plan.declined)


def begun(partition: Partition, catalogue: Catalogue) -> Aside:
    """What `partition` becomes with the model of `catalogue`, none of its projects judged yet."""
    index = catalogue.indexes.of_projects(catalogue.preparation.geography)
    projects = ProjectShelf(catalogue.preparation, catalogue.packed_as, catalogue.bodies())
    aside = Partition(
        partition.number,
        partition.epoch,
        0,
        index,
        catalogue.index,
        projects,
        catalogue.offer_keys,
        day=catalogue.day,
    )
    aside.territories_sequence = catalogue.territories_sequence
    aside.note_declined(partition.declined_pairs())
    return Aside(catalogue.model, aside)


def judge_slice(partition: Partition, catalogue: Catalogue, *, check: Check, size: int) -> Slice:
    """Judge the next of the projects that are not aside yet; nothing may be planned and not applied meanwhile."""
    assert partition.aside is not None
    aside = partition.aside.partition
    missing = islice((key for key in partition.projects if key not in aside.projects), size + 1)
    keys = list(missing)
    held = partition.projects
    arrived = {key: Arrival(held.version_of(key), held.said(key)) for key in keys[:size]}
    plan = plan_of(aside, catalogue, Delivered(arrived), check=check)
    aside.apply(plan, frozenset())
    is_last = len(keys) <= size
    return Slice(is_last, {key: catalogue.version_of(key) for key in aside.offer_lists} if is_last else {})


def planned_of(
    partition: Partition, catalogue: Catalogue, following: Catalogue | None, delivered: Delivered, *, check: Check
) -> Planned:
    """What the partition becomes with what was delivered; `following` is the catalogue of the next model, if any."""
    plan = plan_of(partition, catalogue, delivered, check=check)
    aside = partition.aside
    if aside is None or following is None or aside.model != following.model:
        return Planned(plan)
    return Planned(plan, aside, plan_of(aside.partition, following, delivered, check=check))
