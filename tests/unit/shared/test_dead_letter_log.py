"""Records set aside are told in one line of the log, which quotes nothing of them."""

import pytest
from aiokafka import ConsumerRecord

from shared.dead_letter import log_set_aside
from shared.received import Unreadable


def test_a_batch_is_told_in_one_line_without_content(caplog: pytest.LogCaptureFixture) -> None:
    raw = [
        ConsumerRecord("answers", 2, offset, 0, 0, b"per-bad", b"lea@example.org", None, 7, 15, ())
        for offset in range(9)
    ]
    log_set_aside("answers", 2, [Unreadable(each, "no version") for each in raw])
    log_set_aside("answers", 2, [])
    [line] = caplog.records
    told = vars(line)
    assert (line.levelname, told["topic"], told["partition"], told["records"]) == ("WARNING", "answers", 2, 9)
    assert (told["offsets"], told["reason"]) == ([0, 1, 2, 3, 4], "no version")
    assert "lea" not in str(told)
