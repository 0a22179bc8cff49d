"""Same events, in any order and batching, over any number of partitions and processes: the same lists (issue 5.7).

MATCHING §4: « Same inputs in any order, batching or number of processes: same lists, scores and unanswered matches »,
of the pure rules with each of the indexes; `test_matcher_orders.py` proves it of whole matchers, with their storage.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matcher.audit import Lists, lists_from_scratch
from services.matcher.matching import plans, shortlists
from services.matcher.matching.bodies import InMemory
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.index import PLAIN, Indexes, tops
from services.matcher.matching.partitions import Arrival, Delivered, Partition
from services.matcher.matching.plans import plan_of
from services.matcher.matching.project_shelf import ProjectShelf
from services.matcher.matching.shortlists import OfferKey, OfferList, best, floor
from shared.events.event import Event
from shared.events.shapes import Commitment
from shared.received import Received
from tests.compiled import compiled_indexes
from tests.factories import commitment_published, day_started, fund_published
from tests.integration.engine_cases import DAYS, PREPARATION, Cases

LENGTH = 3
"""Entries of a list: with few parties already someone is the next in line."""
EXAMPLES = 60
Said = Received | tuple[str, Arrival]
"""A record of a whole topic, or a project with its id."""


@pytest.fixture(autouse=True)
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (shortlists, plans):
        monkeypatch.setattr(module, "LENGTH", LENGTH)
    monkeypatch.setattr(tops, "AT_ONCE", 20)


@pytest.fixture(params=["plain", "compiled"])
def indexes(request: pytest.FixtureRequest) -> Indexes:
    """Each of those that may serve."""
    return PLAIN if request.param == "plain" else compiled_indexes()


def history(cases: Cases, chance: random.Random) -> list[Said]:
    """What is said of some projects and offers, each up to three times, then perhaps that it is erased, then again."""
    days = sorted({*DAYS})
    said: list[Said] = [_record(day_started(day, version=place), place) for place, day in enumerate(days, 1)]
    for number in range(chance.choice((4, 16))):
        for version in range(1, chance.randint(2, 4)):
            offer, project = cases.offer(number).offer, cases.project(number).project
            event: Event
            if isinstance(offer, Commitment):
                event = commitment_published(offer, version=version)
            else:
                event = fund_published(offer, version=version)
            said.append(_record(event, version))
            said.append((project.project_id, Arrival(version, project)))
        if chance.random() < 0.5:
            said.append((project.project_id, Arrival(9, None)))
            said.append(Received(event.topic, 0, 9, event.key, 9, None, 1_000))
            if chance.random() < 0.7:
                said.append((project.project_id, Arrival(10, project)))
                said.append(_record(event.model_copy(update={"version": 10}), 10))
    return said


def _record(event: Event, version: int) -> Received:
    return Received(event.topic, 0, version, event.key, version, event, 1_000)


class Process:
    """Some partitions of so many, judged by what one process has heard, as `Judge` does; nothing is stored."""

    def __init__(self, indexes: Indexes, numbers: Sequence[int], of: int) -> None:
        self.catalogue = Catalogue(PREPARATION, indexes)
        self.partitions = {
            number: Partition(
                number,
                1,
                0,
                indexes.of_projects(PREPARATION.geography),
                self.catalogue.index,
                self._shelf(),
                self.catalogue.offer_keys,
            )
            for number in numbers
        }
        self.of = of

    def _shelf(self) -> ProjectShelf:
        return ProjectShelf(PREPARATION, self.catalogue.packed_as, InMemory())

    def hear(self, batch: Sequence[Said]) -> None:
        """What whole topics say is noted; the newest of each project is judged, with all that was noted."""
        for record in batch:
            if isinstance(record, Received):
                news = self.catalogue.apply([record], (record.topic, 0, record.offset + 1))
                for partition in self.partitions.values():
                    partition.note(news.offers, news.sequence)
        projects = sorted((each for each in batch if not isinstance(each, Received)), key=lambda each: each[1].version)
        for number, partition in self.partitions.items():
            arrived = {key: each for key, each in projects if sum(key.encode()) % self.of == number}
            if arrived:
                self.judge(partition, arrived)

    def judge(self, partition: Partition, arrived: dict[str, Arrival]) -> None:
        partition.apply(plan_of(partition, self.catalogue, Delivered(arrived), check=lambda: None), frozenset())
        for key, ranks in partition.project_lists.items():
            row = partition.index.row_of(key)
            assert row is not None
            assert partition.project_floors.of(partition.index.used)[row] == floor(ranks)
        for offer, entries in partition.offer_lists.items():
            at = self.catalogue.index.row_of(offer)
            assert at is None or partition.offer_floors.of(self.catalogue.index.used)[at] == floor(entries)

    def end(self) -> None:
        """Judge what was noted since the last project."""
        for partition in self.partitions.values():
            self.judge(partition, {})


def batches(said: Sequence[Said], chance: random.Random) -> Iterator[list[Said]]:
    """All of it in any order, some of it twice, by some at once."""
    mixed = chance.sample(said, len(said)) + chance.choices(said, k=len(said) // 8)
    most = chance.choice((1, 5, len(mixed)))
    while mixed:
        size = chance.randint(1, most)
        yield mixed[:size]
        mixed = mixed[size:]


def lists_after(indexes: Indexes, said: Sequence[Said], chance: random.Random) -> Lists:
    """The lists that one to three partitions end with, in as many processes or in one."""
    count = chance.choice((1, 2, 3))
    owned = chance.choice(([[number] for number in range(count)], [list(range(count))]))
    processes = [Process(indexes, numbers, count) for numbers in owned]
    for process in processes:
        for batch in batches(said, chance):
            process.hear(batch)
        process.end()
    partitions = [partition for process in processes for partition in process.partitions.values()]
    of_offers: dict[OfferKey, list[OfferList]] = {}
    for partition in partitions:
        for offer, ranks in partition.offer_lists.items():
            of_offers.setdefault(offer, []).append(ranks)
    return Lists(
        {project_id: ranks for partition in partitions for project_id, ranks in partition.project_lists.items()},
        {offer: best(chain(*ranks)) for offer, ranks in of_offers.items()},
    )


def lists_by_definition(said: Sequence[Said]) -> Lists:
    """Each pair of what was said last judged by the rules as they are written."""
    catalogue, last = Catalogue(PREPARATION), {}
    for each in said:
        if isinstance(each, Received):
            catalogue.apply([each], (each.topic, 0, each.offset + 1))
        elif each[0] not in last or last[each[0]].version < each[1].version:
            last[each[0]] = each[1]
    projects = [PREPARATION.project(each.project) for each in last.values() if each.project]
    assert catalogue.day == max(DAYS)
    return lists_from_scratch(projects, catalogue.offers.values(), set(), catalogue.day)


def unanswered(lists: Lists) -> set[tuple[str, OfferKey, int]]:
    """The pairs in at least one list, with their scores: the matches that nobody answered."""
    of_projects = {(key, rank.offer, rank.score) for key, ranks in lists.projects.items() for rank in ranks}
    return of_projects | {(rank.project_id, key, rank.score) for key, ranks in lists.offers.items() for rank in ranks}


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_order_batching_and_number_of_processes_end_in_the_same_lists(indexes: Indexes, seed: int) -> None:
    chance = random.Random(seed)
    said = history(Cases(seed), chance)
    expected = lists_by_definition(said)
    for _ in range(3):
        found = lists_after(indexes, said, chance)
        assert found == expected
        assert unanswered(found) == unanswered(expected)


def test_the_examples_fill_lists() -> None:
    """Else nobody would ever be the next in line."""
    full = 0
    for seed in range(20):
        lists = lists_by_definition(history(Cases(seed), random.Random(seed)))
        full += sum(len(ranks) == LENGTH for ranks in (*lists.projects.values(), *lists.offers.values()))
    assert full > 50
