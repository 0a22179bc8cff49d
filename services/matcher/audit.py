"""Compares what is stored with what the entities say, computed from scratch: every list and every unanswered match."""

import asyncio
from bisect import insort
from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from services.matcher.matching.catalogue import Catalogue, preparation
from services.matcher.matching.eligibility import refusals
from services.matcher.matching.head import SIDES, Head
from services.matcher.matching.index import OfferIndex
from services.matcher.matching.life import UNANSWERED
from services.matcher.matching.model import Fit, Pair, PreparedOffer, PreparedProject
from services.matcher.matching.rows import HeadRow
from services.matcher.matching.score import fit, score
from services.matcher.matching.shortlists import (
    LENGTH,
    OfferKey,
    OfferList,
    OfferRank,
    ProjectList,
    ProjectRank,
    best,
    offer_of,
)
from services.matcher.store import entities, heads, leases, lists, models
from shared.audit_reading import snapshot
from shared.database import Connection, Pool
from shared.text.vectors import MILLION, TextModel

if TYPE_CHECKING:
    from services.matcher.matching.index.offer_engine import OfferEngine

MOST_PAIRS = 1_000_000
"""So many pairs are judged one by one, by the rules as they are written: half a minute."""
Part = tuple[OfferKey, int]
"""An offer, within one partition."""
Key = TypeVar("Key", str, OfferKey, Part)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the entities say: what, of which id, what it should be, what it is."""

    what: str
    id: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of all projects and offers, and of offers within each partition; those that are empty are left out."""

    projects: Mapping[str, ProjectList]
    offers: Mapping[OfferKey, OfferList]
    parts: Mapping[Part, OfferList] = field(default_factory=dict)

    def sides(self, pair: Pair) -> tuple[bool, bool]:
        """Whether the project's list and the offer's list hold the pair."""
        of_project, of_offer = self.projects.get(pair.project_id, ()), self.offers.get(offer_of(pair), ())
        return (
            any(rank.offer == offer_of(pair) for rank in of_project),
            any(rank.project_id == pair.project_id for rank in of_offer),
        )

    def pairs(self) -> set[Pair]:
        """Every pair in a list of either direction."""
        found = {(project_id, rank.offer) for project_id, ranks in self.projects.items() for rank in ranks}
        found |= {(rank.project_id, offer) for offer, ranks in self.offers.items() for rank in ranks}
        return {Pair(project_id, offer.offer_type, offer.offer_id) for project_id, offer in found}


@dataclass(frozen=True, slots=True)
class Stored:
    """What storage holds, heads apart, with the entities made ready; `projects` by partition."""

    catalogue: Catalogue
    projects: Mapping[int, dict[str, PreparedProject]]
    lists: Lists
    declined: frozenset[Pair]

    def expected(self) -> Lists:
        """The lists that the entities make, partition by partition and merged; none without a day."""
        day = self.catalogue.day
        if day is None:
            return Lists({}, {})
        of_projects: dict[str, ProjectList] = {}
        parts: dict[Part, OfferList] = {}
        merging: dict[OfferKey, list[OfferList]] = defaultdict(list)
        is_small = sum(map(len, self.projects.values())) * len(self.catalogue.offers) <= MOST_PAIRS
        for partition, projects in self.projects.items():
            found = self._of_partition(projects.values(), day, is_small=is_small)
            of_projects |= found.projects
            for offer, ranks in found.offers.items():
                parts[offer, partition] = ranks
                merging[offer].append(ranks)
        return Lists(of_projects, {offer: best(chain(*ranks)) for offer, ranks in merging.items()}, parts)

    def _of_partition(self, projects: Iterable[PreparedProject], day: date, *, is_small: bool) -> Lists:
        if is_small:
            return lists_from_scratch(projects, self.catalogue.offers.values(), set(self.declined), day)
        return lists_by_index(projects, self.catalogue.index, self.declined, day)

    def fit_of(self, pair: Pair) -> Fit:
        """The score and reasons of a pair of stored entities; raises `KeyError` where one is gone."""
        return fit(ChainMap(*self.projects.values())[pair.project_id], self.catalogue.offers[offer_of(pair)])


def lists_from_scratch(
    projects: Iterable[PreparedProject], offers: Iterable[PreparedOffer], declined: set[Pair], day: date
) -> Lists:
    """The exact lists, by judging every pair: the oracle of everything that works by differences."""
    of_projects: dict[str, list[OfferRank]] = defaultdict(list)
    of_offers: dict[OfferKey, list[ProjectRank]] = defaultdict(list)
    ready = list(offers)
    for project in projects:
        for offer in ready:
            if Pair(project.id, offer.type, offer.id) not in declined and not refusals(project, offer, day):
                below, key = -score(project, offer), OfferKey(offer.id, offer.type)
                of_projects[project.id].append(OfferRank(below, key))
                of_offers[key].append(ProjectRank(below, project.id))
    return Lists(
        {project_id: best(ranks) for project_id, ranks in of_projects.items()},
        {offer: best(ranks) for offer, ranks in of_offers.items()},
    )


def lists_by_index(
    projects: Iterable[PreparedProject], index: "OfferEngine | OfferIndex", declined: frozenset[Pair], day: date
) -> Lists:
    """The same lists where judging every pair by the written rules would take hours: by the arrays that matching uses.

    Nothing of what is stored is used; an offer's list takes in what its last entry lets in.
    """
    of_projects: dict[str, ProjectList] = {}
    of_offers: dict[int, list[ProjectRank]] = defaultdict(list)
    floors = np.zeros(index.used, np.int32)
    refused: dict[str, list[OfferKey]] = defaultdict(list)
    for pair in declined:
        refused[pair.project_id].append(offer_of(pair))
    for project in projects:
        found = index.search(project, day, LENGTH, declined=refused.get(project.id, ()), floors=floors)
        if found.best:
            of_projects[project.id] = tuple(OfferRank(-score, OfferKey(*key)) for score, key in found.best)
        for row, reached in zip(found.rows.tolist(), found.scores.tolist(), strict=True):
            ranks = of_offers[row]
            insort(ranks, ProjectRank(-reached, project.id))
            if len(ranks) >= LENGTH:
                del ranks[LENGTH:]
                floors[row] = ranks[-1].score
    return Lists(of_projects, {OfferKey(*index.at(row)): tuple(ranks) for row, ranks in of_offers.items()})


