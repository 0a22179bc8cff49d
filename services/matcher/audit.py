"""Compares what is stored with what the entities say, computed from scratch: every list and every unanswered match."""

import asyncio
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from services.matcher.matching import answered
from services.matcher.matching.catalogue import WHOLE_TOPICS, Catalogue, preparation
from services.matcher.matching.eligibility import refusals
from services.matcher.matching.head import Head
from services.matcher.matching.index.offers import OfferIndex
from services.matcher.matching.life import UNANSWERED
from services.matcher.matching.model import Pair, PreparedOffer, PreparedProject
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
from services.matcher.store import entities, heads, leases, lists
from shared.audit_reading import Topics, set_aside, snapshot
from shared.audit_reading import handled as handled_of
from shared.audit_reading import held as held_of
from shared.auditing import Finding, Held
from shared.database import Connection, Pool
from shared.events.people import AnswerGiven

SERVICE = "matcher"
HEARD = ("projects", *WHOLE_TOPICS)
"""Topics whose keys the matcher holds; what answers did is seen in the matches."""
AT_ONCE = 1_000
MOST_PAIRS = 1_000_000
"""So many pairs are judged one by one, by the rules as they are written: half a minute."""
Key = TypeVar("Key", str, OfferKey)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the entities say: what, of which id, what it should be, what it is."""

    what: str
    id: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of all projects and offers; those that are empty are left out."""

    projects: Mapping[str, ProjectList]
    offers: Mapping[OfferKey, OfferList]

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
    """What storage holds, heads apart, with the entities made ready."""

    catalogue: Catalogue
    projects: Mapping[str, PreparedProject]
    lists: Lists
    declined: frozenset[Pair]

    def expected(self) -> Lists:
        """The lists that the entities make; none without a day."""
        offers, day = self.catalogue.offers, self.catalogue.day
        if day is None:
            return Lists({}, {})
        if len(self.projects) * len(offers) <= MOST_PAIRS:
            return lists_from_scratch(self.projects.values(), offers.values(), set(self.declined), day)
        return lists_by_index(self.projects.values(), self.catalogue.index, self.declined, day)


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
    projects: Iterable[PreparedProject], index: OfferIndex, declined: frozenset[Pair], day: date
) -> Lists:
    """The same lists where judging every pair by the written rules would take hours: by the arrays that matching uses.

    Nothing of what is stored is used; an offer's list takes in what its last entry lets in.
    """
    of_projects: dict[str, ProjectList] = {}
    of_offers: dict[int, list[ProjectRank]] = defaultdict(list)
    floors = np.full(index.used, -1, np.int64)
    refused: dict[str, list[OfferKey]] = defaultdict(list)
    for pair in declined:
        refused[pair.project_id].append(offer_of(pair))
    for project in projects:
        rows, scores = index.scored(project, day, declined=refused.get(project.id, ()))
        if listed := index.picked(rows, scores, LENGTH):
            of_projects[project.id] = tuple(OfferRank(-score, OfferKey(each.id, each.type)) for score, each in listed)
        may_enter = scores >= floors[rows]
        for row, found in zip(rows[may_enter].tolist(), scores[may_enter].tolist(), strict=True):
            ranks = of_offers[row]
            insort(ranks, ProjectRank(-found, project.id))
            if len(ranks) >= LENGTH:
                del ranks[LENGTH:]
                floors[row] = ranks[-1].score
    offers = {row: index.at(row) for row in of_offers}
    return Lists(of_projects, {OfferKey(offers[row].id, offers[row].type): tuple(of_offers[row]) for row in of_offers})


def _list_differences(
    what: str, expected: Mapping[Key, Sequence[Any]], found: Mapping[Key, Sequence[Any]]
) -> Iterator[Difference]:
    for key in sorted(expected.keys() | found.keys(), key=str):
        should, have = tuple(expected.get(key, ())), tuple(found.get(key, ()))
        if should != have:
            yield Difference(what, str(key), str(should), str(have))


def head_differences(rows: Iterable[HeadRow], expected: Lists, stored: Stored) -> list[Difference]:
    """What is wrong with some heads: the marks of lists, the state of an unanswered match, its score and reasons."""
    found: list[Difference] = []
    for row in rows:
        sides, marks = expected.sides(row.pair), (row.in_project_list, row.in_offer_list)
        if marks != sides:
            found.append(Difference("marks", row.pair.match_id, str(sides), str(marks)))
        found += _match_differences(row.pair, row.head, any(sides), stored)
    return found


