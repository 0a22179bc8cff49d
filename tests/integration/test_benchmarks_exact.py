"""Peers of `make bench` find, to the bit, what the engine finds; what its queries read is counted as it reads."""

from collections.abc import Iterator

import pytest

from benchmarks.lines import lines_of
from benchmarks.peers import Peer, differing
from benchmarks.peers.compiled import Compiled
from benchmarks.peers.numpy_lists import NumpyLists
from benchmarks.peers.postgres import PostgreSql
from benchmarks.preparing import PREPARATION, prepared
from benchmarks.stock import Stock
from benchmarks.workload import Workload
from services.matcher.matching.model import PreparedProject

OFFERS, PROJECTS = 3_000, 20


@pytest.fixture(scope="module")
def stock() -> Stock:
    return Stock(list(prepared(Workload(seed=5, national=0.4, twins=0.4), OFFERS)))


@pytest.fixture(scope="module")
def projects() -> list[PreparedProject]:
    return [PREPARATION.project(project) for project in Workload(seed=5).projects(PROJECTS)]


@pytest.fixture(scope="module")
def engine(stock: Stock) -> Compiled:
    engine = Compiled()
    engine.load(stock)
    return engine


@pytest.fixture(params=[NumpyLists, PostgreSql])
def peer(request: pytest.FixtureRequest, stock: Stock) -> Iterator[Peer]:
    made: Peer = request.param()
    made.load(stock)
    yield made
    made.close()


def test_a_peer_finds_what_the_engine_finds(engine: Compiled, peer: Peer, projects: list[PreparedProject]) -> None:
    """Issue 5, item 5: peers get the same hard filters, and exactness of each is checked."""
    answers = [engine.best(project) for project in projects]
    assert sum(len(answer) == 20 for answer in answers) > PROJECTS // 2
    before = peer.spent_ns()
    assert differing(peer, projects, answers) == 0
    assert peer.spent_ns() > before


def test_counted_cache_lines_are_those_of_the_engine(engine: Compiled, projects: list[PreparedProject]) -> None:
    """DESIGN §5: the share of random cache lines; counting raises where the engine reads otherwise than is counted."""
    found = [lines_of(engine.index, project) for project in projects]
    # What is kept beside a record is come to when it is looked at, and again when its text is compared.
    assert all(each["details"] <= 2 * each["records"] for each in found)
    assert sum(each["texts"] for each in found) > 0
    assert max(each["records"] for each in found) < 2 * OFFERS
