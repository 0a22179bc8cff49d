"""A command that reads a log whole ends when Kafka goes away meanwhile, instead of waiting for ever."""

import pytest
from aiokafka.errors import KafkaTimeoutError

from shared.whole_log import STALLED_SECONDS, Waiting


def test_a_log_that_brings_nothing_is_given_up_and_one_that_is_slow_is_not() -> None:
    now = [0.0]
    waiting = Waiting("projects", 10, lambda: now[0])
    for left in (9, 8, 7):
        now[0] += STALLED_SECONDS - 1
        waiting.go_on(left)
    now[0] += STALLED_SECONDS
    waiting.go_on(7)
    now[0] += 1
    with pytest.raises(KafkaTimeoutError, match="projects"):
        waiting.go_on(7)
