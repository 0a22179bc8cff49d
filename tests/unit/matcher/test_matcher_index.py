"""The indexes answer exactly what judging each pair by itself gives, whatever came, changed and went, in any order."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.matching.eligibility import refusals
from services.matcher.matching.index import OfferIndex, ProjectIndex, tops
from services.matcher.matching.index.places import Overlaps
from services.matcher.matching.index.table import Rows
from services.matcher.matching.index.texts import Texts
from services.matcher.matching.index.tops import Tops
from services.matcher.matching.model import Fit, PreparedOffer, PreparedProject
from services.matcher.matching.place import Place
from services.matcher.matching.score import fit
from shared.reference.geography import Unit
from shared.text.model import load_text_model
from shared.text.vectors import similarity_millionths
from tests.unit.matcher.judged import DAY, GEOGRAPHY, RULE, UNITS, commitment, commitments, funds, project, projects

K = 3


def fits(pairs: list[tuple[PreparedProject, PreparedOffer]]) -> list[Fit]:
    """By definition: those that nothing refuses."""
    return [fit(one, other) for one, other in pairs if not refusals(one, other, DAY)]


def best(pairs: list[tuple[PreparedProject, PreparedOffer]]) -> tuple[Fit, ...]:
    """By definition: the best score first, ties by the ids, then the type."""

    def rank(each: Fit) -> tuple[int, str, str, str]:
        return (-each.score_ppm, each.pair.project_id, each.pair.offer_id, each.pair.offer_type)

    return tuple(sorted(fits(pairs), key=rank)[:K])


OFFER_LISTS = st.tuples(*(commitments(f"off-{n}") for n in range(4)), *(funds(f"off-{n}") for n in (1, 7)))
PROJECT_LISTS = st.tuples(*(projects(f"prj-{n}") for n in range(6)))


@settings(RULE, max_examples=25)
@given(projects(), OFFER_LISTS, st.randoms(use_true_random=False))
def test_best_offers_are_those_of_the_definition(
    one: PreparedProject, offers: tuple[PreparedOffer, ...], chance: random.Random
) -> None:
    index, shuffled = OfferIndex(GEOGRAPHY), chance.sample(offers, len(offers))
    for offer in shuffled:
        index.upsert(offer)
    assert tuple(index.best(one, DAY, K)) == best([(one, offer) for offer in offers])
    for gone in shuffled[:2]:
        index.remove(gone.id, gone.type)
    kept = shuffled[2:]
    assert len(index) == len(kept)
    assert tuple(index.best(one, DAY, K)) == best([(one, offer) for offer in kept])
    barred = [(offer.id, offer.type) for offer in kept[:2]]
    assert tuple(index.best(one, DAY, K, declined=barred)) == best([(one, offer) for offer in kept[2:]])


@settings(RULE, max_examples=25)
@given(commitments() | funds(), PROJECT_LISTS, st.randoms(use_true_random=False))
def test_best_projects_are_those_of_the_definition(
    offer: PreparedOffer, found: tuple[PreparedProject, ...], chance: random.Random
) -> None:
    index, shuffled = ProjectIndex(GEOGRAPHY), chance.sample(found, len(found))
    for one in shuffled:
        index.upsert(one)
    assert tuple(index.best(offer, DAY, K)) == best([(one, offer) for one in found])
    for gone in shuffled[:2]:
        index.remove(gone.id)
    kept = shuffled[2:]
    assert len(index) == len(kept)
    assert tuple(index.best(offer, DAY, K)) == best([(one, offer) for one in kept])
    barred = [one.id for one in kept[:2]]
    assert tuple(index.best(offer, DAY, K, declined=barred)) == best([(one, offer) for one in kept[2:]])


def test_an_offer_put_in_again_takes_the_place_of_what_it_was() -> None:
    index = OfferIndex(GEOGRAPHY)
    index.upsert(commitment())
    index.upsert(commitment(challenges=[]))
    assert index.best(project(), DAY) == [fit(project(), commitment(challenges=[]))]
    index.upsert(commitment(status="suspendu"))
    assert index.best(project(), DAY) == []
    assert ("eng-a", "commitment") in index


def test_many_offers_grow_the_index_and_ties_go_by_id() -> None:
    index = OfferIndex(GEOGRAPHY)
    for number in random.Random(7).sample(range(300), 300):
        index.upsert(commitment(f"eng-{number:03}"))
    assert [found.pair.offer_id for found in index.best(project(), DAY)] == [f"eng-{number:03}" for number in range(20)]
    for number in range(290):
        index.remove(f"eng-{number:03}", "commitment")
    assert [found.pair.offer_id for found in index.best(project(), DAY)] == [f"eng-{n}" for n in range(290, 300)]


def test_an_empty_index_has_nothing_to_offer() -> None:
    assert OfferIndex(GEOGRAPHY).best(project(), DAY) == []
    assert ProjectIndex(GEOGRAPHY).best(commitment(), DAY) == []
    OfferIndex(GEOGRAPHY).remove("eng-a", "commitment")


@RULE
@given(st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_overlaps_are_the_units_that_share_a_commune(a: Unit, b: Unit) -> None:
    overlaps = Overlaps(GEOGRAPHY)
    assert (b in set(overlaps.of(a))) == GEOGRAPHY.shares_commune(a, b)
    beside = any(GEOGRAPHY.shares_commune(near, b) for near in overlaps.beside(a))
    place = Place("44143", (b,), GEOGRAPHY)
    reached = place.meeting((a,), accepts_neighbours=True) is not None
    assert reached == (beside or GEOGRAPHY.shares_commune(a, b))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12))))
def test_rows_are_a_set(steps: list[tuple[bool, int]]) -> None:
    rows, expected = Rows(), set()
    for adds, row in steps:
        (rows.add if adds else rows.discard)(row)
        (expected.add if adds else expected.discard)(row)
    assert sorted(rows.array.tolist()) == sorted(expected)


@given(st.lists(st.dictionaries(st.integers(0, 2), st.integers(0, 9), max_size=3), max_size=90), st.integers(0, 9))
def test_tops_are_the_best_twenty_that_reach_the_floor(said: list[dict[int, int]], floor: int) -> None:
    for at_once in (0, 10_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tops, "AT_ONCE", at_once)
            found = Tops(np.full(3, floor, np.int32), 20)
            for party, scores in enumerate(said):
                reaching = {row: score for row, score in scores.items() if score >= found.floors[row]}
                found.add(party, np.array([*reaching], np.intp), np.array([*reaching.values()], np.int64))
            listed = dict(found.lists())
        for row in range(3):
            kept = [(scores[row], party) for party, scores in enumerate(said) if scores.get(row, -1) >= floor]
            assert listed.get(row, []) == sorted(kept, key=lambda each: (-each[0], each[1]))[:20]


WORDS = ["épicerie", "quais", "vélos", "nuit", "jardin", "numérique", "aînés", "locaux", "compost", "xyzzy"]


@given(st.lists(st.tuples(st.integers(0, 5), st.lists(st.sampled_from(WORDS), max_size=60)), max_size=60))
def test_similarities_are_those_of_the_vectors(puts: list[tuple[int, list[str]]]) -> None:
    model, texts = load_text_model(), Texts()
    asked, kept = model.vectorise("vélos de nuit au jardin"), {}
    for row, words in puts * 8:
        kept[row] = model.vectorise(" ".join(words))
        texts.put(row, kept[row])
    rows = sorted(kept)
    expected = [similarity_millionths(kept[row], asked) for row in rows]
    assert texts.similarities(np.array(rows, np.intp), asked).tolist() == expected
