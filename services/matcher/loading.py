"""Loads a partition from what is stored, of projects what is packed, and from what its lease row says of its lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.index import PLAIN, Indexes
from services.matcher.matching.index.packed import are_whole
from services.matcher.matching.index.packed_projects import PROJECT
from services.matcher.matching.laid import Gathers
from services.matcher.matching.model import Pair
from services.matcher.matching.partitions import Partition
from services.matcher.matching.prepare import Preparation
from services.matcher.matching.project_shelf import HeardProject, ProjectShelf, read
from services.matcher.matching.rows import ProjectRow
from services.matcher.store import entities, heads, lists
from services.matcher.store.leases import Lease
from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Stored:
    """What storage holds of one partition."""

    projects: list[ProjectRow]
    project_lists: Gathers
    offer_lists: Gathers
    declined: list[Pair]


async def read_stored(connection: Connection, number: int, indexes: Indexes) -> Stored:
    """Read a partition whose lease this transaction has taken; nothing is compiled for it where `indexes` are not."""
    is_compiled = indexes != PLAIN
    return Stored(
        await entities.packed_projects_of(connection, number),
        await lists.gathered_project_lists(connection, number, is_compiled=is_compiled),
        await lists.gathered_offer_lists(connection, number, is_compiled=is_compiled),
        await heads.declined_pairs(connection, number),
    )


def partition_from(catalogue: Catalogue, lease: Lease, stored: Stored) -> Partition:
    """The partition in memory, with the offers that changed since its lists were judged noted as pending.

    Where a territory or the model changed since, nothing of the lists can be trusted: no day is taken over, so that
    everything is judged.
    """
    index = catalogue.indexes.of_projects(catalogue.preparation.geography)
    projects = ProjectShelf(catalogue.preparation, catalogue.packed_as, catalogue.bodies())
    partition = Partition(
        lease.partition, lease.epoch, lease.revision, index, catalogue.index, projects, catalogue.offer_keys
    )
    for place in range(0, len(stored.projects), entities.AT_ONCE):
        _load(partition, catalogue.preparation, stored.projects[place : place + entities.AT_ONCE])
    projects.pack()
    index.pack()
    partition.heads_behind = lease.heads_behind
    partition.load(stored.project_lists.gathered(), stored.offer_lists.gathered(), stored.declined)
    reflected = lease.reflected
    if catalogue.knows_territories_at(reflected.positions) and reflected.model == catalogue.model:
        partition.day = reflected.day
    partition.territories_sequence = catalogue.territories_sequence
    partition.note(catalogue.changed_since(reflected.positions), catalogue.sequence)
    return partition


def _load(partition: Partition, preparation: Preparation, rows: Sequence[ProjectRow]) -> None:
    """Take in some of a partition's projects; those that are packed otherwise, or damaged, are read as JSON."""
    name = partition.projects.packed_as
    packed = [(row.packed if row.body is not None and row.packed_as == name else None, row.version) for row in rows]
    are_packed = are_whole(packed, PROJECT)
    if found := [row for row, is_packed in zip(rows, are_packed, strict=True) if is_packed]:
        partition.load_projects(found, preparation.located)
    for row in (row for row, is_packed in zip(rows, are_packed, strict=True) if not is_packed):
        prepared = None if row.body is None else preparation.project(read(row.body))
        partition.put_project(row.project_id, HeardProject(row.version, prepared))
        if prepared is not None:
            partition.unpacked.append(row.project_id)
