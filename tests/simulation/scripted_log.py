"""A log in memory: topics, partitions, offsets, transactions, compaction; what Kafka promises, and nothing kinder."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from shared.events.event import VERSION_HEADER

TRANSACTION_SECONDS = 30.0
Headers = tuple[tuple[str, bytes], ...]


@dataclass(eq=False)
class Transaction:
    """Records that become readable together, or never."""

    began_at: float
    state: str = "open"
    partitions: set[TopicPartition] = field(default_factory=set)


@dataclass(eq=False)
class Entry:
    """A record as a consumer gets it, or the mark that ends a transaction."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int
    transaction: Transaction | None = None
    is_mark: bool = False

    @property
    def version(self) -> int:
        return int(dict(self.headers)[VERSION_HEADER])

    @property
    def is_readable(self) -> bool:
        """Whether it is a record, and of no transaction that is open or aborted."""
        return not self.is_mark and (self.transaction is None or self.transaction.state == "committed")


@dataclass(eq=False)
class Partition:
    """The entries that are left, and the next offset."""

    entries: list[Entry] = field(default_factory=list)
    end: int = 0

    @property
    def stable_end(self) -> int:
        """Below it every transaction has ended."""
        still = [each.offset for each in self.entries if each.transaction and each.transaction.state == "open"]
        return min(still, default=self.end)

    def from_offset(self, offset: int, limit: int) -> tuple[list[Entry], int]:
        """Up to `limit` readable records from `offset` on, and the offset to read next."""
        stable = self.stable_end
        found: list[Entry] = []
        for entry in self.entries:
            if entry.offset >= stable or len(found) == limit:
                return found, min(entry.offset, stable)
            if entry.offset >= offset and entry.is_readable:
                found.append(entry)
        return found, stable


class ScriptedLog:
    """All topics, and who produces."""

    cluster_id = "simulated"

    def __init__(self, topics: dict[str, int], clock: Callable[[], float]) -> None:
        self._clock = clock
        self.partitions = {
            TopicPartition(topic, number): Partition() for topic, count in topics.items() for number in range(count)
        }
        self.history: list[Entry] = []
        """Every record ever appended, also those that compaction took."""
        self._epochs: dict[str, int] = {}
        self._open: dict[str, Transaction] = {}
        self._waiting: dict[asyncio.Future[None], None] = {}

    def partitions_of(self, topic: str) -> list[TopicPartition]:
        return [one for one in self.partitions if one.topic == topic]

    def append(
        self, place: TopicPartition, key: bytes | None, value: bytes | None, headers: Headers = (), **given: object
    ) -> Entry:
        """One more entry at the end of a partition, stamped as it is appended."""
        partition = self.partitions[place]
        stamp = 1_000_000 + int(self._clock() * 1_000)
        entry = Entry(place.topic, place.partition, partition.end, key, value, headers, stamp, **given)  # type: ignore[arg-type]
        partition.entries.append(entry)
        partition.end += 1
        if not entry.is_mark:
            self.history.append(entry)
        self._wake()
        return entry

    def compact(self, topic: str) -> None:
        """Drop what stands before the newest version of its key, tombstones kept; the last two entries stay.

        A relay that is fenced says nothing late; where old bytes stand last all the same, they must not win.
        """
        for place in self.partitions_of(topic):
            partition = self.partitions[place]
            newest: dict[bytes | None, Entry] = {}
            for each in partition.entries:
                if each.is_readable and (each.key not in newest or newest[each.key].version < each.version):
                    newest[each.key] = each
            partition.entries = [
                each
                for each in partition.entries
                if each.offset >= partition.end - 2
                or (each.transaction is not None and each.transaction.state == "open")
                or (each.is_readable and each.offset >= newest[each.key].offset)
            ]

    def readable(self, topic: str) -> Iterable[Entry]:
        """All that readers of committed records could ever read of a topic, each partition in order."""
        return [each for each in self.history if each.topic == topic and each.is_readable]

    # Producers: a transactional id has one that may still write.

    def fence(self, transactional_id: str) -> int:
        """The epoch of a new producer of that id; what the earlier one left open is aborted."""
        self._end(transactional_id, "aborted")
        self._epochs[transactional_id] = self._epochs.get(transactional_id, 0) + 1
        return self._epochs[transactional_id]

    def produce(self, transactional_id: str, epoch: int, place: TopicPartition, *record: object) -> Entry:
        """Append in the open transaction of that producer, which the first record begins."""
        self._check(transactional_id, epoch)
        transaction = self._open.setdefault(transactional_id, Transaction(self._clock()))
        transaction.partitions.add(place)
        return self.append(place, *record, transaction=transaction)  # type: ignore[arg-type]

    def commit(self, transactional_id: str, epoch: int) -> None:
        self._check(transactional_id, epoch)
        self._end(transactional_id, "committed")

    def tick(self) -> None:
        """Abort the transactions that nobody ends, and fence who left them."""
        for transactional_id, transaction in list(self._open.items()):
            if self._clock() - transaction.began_at >= TRANSACTION_SECONDS:
                self.fence(transactional_id)

    def _check(self, transactional_id: str, epoch: int) -> None:
        if self._epochs[transactional_id] != epoch:
            raise ProducerFenced

    def _end(self, transactional_id: str, state: str) -> None:
        transaction = self._open.pop(transactional_id, None)
        if transaction is not None:
            transaction.state = state
            for place in sorted(transaction.partitions):
                self.append(place, None, None, is_mark=True)

    async def change(self, seconds: float) -> None:
        """Until something is appended, `seconds` at most."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = None
        await asyncio.wait([waiter], timeout=seconds)
        self._waiting.pop(waiter, None)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    wake = _wake
