"""From scratch by the arrays, or by the rules as they are written: the same lists."""

from datetime import date

import pytest

from services.matcher.audit import Difference, Lists, list_differences, lists_by_index, lists_from_scratch
from services.matcher.matching.catalogue import preparation
from services.matcher.matching.index.offers import OfferIndex
from services.matcher.matching.model import Pair
from services.matcher.matching.prepare import is_context, wholes_of
from services.matcher.matching.shortlists import OfferKey, OfferRank, ProjectRank
from shared.events.shapes import Commitment, Fund, Project
from shared.reference.samples import funds, sample_commitments, sample_projects

DAY = date(2026, 12, 1)


def test_both_ways_of_making_all_lists_agree_declines_included() -> None:
    ready = preparation()
    projects = [ready.project(Project.model_validate(each)) for each in list(sample_projects())[:40]]
    known = [Fund.model_validate(each) for each in funds()]
    wholes = wholes_of(known)
    offers = [ready.offer(Commitment.model_validate(each)) for each in list(sample_commitments())[:120]]
    offers += [ready.offer(each) for each in known if not is_context(each, wholes)]
    index = OfferIndex(ready.geography)
    for offer in offers:
        index.upsert(offer)
    first = lists_from_scratch(projects, offers, set(), DAY)
    assert any(len(ranks) == 20 for ranks in first.offers.values())
    declined = {
        Pair(project_id, ranks[0].offer.offer_type, ranks[0].offer.offer_id)
        for project_id, ranks in first.projects.items()
    }
    for refused in (set[Pair](), declined):
        assert lists_by_index(projects, index, frozenset(refused), DAY) == lists_from_scratch(
            projects, offers, refused, DAY
        )


OFFER, OTHER = OfferKey("eng-a", "commitment"), OfferKey("fds-b", "fund")
FIRST, SECOND = OfferRank(-500_000, OFFER), OfferRank(-400_000, OTHER)


@pytest.mark.parametrize(
    ("found", "expected_words", "found_words"),
    [
        ((FIRST,), "fds-b 0.400000", "none"),
        ((FIRST, OfferRank(-300_000, OTHER)), "fds-b 0.400000", "fds-b 0.300000"),
        ((SECOND, FIRST), "eng-a 0.500000, fds-b 0.400000", "fds-b 0.400000, eng-a 0.500000"),
    ],
)
def test_a_list_that_differs_names_what_one_alone_has_or_the_order(
    found: tuple[OfferRank, ...], expected_words: str, found_words: str
) -> None:
    differences = list_differences(Lists({"prj-a": (FIRST, SECOND)}, {}), Lists({"prj-a": found}, {}))
    assert differences == [Difference("project list", "prj-a", expected_words, found_words)]


def test_lists_of_offers_are_named_by_type_id_and_partition() -> None:
    ranks = (ProjectRank(-500_000, "prj-a"),)
    differences = list_differences(Lists({}, {OFFER: ranks}, {(OFFER, 3): ranks}), Lists({}, {}))
    assert [(each.what, each.id) for each in differences] == [
        ("offer list", "commitment eng-a"),
        ("partition list", "commitment eng-a/3"),
    ]
