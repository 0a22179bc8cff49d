"""A log line is one line of JSON, with ids and without personal data."""

import io
import json
import logging
from typing import Any

import asyncpg
import pytest
from pydantic import BaseModel, ValidationError

from shared.log_identity import ForeignLog
from shared.logs import configure, describe


def logged(error: Exception) -> dict[str, Any]:
    """The line that an error gives."""
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure("notifier", "INFO", stream)
    try:
        try:
            raise error
        except type(error):
            logging.getLogger("shared.relay").exception("it failed", extra={"topic": "projects"})
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_bears_service_level_message_and_ids() -> None:
    line = logged(ForeignLog("run `essaim restored notifier`"))
    assert {
        "service": "notifier",
        "level": "error",
        "message": "it failed",
        "topic": "projects",
    }.items() <= line.items()
    assert line["error"] == "ForeignLog: run `essaim restored notifier`"
    assert any("test_stream_logs.py" in frame for frame in line["raised_at"])


def test_of_a_group_of_errors_the_first_is_told() -> None:
    line = logged(ExceptionGroup("several", [ExceptionGroup("more", [ForeignLog("why")]), ValueError()]))
    assert line["error"] == "ForeignLog: why"


def unique_violation() -> Exception:
    """As PostgreSQL says it, with the value in its detail."""
    error = asyncpg.UniqueViolationError("duplicate key value")
    error.detail = "Key (email)=(camille@example.org) already exists."  # type: ignore[attr-defined]
    return error


class Person(BaseModel):
    """Somebody."""

    age: int


def refused_value() -> Exception:
    """As pydantic says it, with the value in its message."""
    with pytest.raises(ValidationError) as caught:
        Person.model_validate({"age": "camille@example.org"})
    return caught.value


@pytest.mark.parametrize("error", [unique_violation(), ValueError("camille@example.org"), refused_value()])
def test_no_value_enters_a_line(error: Exception) -> None:
    assert "camille" not in json.dumps(logged(error))


def test_errors_of_the_network_are_said() -> None:
    assert describe(ConnectionRefusedError(111, "Connection refused")) == "ConnectionRefusedError: Connection refused"
    assert describe(TimeoutError()) == "no answer in time"
