"""Everything that the topics hold, as a new reader would find it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.create_topics import EVENT_TOPICS
from shared.events.event import Event
from shared.events.registry import decode
from shared.log_versions import version_of

POISON = "poison"
"""What the keys of unreadable records begin with."""
Said = TypeVar("Said", bound=Event)
Key = tuple[str, str]
"""Topic without prefix, and key."""


@dataclass(frozen=True)
class Record:
    """One committed record."""

    topic: str
    partition: int
    offset: int
    key: str
    version: int
    body: bytes | None

    @property
    def event(self) -> Event | None:
        """What it says; nothing for a tombstone."""
        return None if self.body is None else decode(self.topic, self.body)


@dataclass
class Log:
    """All records of all event topics, by partition and offset; those that tests wrote to do harm are left out."""

    records: list[Record] = field(default_factory=list)
    last_offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    """The offset of the last record of each partition that has one, whatever it is."""

    def add(self, record: Record) -> None:
        """Take in the next record of its partition."""
        self.last_offsets[record.topic, record.partition] = record.offset
        if not record.key.startswith(POISON):
            self.records.append(record)

    def by_key(self) -> dict[Key, list[Record]]:
        """The records of each key, in the order of the log."""
        found: dict[Key, list[Record]] = defaultdict(list)
        for each in self.records:
            found[each.topic, each.key].append(each)
        return found

    def compacted(self, topic: str) -> dict[str, Record]:
        """What compaction would leave of a topic: the last record of each key."""
        return {each.key: each for each in self.records if each.topic == topic}

    def said(self, topic: str, kind: type[Said]) -> Iterator[Said]:
        """Each event of a topic, in the order of the log, tombstones left out; what came twice is said twice."""
        for event in (each.event for each in self.records if each.topic == topic):
            if isinstance(event, kind):
                yield event

    def repeated(self) -> int:
        """Records that say again what an earlier one of the same key and version said."""
        return len(self.records) - len({(each.topic, each.key, each.version) for each in self.records})


async def read_log(bootstrap_servers: str, prefix: str, topics: Iterable[str] | None = None) -> Log:
    """All that was committed before now."""
    names = {prefix + topic.name: topic.name for topic in EVENT_TOPICS if topics is None or topic.name in topics}
    log = Log()
    consumer = AIOKafkaConsumer(
        *names,
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        group_id=None,
        fetch_max_wait_ms=50,
    )
    async with consumer:
        partitions = sorted(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        while await _is_before(consumer, ends):
            for partition, records in (await consumer.getmany(timeout_ms=100)).items():
                for each in records:
                    key = (each.key or b"").decode(errors="replace")
                    topic = names[partition.topic]
                    log.add(Record(topic, partition.partition, each.offset, key, version_of(each), each.value))
    log.records.sort(key=lambda each: (each.topic, each.partition, each.offset))
    return log


async def _is_before(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    return any([await consumer.position(partition) < end for partition, end in ends.items()])
