"""Compares what is stored with what the entities say, computed from scratch: every list and every unanswered match."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from services.matcher.matching.catalogue import Catalogue, preparation
from services.matcher.matching.eligibility import refusals
from services.matcher.matching.life import UNANSWERED
from services.matcher.matching.model import Pair, PreparedOffer, PreparedProject
from services.matcher.matching.rows import HeadRow
from services.matcher.matching.score import fit, score
from services.matcher.matching.shortlists import (
    OfferKey,
    OfferList,
    OfferRank,
    ProjectList,
    ProjectRank,
    best,
    offer_of,
)
from services.matcher.store import entities, heads, leases, lists
from shared.database import Connection, Pool

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
    """What storage holds, with the entities made ready."""

    projects: Mapping[str, PreparedProject]
    offers: Mapping[OfferKey, PreparedOffer]
    day: date | None
    lists: Lists
    heads: Mapping[Pair, HeadRow]

    @property
    def declined(self) -> set[Pair]:
        return {pair for pair, row in self.heads.items() if row.head and row.head.is_declined}


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


def differences(stored: Stored) -> list[Difference]:
    """What is stored and not as the entities say; without a day nothing may be listed."""
    expected = Lists({}, {})
    if stored.day is not None:
        expected = lists_from_scratch(stored.projects.values(), stored.offers.values(), stored.declined, stored.day)
    return [
        *_list_differences("project list", expected.projects, stored.lists.projects),
        *_list_differences("offer list", expected.offers, stored.lists.offers),
        *_head_differences(expected, stored),
    ]


def _list_differences(
    what: str, expected: Mapping[Key, Sequence[Any]], found: Mapping[Key, Sequence[Any]]
) -> Iterator[Difference]:
    for key in sorted(expected.keys() | found.keys(), key=str):
        should, have = tuple(expected.get(key, ())), tuple(found.get(key, ()))
        if should != have:
            yield Difference(what, str(key), str(should), str(have))


def _head_differences(expected: Lists, stored: Stored) -> Iterator[Difference]:
    listed = expected.pairs()
    for pair in sorted(listed | stored.heads.keys(), key=lambda pair: pair.match_id):
        row = stored.heads.get(pair)
        head = row.head if row else None
        marks = (row.in_project_list, row.in_offer_list) if row else (False, False)
        if marks != expected.sides(pair):
            yield Difference("marks", pair.match_id, str(expected.sides(pair)), str(marks))
        is_open = head is not None and head.state in UNANSWERED
        if is_open and pair not in listed:
            yield Difference("match", pair.match_id, "none", str(head and head.state))
        elif pair in listed and (head is None or head.state == "withdrawn"):
            yield Difference("match", pair.match_id, "proposed", str(head and head.state))
        elif is_open and head is not None:
            now = fit(stored.projects[pair.project_id], stored.offers[offer_of(pair)])
            if (now.score_ppm, now.reasons) != (head.score_ppm, head.reasons):
                yield Difference("reasons", pair.match_id, str(now.score_ppm), str(head.score_ppm))


async def audit(pool: Pool) -> list[Difference]:
    """The differences of what is stored now, in one snapshot; a version waiting for its merge shows as some."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        stored = await read_all(connection)
    return await asyncio.to_thread(differences, stored)


async def read_all(connection: Connection) -> Stored:
    """Everything that is stored; the connection's transaction should be one snapshot."""
    catalogue = Catalogue(preparation())
    catalogue.restore(await entities.whole_rows(connection), {})
    prepare = catalogue.preparation.project
    projects: dict[str, PreparedProject] = {}
    of_projects: dict[str, ProjectList] = {}
    rows: dict[Pair, HeadRow] = {}
    for lease in await leases.all_leases(connection):
        found = await entities.projects_of(connection, lease.partition)
        projects |= {each.project_id: prepare(each.project) for each in found if each.project}
        of_projects |= await lists.project_lists(connection, lease.partition)
        rows |= {row.pair: row for row in await heads.heads_of_partition(connection, lease.partition)}
    of_offers = await lists.merged_lists(connection)
    return Stored(projects, catalogue.offers, catalogue.day, Lists(of_projects, of_offers), rows)
