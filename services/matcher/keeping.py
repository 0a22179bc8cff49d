"""Stores what a plan changed: the projects that arrived, lists, and those that are built aside for the next model."""

from collections.abc import Callable, Mapping
from itertools import islice

from services.matcher.matching.partitions import Aside, Plan
from services.matcher.matching.rows import PartitionList
from services.matcher.matching.shortlists import OfferKey, ProjectList
from services.matcher.store import entities, leases, lists
from services.matcher.store.lists import Prefix
from shared.database import Connection

AT_ONCE = 1_000
"""Lists that are stored at once: the event loop has its turn between."""
Built = tuple[list[dict[str, ProjectList]], list[list[PartitionList]]]


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


def built_lists(aside: Aside, versions: Mapping[OfferKey, int], check: Callable[[], None]) -> Built:
    """All lists that were built aside; `check` is called between pieces: what it raises ends this."""
    built, number = aside.partition, aside.partition.number
    project_lists, offer_lists = list[dict[str, ProjectList]](), list[list[PartitionList]]()
    of_projects, of_offers = iter(built.project_lists.items()), iter(built.offer_lists.items())
    while some := dict(islice(of_projects, AT_ONCE)):
        check()
        project_lists.append(some)
    while others := [PartitionList(key, number, versions[key], each) for key, each in islice(of_offers, AT_ONCE)]:
        check()
        offer_lists.append(others)
    return project_lists, offer_lists


async def store_built(connection: Connection, aside: Aside, built: Built) -> None:
    """Store, whole, the lists that were built aside, and that they are; the lease row is locked by this transaction."""
    number = aside.partition.number
    await lists.forget_next_lists(connection, number)
    project_lists, offer_lists = built
    for some in project_lists:
        await lists.store_project_lists(connection, number, some, "next_")
    for others in offer_lists:
        await lists.store_offer_lists(connection, others, "next_")
    await leases.note_built(connection, number, aside.model)


async def _store_lists(connection: Connection, number: int, plan: Plan, prefix: Prefix) -> None:
    await lists.store_project_lists(connection, number, plan.project_lists, prefix)
    await lists.store_offer_lists(
        connection,
        [PartitionList(offer, number, plan.versions[offer], each) for offer, each in plan.offer_lists.items()],
        prefix,
    )
