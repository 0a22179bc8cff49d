"""Packs anew what other code packed, or for another model: for a later start, while the matcher works."""

from functools import partial

from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.partitions import Partition
from services.matcher.matching.shelf import OFFER_TYPES
from services.matcher.matching.shortlists import OfferKey
from services.matcher.owners import Owners
from services.matcher.store import entities, leases
from services.matcher.store.entities import Packed, PackedProject, ToPack
from shared.database import Connection, in_transaction

AT_ONCE = 2_000


class Repacking:
    """Offers are packed by who holds the lease of `keeper`, projects by who holds that of their partition."""

    def __init__(self, owners: Owners, keeper: int) -> None:
        self._owners, self._keeper = owners, keeper
        self._pass: tuple[str, int, int] | None = None
        self._after: tuple[str, str] | None = None
        self.damaged: list[ToPack] = []
        """What is packed under the right name, and was read as JSON all the same."""

    async def step(self) -> bool:
        """Pack some more of what is stored, where this process may; whether there may be more."""
        return await self._pack_offers() or await self._pack_projects()

    async def _pack_offers(self) -> bool:
        if self._keeper not in self._owners.owned:
            return False
        catalogue, epoch = self._owners.catalogue, self._owners.partition(self._keeper).epoch
        found, after = await self._next(catalogue.packed_as, epoch, catalogue.replays)
        if not found:
            self._after = None
            return False
        packed = await self._owners.judge.compute(_packed, catalogue, found)

        async def work(connection: Connection) -> bool:
            if await leases.lock(connection, self._keeper, epoch) is None:
                return False
            await entities.store_packed(connection, packed)
            return True

        if await in_transaction(self._owners.pool, work):
            self._after = after
            del self.damaged[: len(found)]
        else:
            self._owners.fenced(self._keeper)
        return True

    async def _pack_projects(self) -> bool:
        """Pack some of the projects that were read as JSON."""
        waiting = [each for each in map(self._owners.partition, self._owners.owned) if each.unpacked]
        for partition in waiting[:1]:
            some = partition.unpacked[:AT_ONCE]
            rows = await self._owners.judge.compute(_packed_projects, partition, some)
            if await in_transaction(self._owners.pool, partial(_store, partition, rows)):
                del partition.unpacked[: len(some)]
            else:
                self._owners.fenced(partition.number)
        return bool(waiting)

    async def _next(self, name: str, epoch: int, replays: int) -> tuple[list[ToPack], tuple[str, str] | None]:
        """What is to be packed now, and where to go on.

        All is passed over again where the name is another, or others may have stored some: under another lease, or as
        a replay did.
        """
        if self._pass != (name, epoch, replays):
            self._pass, self._after = (name, epoch, replays), ("", "")
        if self.damaged or self._after is None:
            return self.damaged[:AT_ONCE], self._after
        async with self._owners.pool.acquire() as connection:
            found = await entities.packed_otherwise(connection, name, self._after, AT_ONCE)
        return found, (found[-1].topic, found[-1].key) if found else None


def _packed(catalogue: Catalogue, found: list[ToPack]) -> list[Packed]:
    """The bytes of those that are held here in the same version."""
    keys = ((each, OfferKey(each.key, OFFER_TYPES[each.topic])) for each in found)
    packed = ((each, catalogue.packed_of(offer, each.version)) for each, offer in keys)
    return [Packed(*each, whole, catalogue.packed_as) for each, whole in packed if whole is not None]


async def _store(partition: Partition, rows: list[PackedProject], connection: Connection) -> bool:
    if await leases.lock(connection, partition.number, partition.epoch) is None:
        return False
    await entities.store_packed_projects(connection, rows)
    return True


def _packed_projects(partition: Partition, project_ids: list[str]) -> list[PackedProject]:
    """What storage should hold of these projects, but for those that are erased."""
    held, number = partition.projects, partition.number
    packed = ((each, held.packed_of(each)) for each in project_ids)
    return [
        PackedProject(each, number, held.version_of(each), whole, held.packed_as)
        for each, whole in packed
        if whole is not None
    ]