def _match_differences(pair: Pair, head: Head | None, is_listed: bool, stored: Stored) -> Iterator[Difference]:
    is_open = head is not None and head.state in UNANSWERED
    if is_open and not is_listed:
        yield Difference("match", pair.match_id, "none", str(head and head.state))
    elif is_listed and (head is None or head.state == "withdrawn"):
        yield Difference("match", pair.match_id, "proposed", str(head and head.state))
    elif is_open and head is not None:
        now = fit(stored.projects[pair.project_id], stored.catalogue.offers[offer_of(pair)])
        if (now.score_ppm, now.reasons) != (head.score_ppm, head.reasons):
            yield Difference("reasons", pair.match_id, str(now.score_ppm), str(head.score_ppm))


async def audit(pool: Pool) -> list[Difference]:
    """The differences of what is stored now, in one snapshot; a version waiting for its merge shows as some."""
    async with snapshot(pool) as connection:
        stored = await read_all(connection)
        expected = await asyncio.to_thread(stored.expected)
        found = [
            *_list_differences("project list", expected.projects, stored.lists.projects),
            *_list_differences("offer list", expected.offers, stored.lists.offers),
        ]
        headless = expected.pairs()
        async for rows in heads.all_heads(connection):
            headless -= {row.pair for row in rows}
            found += await asyncio.to_thread(head_differences, rows, expected, stored)
    return found + head_differences((HeadRow(pair, -1) for pair in sorted(headless)), expected, stored)


async def read_all(connection: Connection) -> Stored:
    """All entities, lists and declines that are stored; the connection's transaction should be one snapshot."""
    catalogue = Catalogue(preparation())
    catalogue.restore(await entities.whole_rows(connection), {})
    prepare = catalogue.preparation.project
    projects: dict[str, PreparedProject] = {}
    of_projects: dict[str, ProjectList] = {}
    declined: set[Pair] = set()
    for lease in await leases.all_leases(connection):
        found = await entities.projects_of(connection, lease.partition)
        projects |= {each.project_id: prepare(each.project) for each in found if each.project}
        of_projects |= await lists.project_lists(connection, lease.partition)
        declined.update(await heads.declined_pairs(connection, lease.partition))
    return Stored(catalogue, projects, Lists(of_projects, await lists.merged_lists(connection)), frozenset(declined))


async def held(connection: Connection, topic: str) -> Held:
    """What the matcher holds of a topic; of answers see `findings`."""
    if topic == "projects":
        return await held_of(connection, topic, entities.PROJECT_VERSIONS)
    return await held_of(connection, topic, entities.WHOLE_VERSIONS, given=[topic])


async def forgotten(connection: Connection, topic: str) -> frozenset[str]:
    """Nothing: all that the matcher said is in its log."""
    return frozenset()


async def findings(pool: Pool, topics: Topics) -> list[Finding]:
    """Lists and unanswered matches against the entities, answered matches against their answers."""
    lists_found = [Finding(SERVICE, each.what, each.id, each.expected, each.found) for each in await audit(pool)]
    return lists_found + await _answer_findings(pool, topics)


Place = tuple[int, int]
"""Partition and offset."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """Every answer by match, with its place in the topic, and what the matcher has handled of them."""

    by_match: Mapping[str, Sequence[tuple[Place, AnswerGiven]]]
    handled: Mapping[int, int]
    set_aside: frozenset[Place]

    def findings(self, rows: Iterable[HeadRow]) -> list[Finding]:
        """Where these matches and the answers that were handled differ."""
        return [
            Finding(SERVICE, "answer", row.pair.match_id, expected, found)
            for row in rows
            if row.head is not None
            for expected, found in answered.answer_differences(row.head, self._of(row.pair.match_id))
        ]

    def _of(self, match_id: str) -> list[AnswerGiven]:
        return [
            answer
            for (partition, offset), answer in self.by_match.get(match_id, ())
            if offset < self.handled.get(partition, 0) and (partition, offset) not in self.set_aside
        ]


async def _answer_findings(pool: Pool, topics: Topics) -> list[Finding]:
    said: dict[str, list[tuple[Place, AnswerGiven]]] = defaultdict(list)
    async for records in topics.events(AnswerGiven.topic):
        for one in records:
            if isinstance(one.event, AnswerGiven):
                said[one.event.match_id].append(((one.partition, one.offset), one.event))
    found: list[Finding] = []
    async with snapshot(pool) as connection:
        handled = await handled_of(connection, AnswerGiven.topic)
        answers = _Answers(said, handled, await set_aside(connection, AnswerGiven.topic))
        async for rows in heads.all_heads(connection, answered.ANSWERED):
            found += answers.findings(rows)
        for some in batched(said, AT_ONCE):
            rows = [row.read() for row in (await heads.heads_of(connection, some)).values()]
            found += answers.findings(row for row in rows if row.head and row.head.state not in answered.ANSWERED)
    return found


def batched(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    """The keys, so many at a time."""
    rest = iter(keys)
    while some := list(islice(rest, size)):
        yield some
