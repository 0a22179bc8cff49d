"""Whatever is sent, a reading ends in words: never an exception, never a submission that is not accepted again."""

import copy
import io
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.intake import Accepted, read, say_all
from services.ingest.intake.files import read_stream
from shared.events.vocabulary import EntityType
from tests.unit.ingest.submissions import commitment, fund, project, territory

WHOLE: dict[EntityType, dict[str, Any]] = {
    "project": project(
        perimeter=[{"level": "epci", "code": "244400404"}],
        barrier={"kind": "norme-nationale", "text": "Une règle."},
        beneficiaries={"count": 1, "label": "habitants"},
        contact={"email": "a@example.org"},
        place={"name": "Rezé"},
    ),
    "commitment": commitment(days=3, per_project_days={"min": 1}),
    "fund": fund(source={"url": "x"}, ticket_eur={"min": 1}),
    "territory": territory(collective=[{"name": "Un club"}]),
}

names = st.text(max_size=8) | st.sampled_from(["level", "code", "name", "kind", "min", "max", "email", "challenge_id"])
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["commune", "44143", "2027-01-01", "alimentation"])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from paths(member, (*path, name))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from([(entity_type, path) for entity_type, data in WHOLE.items() for path in paths(data)]), values)
def test_any_value_anywhere_is_accepted_or_refused_in_words(
    place: tuple[EntityType, tuple[Any, ...]], value: Any
) -> None:
    entity_type, (*path, last) = place
    data = copy.deepcopy(WHOLE[entity_type])
    holder: Any = data
    for step in path:
        holder = holder[step]
    holder[last] = value
    reading = read(entity_type, data)
    if isinstance(reading, Accepted):
        again = read(entity_type, reading.content)
        assert isinstance(again, Accepted)
        assert again.content == reading.content
        assert "\\u0000" not in json.dumps(reading.content)
        return
    assert reading.faults
    for language in ("fr", "en"):
        for said in say_all(reading.faults, language):
            assert json.dumps(said, ensure_ascii=False).encode()
            assert said["message"]
            assert said["remedy"]


@cache
def workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["project_id", "title"])  # type: ignore[union-attr]
    book.active.append(["prj-1", "Titre"])  # type: ignore[union-attr]
    book.save(file)
    return file.getvalue()


def check_rows(content: bytes) -> None:
    rows = list(read_stream(io.BytesIO(content), "project"))
    assert rows
    for row in rows:
        assert (row.data is None) == bool(row.faults)
        assert row.data is None or read("project", row.data)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([b"", b"project_id;title\n", b'{"project_id":', b"\xef\xbb\xbf{", b"PK\x03\x04"]),
    st.binary(max_size=80),
)
def test_any_bytes_are_rows_or_a_fault(beginning: bytes, rest: bytes) -> None:
    check_rows(beginning + rest)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_workbook_is_rows_or_a_fault(damages: list[tuple[float, int]]) -> None:
    damaged = bytearray(workbook())
    for place, byte in damages:
        damaged[int(place * len(damaged))] = byte
    check_rows(bytes(damaged))
