"""Stores what a plan changed: the projects that arrived, lists, and those that are built aside for the next model."""

from collections.abc import Mapping

from services.matcher.matching.partitions import Aside, Plan
from services.matcher.matching.rows import PartitionList
from services.matcher.matching.shortlists import OfferKey
from services.matcher.store import entities, leases, lists
from services.matcher.store.lists import Prefix
from shared.database import Connection


async def store_plan(connection: Connection, number: int, plan: Plan) -> None:
    """Store what was heard and the lists that changed."""
    await entities.upsert_projects(connection, list(plan.arrived.values()))
    await _store_lists(connection, number, plan, "")


async def store_aside(connection: Connection, number: int, aside: Aside | None, plan: Plan | None) -> str | None:
    """Store what changed of the lists built aside, where they are whole; returns the model that they follow with."""
    if aside is None or plan is None or not aside.is_built:
        return None
    await _store_lists(connection, number, plan, "next_")
    return aside.model


async def store_built(connection: Connection, aside: Aside, versions: Mapping[OfferKey, int]) -> None:
    """Store, whole, the lists that were built aside, and that they are; the lease row is locked by this transaction."""
    built = aside.partition
    await lists.forget_next_lists(connection, built.number)
    await lists.store_project_lists(connection, built.number, built.project_lists, "next_")
    await lists.store_offer_lists(
        connection,
        [PartitionList(offer, built.number, versions[offer], entries) for offer, entries in built.offer_lists.items()],
        "next_",
    )
    await leases.note_built(connection, built.number, aside.model)


async def _store_lists(connection: Connection, number: int, plan: Plan, prefix: Prefix) -> None:
    await lists.store_project_lists(connection, number, plan.project_lists, prefix)
    await lists.store_offer_lists(
        connection,
        [PartitionList(offer, number, plan.versions[offer], each) for offer, each in plan.offer_lists.items()],
        prefix,
    )
