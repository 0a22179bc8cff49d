"""Funds, funders and illustrative submissions, as the dictionaries that importing a file would give."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from shared.reference.files import read_json, read_json_lines

SAMPLE_DAY = date(2026, 12, 1)
"""The day around which the sample projects and commitments were written."""

SHIFTED_FIELDS = ("opens_on", "closes_on", "deadline", "starts_on", "ends_on")

Record = dict[str, Any]


def funds() -> list[Record]:
    """The 26 funds named in the sources, with their own dates: not to be shifted."""
    return read_json_lines("funds.jsonl")


def collective_funders() -> list[Record]:
    """The funders named in collectives: `name`, and the ids of their `territories`."""
    found: list[Record] = read_json("collective_funders.json")["collective_funders"]
    return found


def sample_projects() -> list[Record]:
    """The 67 invented projects, as written around `SAMPLE_DAY`."""
    return read_json_lines("projects_sample.jsonl")


def sample_commitments() -> list[Record]:
    """The 66 invented commitments, as written around `SAMPLE_DAY`."""
    return read_json_lines("commitments_sample.jsonl")


def days_since_sample(day: date) -> int:
    """How far to shift samples so that `day` plays the part of `SAMPLE_DAY`; negative before it."""
    return (day - SAMPLE_DAY).days


def shifted(record: Mapping[str, Any], days: int, fields: Iterable[str] = SHIFTED_FIELDS) -> Record:
    """A copy of a record with its dates moved by whole days; `last_checked_on` is a fact and stays."""
    moved = {
        name: (date.fromisoformat(record[name]) + timedelta(days=days)).isoformat()
        for name in fields
        if record.get(name) is not None
    }
    return {**record, **moved}
