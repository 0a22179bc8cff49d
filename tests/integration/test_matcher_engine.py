"""The compiled engine answers what the definition says, to the bit, whatever came, changed, went or was declined.

Proves DESIGN §5 (« exact: same top 20 as the oracle, ties by id, also after upserts and deletes ») in both directions,
over more than 10 000 pairs of a query and a state. It stands here, not with the unit tests, for what compiling takes.
"""

import random
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.matching.eligibility import refusals
from services.matcher.matching.index import OfferIndex, ProjectIndex, postings
from services.matcher.matching.index.offer_engine import OfferEngine
from services.matcher.matching.index.project_engine import ProjectEngine
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.score import score
from tests.factories import a_commitment, a_project
from tests.integration.engine_cases import DAYS, GEOGRAPHY, PREPARATION, Cases

EXAMPLES, STEPS, QUERIES = 220, 4, 6
"""Each example is a state that changes in so many steps; after each, so many queries in both directions: 10 560."""
K = 20


@pytest.fixture(autouse=True)
def sort_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few dozen entities go through all that many thousand do: chains, sorting in, and chains on top of that."""
    monkeypatch.setattr(postings, "UNSORTED", 12)


class Sides:
    """The same offers and projects, in the engine and in plain NumPy."""

    def __init__(self, seed: int) -> None:
        self.cases = Cases(seed)
        self.chance = random.Random(seed)
        self.offers: dict[tuple[str, str], PreparedOffer] = {}
        self.projects: dict[str, PreparedProject] = {}
        self.offer_indexes = OfferEngine(GEOGRAPHY), OfferIndex(GEOGRAPHY)
        self.project_indexes = ProjectEngine(GEOGRAPHY), ProjectIndex(GEOGRAPHY)

    def change(self, count: int) -> None:
        """Put in, put in again and take out so many of each side."""
        for _ in range(count):
            offer = self.cases.offer(self.chance.randrange(40))
            project = self.cases.project(self.chance.randrange(30))
            for offers in self.offer_indexes:
                offers.upsert(offer)
            for projects in self.project_indexes:
                projects.upsert(project)
            self.offers[offer.id, offer.type], self.projects[project.id] = offer, project
        for key in self.chance.sample(sorted(self.offers), min(len(self.offers), self.chance.randrange(4))):
            gone = self.offers.pop(key)
            for offers in self.offer_indexes:
                offers.remove(gone.id, gone.type)
        for name in self.chance.sample(sorted(self.projects), min(len(self.projects), self.chance.randrange(4))):
            del self.projects[name]
            for projects in self.project_indexes:
                projects.remove(name)


def told(found: Iterable[tuple[int, Any]]) -> list[tuple[int, str, str]]:
    return [(score, each, "") if isinstance(each, str) else (score, *each) for score, each in found]


def by_definition(pairs: list[tuple[PreparedProject, PreparedOffer]], day: Any, of: int) -> list[tuple[int, str, str]]:
    fits = [(score(*pair), _key(pair[of])) for pair in pairs if not refusals(*pair, day)]
    return sorted(told(fits), key=lambda each: (-each[0], each[1:]))[:K]


def _key(party: PreparedProject | PreparedOffer) -> Any:
    return (party.id, party.type) if isinstance(party, PreparedOffer) else party.id


def floors_of(index: Any, held: Collection[Any]) -> Any:
    """The same floor for the same party, whatever its row."""
    floors = np.full(index.used, 1_000_001, np.int32)
    for key in held:
        floors[index.row_of(key)] = (0, 200_000, 400_000, 1_000_001)[zlib.crc32(repr(key).encode()) % 4]
    return floors


def left_out_of(index: Any, held: Collection[Any]) -> Any:
    """The same one in six, whatever its row; nobody where few are held."""
    left_out = np.zeros(index.used, np.bool_)
    for key in held:
        left_out[index.row_of(key)] = zlib.crc32(repr(key).encode()) % 6 == 5
    return left_out if len(held) % 3 else None


def assert_same(
    indexes: tuple[Any, Any], held: Collection[Any], party: Any, day: Any, declined: Sequence[Any] = ()
) -> Any:
    """Whatever the top wanted, the floors and who is left out, both indexes tell the same; returns the best of all."""
    engine, plain = indexes
    k = 1 + len(held) % K
    found, expected = (
        index.search(party, day, k, declined=declined, left_out=left_out_of(index, held), floors=floors_of(index, held))
        for index in indexes
    )
    assert told(found.best) == told(expected.best)
    reached, wanted = (
        sorted(told(zip(each.scores.tolist(), map(index.at, each.rows.tolist()), strict=True)))
        for index, each in zip(indexes, (found, expected), strict=True)
    )
    assert reached == wanted
    best = told(engine.search(party, day, K, declined=declined).best)
    assert best == told(plain.search(party, day, K, declined=declined).best)
    return best


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_the_engine_answers_what_the_oracle_does(seed: int) -> None:
    sides, chance = Sides(seed), random.Random(seed)
    for _ in range(STEPS):
        sides.change(chance.choice((2, 8, 20)))
        for number in range(QUERIES):
            day = chance.choice(DAYS)
            asking, offered = sides.cases.project(chance.randrange(30)), sides.cases.offer(chance.randrange(40))
            no_offers = chance.sample(sorted(sides.offers), min(len(sides.offers), chance.choice((0, 0, 3))))
            no_projects = chance.sample(sorted(sides.projects), min(len(sides.projects), chance.choice((0, 0, 3))))
            best = assert_same(sides.offer_indexes, sides.offers, asking, day, no_offers)
            fits = assert_same(sides.project_indexes, sides.projects, offered, day, no_projects)
            if number == 0:
                kept = [offer for key, offer in sides.offers.items() if key not in no_offers]
                assert best == by_definition([(asking, offer) for offer in kept], day, 1)
                others = [project for key, project in sides.projects.items() if key not in no_projects]
                assert fits == by_definition([(project, offered) for project in others], day, 0)


def _grown(seed: int, count: int) -> Sides:
    sides = Sides(seed)
    for number in range(count):
        offer, project = sides.cases.offer(number), sides.cases.project(number)
        for offers in sides.offer_indexes:
            offers.upsert(offer)
        for projects in sides.project_indexes:
            projects.upsert(project)
        sides.offers[offer.id, offer.type], sides.projects[project.id] = offer, project
    return sides


@pytest.mark.parametrize("thin", [lambda number: number % 3, lambda number: number % 50 == 0], ids=["third", "most"])
def test_the_engine_grows_and_gives_room_back(thin: Callable[[int], bool]) -> None:
    """Arrays are replaced when they grow; texts and ids of what went leave room, which is taken back."""
    sides = _grown(3, 3_000)
    kept_offers, kept_projects = dict(sides.offers), dict(sides.projects)
    for place, key in enumerate(sorted(sides.offers)):
        if not thin(place):
            for offers in sides.offer_indexes:
                offers.remove(key[0], sides.offers[key].type)
            del kept_offers[key]
    for place, name in enumerate(sorted(sides.projects)):
        if not thin(place):
            for projects in sides.project_indexes:
                projects.remove(name)
            del kept_projects[name]
    for number in range(20):
        assert_same(sides.offer_indexes, kept_offers, sides.cases.project(number), DAYS[1])
        assert_same(sides.project_indexes, kept_projects, sides.cases.offer(number), DAYS[1])
    engine, plain = sides.offer_indexes
    assert len(engine) == len(plain)
    assert engine.used <= 3_000 + len(plain)


def test_long_texts_of_unknown_words_are_compared_to_the_bit() -> None:
    """As many terms as a description holds, none of them in the vocabulary: the table is as full as it gets."""
    chance = random.Random(5)
    words = sorted({"".join(chance.choices("bdfgklmnprtvz", k=4)) for _ in range(2_000)})
    texts = [" ".join(chance.sample(words, count)) for count in (1, 2, 3, 40, 400, 900, 990)]
    engine, plain = OfferEngine(GEOGRAPHY), OfferIndex(GEOGRAPHY)
    for place, text in enumerate(texts):
        offer = PREPARATION.offer(a_commitment(f"eng-{place}", description=text))
        engine.upsert(offer)
        plain.upsert(offer)
    for text in texts:
        asking = PREPARATION.project(a_project(summary=text))
        assert len(asking.vector.own_words) > 0
        found = told(engine.search(asking, DAYS[1]).best)
        assert found == told(plain.search(asking, DAYS[1]).best)
        assert len({score for score, *_ in found}) > 1
