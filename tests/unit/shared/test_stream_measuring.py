"""Counting what is left to read ends nothing when a rebalance comes between: partitions may be others' by then."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from shared.offsets import Handling
from shared.reading import Reading
from shared.units import Unit

TOPICS = {"essaim.answers": "answers", "essaim.projects": "projects"}


class Consumer:
    """As aiokafka's is towards who asks: it refuses to speak of partitions that it was not assigned."""

    def __init__(self) -> None:
        self.assigned = {TopicPartition(topic, number) for topic in TOPICS for number in (0, 1)}
        self.reading: Reading | None = None
        self.is_sought = True
        """Whether the position that is asked for is known, so that nobody waits for it."""

    def assignment(self) -> set[TopicPartition]:
        return set(self.assigned)

    def last_stable_offset(self, partition: TopicPartition) -> int:
        assert partition in self.assigned, "Partition is not assigned"
        return 7

    def last_poll_timestamp(self, partition: TopicPartition) -> int:
        assert partition in self.assigned, "Partition is not assigned"
        return 1

    async def position(self, partition: TopicPartition) -> int:
        if not self.is_sought:
            assert self.reading is not None
            self.reading.close()
            self.assigned.clear()
        if partition.partition == 1 and partition not in self.assigned:
            raise IllegalStateError(partition)
        return 5


def reading_of(consumer: Consumer, *numbers: int) -> Reading:
    """A reading of these numbers of both topics, open."""
    unused: Any = None
    reading = Reading(pool=unused, topics=TOPICS, handlers={}, together=True, consumer=lambda: consumer, opening=unused)
    for number in numbers:
        unit = reading._units[number] = Unit(TopicPartition(topic, number) for topic in TOPICS)
        handling = cast(Handling, SimpleNamespace(position=SimpleNamespace(next_offset=5)))
        unit.handlings = dict.fromkeys(unit.partitions, handling)
        unit.open()
    consumer.reading = reading
    return reading


async def test_what_is_left_is_counted_by_partition() -> None:
    reading = reading_of(Consumer(), 0, 1)
    await reading._measure()
    assert reading.lag == {f"{topic}/{number}": 2 for topic in ("answers", "projects") for number in (0, 1)}


@pytest.mark.parametrize("numbers", [(0, 1), (1,)])
async def test_partitions_that_are_taken_away_while_a_position_is_waited_for_are_left_out(
    numbers: tuple[int, ...],
) -> None:
    consumer = Consumer()
    reading = reading_of(consumer, *numbers)
    consumer.is_sought = False
    await reading._measure()
    assert "projects/1" not in reading.lag


async def test_partitions_that_were_let_go_of_before_anybody_was_told_are_left_out() -> None:
    """It once ended a matcher in the middle of a rebalance."""
    consumer = Consumer()
    reading = reading_of(consumer, 0, 1)
    consumer.assigned = {each for each in consumer.assigned if each.partition == 0}
    await reading._measure()
    assert reading.lag == {"answers/0": 2, "projects/0": 2}
