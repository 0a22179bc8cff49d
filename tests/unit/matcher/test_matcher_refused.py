"""However many pairs are refused, the twenty nearest of each code are kept, and all are counted."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.matching.eligibility import refusals
from services.matcher.refused import PER_CODE, Refusals
from tests.factories import a_commitment
from tests.unit.matcher.judged import DAY, PREPARATION, RULE, project

FLAWS: tuple[dict[str, Any], ...] = (
    {"status": "clos"},
    {"stages": ["essaimage"]},
    {"perimeter": [{"level": "departement", "code": "75"}]},
)


@settings(RULE, max_examples=30)
@given(st.lists(st.integers(0, 7), min_size=30, max_size=120), st.integers(1, 50))
def test_slices_give_what_all_at_once_would(flaws: Sequence[int], size: int) -> None:
    one, offers = project(), []
    for number, which in enumerate(flaws):
        changes: dict[str, Any] = {}
        for bit, flaw in enumerate(FLAWS):
            changes |= flaw if which >> bit & 1 else {}
        offers.append(PREPARATION.commitment(a_commitment(f"eng-{number}", **changes)))
    found = Refusals()
    for place in range(0, len(offers), size):
        found.add([(one, offer) for offer in offers[place : place + size]], DAY, {})
    codes = {offer.id: refusals(one, offer, DAY) for offer in offers}
    counts, kept = Counter[str](), list[str]()
    for offer_id in sorted((each for each in codes if codes[each]), key=lambda each: (len(codes[each]), each)):
        if any(counts[code] < PER_CODE for code in codes[offer_id]):
            kept.append(offer_id)
        counts.update(codes[offer_id])
    assert [each.offer.id for each in found.nearest()] == kept
    assert (found.counts(), found.total) == (dict(sorted(counts.items())), sum(map(bool, codes.values())))
    assert len(found.nearest()) <= PER_CODE * len(counts)
