"""Loads a partition: from what is stored, and from what its lease row says that its lists reflect."""

from dataclasses import dataclass

from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.laid import Gathered
from services.matcher.matching.model import Pair
from services.matcher.matching.partitions import HeldProject, Partition
from services.matcher.matching.rows import StoredProject
from services.matcher.store import entities, heads, lists
from services.matcher.store.leases import Lease
from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Stored:
    """What storage holds of one partition."""

    projects: list[StoredProject]
    project_lists: Gathered
    offer_lists: Gathered
    declined: list[Pair]


async def read_stored(connection: Connection, number: int) -> Stored:
    """Read a partition whose lease this transaction has taken."""
    return Stored(
        await entities.projects_of(connection, number),
        await lists.gathered_project_lists(connection, number),
        await lists.gathered_offer_lists(connection, number),
        await heads.declined_pairs(connection, number),
    )


def partition_from(catalogue: Catalogue, lease: Lease, stored: Stored) -> Partition:
    """The partition in memory, with the offers that changed since its lists were judged noted as pending.

    Where a territory or the model changed since, nothing of the lists can be trusted: no day is taken over, so that
    everything is judged.
    """
    index = catalogue.indexes.of_projects(catalogue.preparation.geography)
    partition = Partition(lease.partition, lease.epoch, lease.revision, index, catalogue.index, catalogue.offer_keys)
    prepare = catalogue.preparation.project
    for each in stored.projects:
        held = HeldProject(each.version, prepare(each.project) if each.project else None)
        partition.put_project(each.project_id, held)
    partition.heads_behind = lease.heads_behind
    partition.load(stored.project_lists, stored.offer_lists, stored.declined)
    reflected = lease.reflected
    if catalogue.knows_territories_at(reflected.positions) and reflected.model == catalogue.model:
        partition.day = reflected.day
    partition.territories_sequence = catalogue.territories_sequence
    partition.note(catalogue.changed_since(reflected.positions), catalogue.sequence)
    return partition
