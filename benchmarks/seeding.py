"""A matcher's database as it would be after years: offers, projects and lists that reflect them, put there by COPY."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import asyncpg

from benchmarks.preparing import PREPARATION, prepared
from benchmarks.workload import DAY, Workload
from services.matcher.matching.index import fastest
from services.matcher.matching.index.packed import pack_offer
from services.matcher.matching.index.packed_projects import pack_project
from services.matcher.matching.packing import packed_as
from services.matcher.matching.prepare import is_context
from services.matcher.matching.project_shelf import body_of
from shared.database import Connection
from shared.events import shapes as events
from shared.events.shapes import Challenge, Commitment, Fund
from shared.reference.territories import Territory, load_territories
from shared.sending import partition_of

INVENTED = 20_000
"""Different entities of each kind: the others say the same under another id."""
SAMPLED = 300
"""Offers asked how many projects fit them."""
LENGTH = 20
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Seeded:
    """What stands in the database: how many offers, lists of them, and entries of all lists."""

    offers: int
    lists_of_offers: int
    of_offers: int
    of_projects: int


async def seed(dsn: str, offers: int, projects: int, partitions: int, number: int) -> Seeded:
    """Put so many offers and projects in, with lists as long as theirs would be, of entries drawn at random."""
    workload = Workload(seed=number)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "matcher"})
    try:
        await _copy(connection, "whole_entities", _whole(workload, offers))
        await _copy(connection, "projects", _projects(workload, projects, partitions))
        return await _lists(connection, workload, offers, projects, partitions)
    finally:
        await connection.execute("ANALYZE")
        await connection.close()


COLUMNS = {
    "whole_entities": ("topic", "key", "version", "topic_partition", "topic_offset", "body", "packed", "packed_as"),
    "projects": ("project_id", "partition", "version", "body", "packed", "packed_as"),
    "project_lists": ("project_id", "partition", "offer_types", "offer_ids", "scores"),
    "offer_lists": ("offer_type", "offer_id", "partition", "offer_version", "project_ids", "scores"),
    "leases": ("partition", "epoch", "owner", "address", "model", "day"),
}


async def _copy(connection: Connection, table: str, rows: Iterable[Row]) -> None:
    waiting = iter(rows)
    while some := list(islice(waiting, 50_000)):
        await connection.copy_records_to_table(table, records=some, columns=COLUMNS[table])


def _whole(workload: Workload, offers: int) -> Iterator[Row]:
    """All of it was read before the first offset, so that every list reflects it."""
    yield ("days", DAY.isoformat(), 1, 0, -1, DAY.isoformat().encode(), None, None)
    for territory in load_territories():
        yield ("territories", territory.territory_id, 1, 0, -1, _territory(territory), None, None)
    invented = [_offer(each) for each in workload.offers(min(offers, INVENTED))]
    name = packed_as(PREPARATION)
    for number in range(offers):
        topic, key, body, packed = invented[number % len(invented)]
        named = f"{key[:4]}{number:08}"
        yield (topic, named, 1, number % 4, -1, body.replace(key.encode(), named.encode()), packed, name)


def _territory(territory: Territory) -> bytes:
    told = {
        "territory_id": territory.territory_id,
        "name": territory.name,
        "kind": territory.kind,
        "status": territory.status,
        "perimeter": [unit.unit._asdict() for unit in territory.perimeter],
        "associated_perimeter": [unit.unit._asdict() for unit in territory.associated_perimeter],
        "challenges": [
            {name: value for name, value in asdict(each).items() if name in Challenge.model_fields}
            for each in territory.challenges
        ],
    }
    return events.Territory.model_validate(told).model_dump_json(exclude_none=True).encode()


def _offer(offer: Commitment | Fund) -> tuple[str, str, bytes, bytes]:
    body = offer.model_dump_json(exclude_none=True).encode()
    if isinstance(offer, Commitment):
        return "commitments", offer.commitment_id, body, pack_offer(PREPARATION.offer(offer), 1, is_context=False)
    is_shown = is_context(offer, frozenset())
    return "funds", offer.fund_id, body, pack_offer(PREPARATION.offer(offer), 1, is_context=is_shown)


def _projects(workload: Workload, projects: int, partitions: int) -> Iterator[Row]:
    invented = [
        (each.project_id, body_of(each), pack_project(PREPARATION.project(each), 1))
        for each in workload.projects(min(projects, INVENTED))
    ]
    name = packed_as(PREPARATION)
    for number in range(projects):
        key, body, packed = invented[number % len(invented)]
        named = f"prj-{number:08}"
        told = body.replace(key.encode(), named.encode())
        yield (named, partition_of(named, partitions), 1, told, packed, name)


async def _lists(connection: Connection, workload: Workload, offers: int, projects: int, partitions: int) -> Seeded:
    chance, keys = random.Random(workload.seed), _Keys(workload, offers)
    names: list[list[str]] = [[] for _ in range(partitions)]
    for number in range(projects):
        names[partition_of(f"prj-{number:08}", partitions)].append(f"prj-{number:08}")
    counted = Counter[str]()
    await _copy(connection, "project_lists", _lists_of_projects(chance, keys, names))
    lengths = _lengths(workload, projects // partitions)
    await _copy(connection, "offer_lists", _lists_of_offers(chance, keys, names, lengths, counted))
    epoch = PREPARATION.model.epoch
    await _copy(connection, "leases", [(number, 1, "nobody", "", epoch, DAY) for number in range(partitions)])
    return Seeded(offers, counted["lists"], counted["entries"], projects * LENGTH)


class _Keys:
    """The keys of all offers, by number."""

    def __init__(self, workload: Workload, offers: int) -> None:
        self.count = offers
        self._kinds = [isinstance(each, Commitment) for each in workload.offers(min(offers, INVENTED))]

    def __getitem__(self, number: int) -> tuple[str, str]:
        is_commitment = self._kinds[number % len(self._kinds)]
        return ("commitment", f"eng-{number:08}") if is_commitment else ("fund", f"fds-{number:08}")


def _lists_of_projects(chance: random.Random, keys: _Keys, names: list[list[str]]) -> Iterator[Row]:
    for partition, some in enumerate(names):
        for name in some:
            found = [keys[number] for number in chance.sample(range(keys.count), LENGTH)]
            types, ids = [kind for kind, _ in found], [each for _, each in found]
            yield (name, partition, types, ids, _scores(chance, LENGTH))


def _lists_of_offers(
    chance: random.Random, keys: _Keys, names: list[list[str]], lengths: Sequence[int], counted: Counter[str]
) -> Iterator[Row]:
    for number in range(keys.count):
        for partition, some in enumerate(names):
            length = min(chance.choice(lengths), len(some))
            if length:
                counted.update(lists=1, entries=length)
                first = chance.randrange(len(some))
                found = [some[(first + 97 * step) % len(some)] for step in range(length)]
                yield (*keys[number], partition, 1, found, _scores(chance, length))


def _scores(chance: random.Random, length: int) -> list[int]:
    highest = chance.randrange(500_000, 900_000)
    return [highest - 3_000 * place for place in range(length)]


def _lengths(workload: Workload, projects: int) -> Sequence[int]:
    """How many projects of a partition of so many fit some offers, twenty at most."""
    index = fastest().of_projects(PREPARATION.geography)
    for project in workload.projects(projects):
        index.upsert(PREPARATION.project(project))
    offers = list(prepared(workload, SAMPLED))
    return [len(index.search(offer, DAY).best) for offer in offers]
