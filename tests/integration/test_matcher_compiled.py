"""Which index serves: compiled before it is asked anything, without Python's lock, and NumPy's where it cannot be."""

import importlib
import logging
import pkgutil
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.compiling import compile_engine
from services.matcher.matching.index import OfferIndex, ProjectIndex, kernels, serving
from services.matcher.matching.index.kernels.texts import spread, weight_in
from services.matcher.matching.index.offer_engine import OfferEngine
from services.matcher.matching.index.packed import pack_offer, unpack
from services.matcher.matching.index.project_engine import ProjectEngine
from services.matcher.matching.index.serving import fastest, warm_up
from tests.integration.engine_cases import DAY, GEOGRAPHY, Cases


def compiled() -> dict[str, Any]:
    modules = [
        importlib.import_module(each.name) for each in pkgutil.iter_modules(kernels.__path__, f"{kernels.__name__}.")
    ]
    return {name: each for module in modules for name, each in vars(module).items() if hasattr(each, "signatures")}


def test_nothing_is_left_to_compile_after_warming_up() -> None:
    """DESIGN §6.7: « compile before readiness »."""
    cases = Cases(11)
    compile_engine(None)
    known = {name: len(each.signatures) for name, each in compiled().items()}
    offers, projects = (make(GEOGRAPHY) for make in fastest())
    asking = [cases.offer(number) for number in range(1_200)]
    for number, offer in enumerate(asking):
        offers.upsert(offer)
        projects.upsert(cases.project(number))
    for number in range(30):
        offer = asking[number]
        offers.search(cases.project(2_000 + number), DAY, 3, declined=[(offer.id, offer.type)])
        projects.search(offer, DAY, declined=[projects.at(number)])
        projects.search(offer, DAY, floors=np.zeros(projects.used, np.int32))
        offers.remove(offer.id, offer.type)
    others = {(f"loaded-{number}", offer.type): offer for number, offer in enumerate(asking[:3])}
    for some in (list(others)[:1], list(others)[1:]):
        packed = [pack_offer(others[key], 1, is_context=False) for key in some]
        offers.load(some, unpack(packed), others.__getitem__)
    assert {name: len(each.signatures) for name, each in compiled().items()} == known
    assert known["search_offers"] == known["search_projects"] == 1


def test_kernels_let_other_threads_run() -> None:
    """DESIGN §6.7: « scoring runs in a thread (numba kernels release the GIL) »."""
    assert len(compiled()) > 10
    assert all(each.targetoptions["nogil"] for each in compiled().values())


def test_without_numba_the_plain_indexes_serve_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert fastest() == (OfferEngine, ProjectEngine)
    monkeypatch.setattr(serving, "can_compile", lambda: False)
    assert fastest() == (OfferIndex, ProjectIndex)
    cases = Cases(12)
    with caplog.at_level(logging.WARNING):
        warm_up(cases.project(1), cases.offer(1), DAY)
    assert [record.getMessage() for record in caplog.records] == [
        "numba is not installed: matching is exact all the same, but many times slower"
    ]


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(0, (1 << 47) - 1), st.integers(1, (1 << 16) - 1), min_size=1, max_size=7),
    st.integers(0, 1 << 61).map(lambda number: number | 1),
)
def test_where_terms_are_looked_for_changes_nothing(weights: dict[int, int], salt: int) -> None:
    """The salt differs between processes, so that nobody can choose words of which all lookups begin at one place."""
    table, ids = np.zeros(33, np.int64), sorted(weights)
    table[-1] = salt
    spread(np.array(ids), np.array([weights[each] for each in ids]), table, np.zeros((8, 256), np.int64))
    assert [weight_in(each, table) for each in ids] == [weights[each] for each in ids]
    assert weight_in(min({*range(8)} - weights.keys()), table) == 0
