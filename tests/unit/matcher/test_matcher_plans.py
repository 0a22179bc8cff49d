"""What judging a partition finds, and that it can be ended between any two parties."""

import pytest

from services.matcher.matching.bodies import InMemory
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.heard import row_of
from services.matcher.matching.index import ProjectIndex
from services.matcher.matching.partitions import Arrival, Delivered, Partition, Plan
from services.matcher.matching.plans import plan_of
from services.matcher.matching.project_shelf import HeardProject, ProjectShelf
from services.matcher.matching.shortlists import OfferKey
from shared.events.event import Event
from shared.received import Received
from tests.factories import a_commitment, a_project, commitment_published, day_started
from tests.unit.matcher.judged import GEOGRAPHY, PREPARATION

IDS = [f"prj-{letter}" for letter in "abcdefgh"]
OFFERS = [OfferKey(f"eng-{number}", "commitment") for number in range(5)]


class Ended(Exception):
    """What a check raises."""


def heard(*events: Event) -> Catalogue:
    """A catalogue that has heard these events."""
    catalogue = Catalogue(PREPARATION)
    for offset, event in enumerate(events):
        record = Received(event.topic, 0, offset, event.key, event.version, event, 1_000)
        catalogue.take_in([row_of(record, 0)])
    return catalogue


@pytest.fixture
def catalogue() -> Catalogue:
    """A day, and a few commitments that all projects of the factories fit."""
    return heard(day_started(), *(commitment_published(a_commitment(offer.offer_id)) for offer in OFFERS))


def partition(catalogue: Catalogue, *project_ids: str) -> Partition:
    """A partition that holds these projects, and has judged nothing."""
    shelf = ProjectShelf(PREPARATION, catalogue.packed_as, InMemory())
    made = Partition(0, 1, 0, ProjectIndex(GEOGRAPHY), catalogue.index, shelf, catalogue.offer_keys)
    for project_id in project_ids:
        made.put_project(project_id, HeardProject(1, PREPARATION.project(a_project(project_id))))
    return made


def checked(partition: Partition, catalogue: Catalogue, delivered: Delivered, *, most: int) -> tuple[Plan | None, int]:
    """The plan, or none where its check ended it, and how often it was checked: `most` times and it ends."""
    count = 0

    def check() -> None:
        nonlocal count
        count += 1
        if count > most:
            raise Ended

    try:
        return plan_of(partition, catalogue, delivered, check=check), count
    except Ended:
        return None, count


def test_a_first_day_lists_every_pair_that_fits(catalogue: Catalogue) -> None:
    plan, _ = checked(partition(catalogue, *IDS), catalogue, Delivered(), most=1_000)
    assert plan is not None
    assert {key: [rank.offer for rank in ranks] for key, ranks in plan.project_lists.items()} == dict.fromkeys(
        IDS, OFFERS
    )
    assert sorted(plan.offer_lists) == OFFERS


@pytest.mark.parametrize("project_ids", [[], IDS])
def test_no_offer_is_made_ready_where_all_projects_are_judged_anyway(
    catalogue: Catalogue, project_ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first start judges every project against all offers: to read each of them again takes seconds."""
    shown = list[OfferKey]()
    monkeypatch.setattr(catalogue.offers, "_shown", shown.append)
    plan, _ = checked(partition(catalogue, *project_ids), catalogue, Delivered(), most=1_000)
    assert plan is not None
    assert plan.changed_offers == frozenset(OFFERS)
    assert not shown


def test_judging_can_be_ended_before_any_project_that_arrives(catalogue: Catalogue) -> None:
    arrived = Delivered({project_id: Arrival(1, a_project(project_id)) for project_id in IDS})
    plan, checks = checked(partition(catalogue), catalogue, arrived, most=1_000)
    assert plan is not None
    assert checks >= len(IDS)
    assert checked(partition(catalogue), catalogue, arrived, most=len(IDS) - 1) == (None, len(IDS))


def test_judging_can_be_ended_before_any_offer_that_the_day_opens(catalogue: Catalogue) -> None:
    judged = partition(catalogue, *IDS)
    first, _ = checked(judged, catalogue, Delivered(), most=1_000)
    assert first is not None
    judged.apply(first, frozenset())
    judged.note(frozenset(OFFERS), catalogue.sequence)
    again, checks = checked(judged, catalogue, Delivered(), most=1_000)
    assert again is not None
    assert checks >= len(OFFERS)
    assert checked(judged, catalogue, Delivered(), most=len(OFFERS) - 1) == (None, len(OFFERS))
