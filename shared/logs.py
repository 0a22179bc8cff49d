"""Each log record is one JSON line, without personal data: ids, places and kinds of errors, never values."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

import asyncpg
from aiokafka.errors import KafkaError

_KNOWN = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
_QUIET = {
    # What they would say is said once, in words, by the stream's own problems.
    "aiokafka": logging.CRITICAL,
    "faststream": logging.ERROR,
    "asyncpg.pool": logging.ERROR,
    # Paths carry sign-in links.
    "uvicorn.access": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
}


def describe(error: BaseException) -> str:
    """`error` in words fit for a log: the kind, and the message only where it can quote no value."""
    kind = type(error).__name__
    if type(error).__module__.startswith(("shared.", "services.", "deploy.")):
        return f"{kind}: {error}"
    if isinstance(error, asyncpg.PostgresError):
        return f"{kind} ({error.sqlstate})"
    if isinstance(error, KafkaError):
        return kind
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return f"{kind}: {error.strerror or 'connection lost'}"
    return kind


def first_of(error: BaseException) -> BaseException:
    """The error itself or, of a group, the first that is none: the others mostly follow from it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def is_worth_saying(times: int) -> bool:
    """Whether what has now happened so many times in a row deserves one more line: an outage is no flood of them."""
    return times <= 3 or (times % 10 == 0 and times <= 100) or times % 100 == 0


class JsonLines(logging.Formatter):
    """Time, level, service, logger, message, what was passed as `extra`, and where an exception came from."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: value for name, value in record.__dict__.items() if name not in _KNOWN})
        if record.exc_info and record.exc_info[1] is not None:
            error = first_of(record.exc_info[1])
            line["error"] = describe(error)
            line["raised_at"] = _frames(error.__traceback__)
        return json.dumps(line, ensure_ascii=False, default=str)


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-8:]]


def configure(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log record of this process to `stream` (standard output) as JSON lines; a second call replaces it."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