def list_differences(expected: Lists, found: Lists) -> list[Difference]:
    """Where lists differ: each names the entries that it alone has, or both in their order where that alone differs."""
    return [
        *_apart("project list", expected.projects, found.projects),
        *_apart("offer list", expected.offers, found.offers),
        *_apart("partition list", expected.parts, found.parts),
    ]


def _apart(
    what: str, expected: Mapping[Key, ProjectList | OfferList], found: Mapping[Key, ProjectList | OfferList]
) -> Iterator[Difference]:
    for key in sorted(expected.keys() | found.keys()):
        should, have = expected.get(key, ()), found.get(key, ())
        if should != have:
            only_order = set(should) == set(have)
            yield Difference(
                what,
                _id(key),
                _entries(rank for rank in should if only_order or rank not in have),
                _entries(rank for rank in have if only_order or rank not in should),
            )


def _id(key: str | OfferKey | Part) -> str:
    match key:
        case OfferKey(offer_id, offer_type):
            return f"{offer_type} {offer_id}"
        case (OfferKey() as offer, int(partition)):
            return f"{_id(offer)}/{partition}"
    return str(key)


def _entries(ranks: Iterable[OfferRank | ProjectRank]) -> str:
    named = [(rank.offer.offer_id if isinstance(rank, OfferRank) else rank.project_id, rank.score) for rank in ranks]
    return ", ".join(f"{name} {score / MILLION:.6f}" for name, score in named) or "none"


def head_differences(rows: Iterable[HeadRow], expected: Lists, stored: Stored) -> list[Difference]:
    """What is wrong with some heads: the marks of lists, the state of an unanswered match, its score and reasons."""
    found: list[Difference] = []
    for row in rows:
        sides, marks = expected.sides(row.pair), (row.in_project_list, row.in_offer_list)
        if marks != sides:
            found.append(Difference("marks", row.pair.match_id, _sides(sides), _sides(marks)))
        found += _match_differences(row.pair, row.head, any(sides), stored)
    return found


def _sides(marks: tuple[bool, bool]) -> str:
    return "+".join(side for side, is_marked in zip(SIDES, marks, strict=True) if is_marked) or "none"


def _match_differences(pair: Pair, head: Head | None, is_listed: bool, stored: Stored) -> Iterator[Difference]:
    is_open = head is not None and head.state in UNANSWERED
    if is_open and not is_listed:
        yield Difference("match", pair.match_id, "none", head.state if head else "none")
    elif is_listed and (head is None or head.state == "withdrawn"):
        yield Difference("match", pair.match_id, "proposed", head.state if head else "none")
    elif is_open and head is not None:
        now = stored.fit_of(pair)
        if (now.score_ppm, now.reasons) != (head.score_ppm, head.reasons):
            yield Difference("reasons", pair.match_id, _reasons(now), _reasons(head))


def _reasons(judged: Fit | Head) -> str:
    return " ".join([f"{judged.score_ppm / MILLION:.6f}", *(reason.code for reason in judged.reasons)])


async def audit(pool: Pool) -> list[Difference]:
    """The differences of what is stored now, in one snapshot; a version waiting for its merge shows as some.

    In memory: all entities made ready and all lists, twice; heads pass a thousand at a time.
    """
    async with snapshot(pool) as connection:
        stored = await read_all(connection)
        expected = await asyncio.to_thread(stored.expected)
        found = list_differences(expected, stored.lists)
        headless = expected.pairs()
        async for rows in heads.all_heads(connection):
            headless -= {row.pair for row in rows}
            found += await asyncio.to_thread(head_differences, rows, expected, stored)
    return found + head_differences((HeadRow(pair, -1) for pair in sorted(headless)), expected, stored)


async def read_all(connection: Connection) -> Stored:
    """All entities, lists and declines that are stored; the connection's transaction should be one snapshot."""
    artefact = await models.current_artefact(connection)
    catalogue = Catalogue(preparation(TextModel.from_bytes(artefact) if artefact else None))
    catalogue.restore(await entities.whole_rows(connection), {})
    prepare = catalogue.preparation.project
    projects: dict[int, dict[str, PreparedProject]] = {}
    declined: set[Pair] = set()
    partitions = [lease.partition for lease in await leases.all_leases(connection)]
    for partition in partitions:
        found = await entities.projects_of(connection, partition)
        projects[partition] = {each.project_id: prepare(each.project) for each in found if each.project}
        declined.update(await heads.declined_pairs(connection, partition))
    return Stored(catalogue, projects, await read_lists(connection, partitions), frozenset(declined))


async def read_lists(connection: Connection, partitions: Iterable[int]) -> Lists:
    """The lists as they are stored: of projects, of offers within each partition, and merged."""
    of_projects: dict[str, ProjectList] = {}
    parts: dict[Part, OfferList] = {}
    for partition in partitions:
        of_projects |= await lists.project_lists(connection, partition)
        parts |= {(each.offer, partition): each.entries for each in await lists.offer_lists_of(connection, partition)}
    return Lists(of_projects, await lists.merged_lists(connection), parts)
