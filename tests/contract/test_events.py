"""The contract of events: each has a schema and examples, and nothing is orphaned."""

import json
from pathlib import Path
from typing import get_args

import pytest

from deploy.documents import ROOT, SCHEMAS, breaks, schemas
from shared.events import vocabulary
from shared.events.event import InvalidEvent
from shared.events.registry import EVENTS, decode

EXAMPLES = sorted((ROOT / "shared" / "events" / "examples").glob("*/*.json"))


def test_every_topic_has_an_example_and_every_example_a_topic() -> None:
    assert {path.parent.name for path in EXAMPLES} == set(EVENTS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_is_read_and_written_back_the_same(path: Path) -> None:
    body = path.read_bytes()
    event = decode(path.parent.name, body)
    assert json.loads(event.to_bytes()) == json.loads(body)
    assert event.key


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_field_added_later_is_ignored(path: Path) -> None:
    body = json.loads(path.read_bytes()) | {"added_in_2030": {"x": 1}}
    event = decode(path.parent.name, json.dumps(body).encode())
    assert "added_in_2030" not in json.loads(event.to_bytes())


@pytest.mark.parametrize("topic", sorted(EVENTS))
def test_an_event_without_its_version_is_invalid(topic: str) -> None:
    path = next(path for path in EXAMPLES if path.parent.name == topic)
    body = json.loads(path.read_bytes())
    del body["version"]
    with pytest.raises(InvalidEvent, match="version"):
        decode(topic, json.dumps(body).encode())


def test_an_invalid_event_never_quotes_its_values() -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode("projects", b'{"version": "marie@example.org"}')
    assert "marie" not in str(caught.value)


@pytest.mark.parametrize("topic", sorted(EVENTS))
def test_every_field_of_an_event_is_described_or_plain(topic: str) -> None:
    assert EVENTS[topic].__doc__
    assert EVENTS[topic].topic == topic


def test_generated_schemas_are_up_to_date() -> None:
    stale = [path.name for path, text in schemas() if path.read_text() != text]
    assert stale == []


def test_no_schema_without_a_topic() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(EVENTS)


def test_a_schema_that_loses_a_field_or_requires_a_new_one_is_a_break() -> None:
    old = {"properties": {"a": {}, "b": {}}, "required": ["a"]}
    assert breaks(old, {"properties": {"a": {}}, "required": ["a"]}) == ["event.b is gone"]
    assert breaks(old, {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["a", "c"]}) == [
        "event.c is now required"
    ]
    assert breaks(old, {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["a"]}) == []


@pytest.mark.parametrize(
    ("literal", "enumeration"),
    [
        ("Category", "categories"),
        ("CommitmentKind", "commitment_kinds"),
        ("FundKind", "fund_kinds"),
        ("FundNature", "fund_natures"),
        ("Stage", "stages"),
        ("Object", "objects"),
        ("Level", "levels"),
        ("Status", "statuses"),
        ("CompanySize", "company_sizes"),
        ("BarrierKind", "barrier_kinds"),
        ("BarrierChannel", "barrier_channels"),
        ("Axis", "axes"),
        ("ReasonCode", "reasons"),
        ("RefusalCode", "refusals"),
    ],
)
def test_the_closed_lists_are_those_of_the_taxonomy(literal: str, enumeration: str) -> None:
    data = json.loads((ROOT / "shared" / "reference" / "data" / "taxonomy.json").read_text())
    assert set(get_args(getattr(vocabulary, literal))) == {entry["id"] for entry in data[enumeration]}


def test_legal_forms_and_accreditations_share_the_taxonomy_between_them() -> None:
    data = json.loads((ROOT / "shared" / "reference" / "data" / "taxonomy.json").read_text())
    forms = {entry["id"] for entry in data["legal_forms"] if not entry.get("accreditation")}
    accreditations = {entry["id"] for entry in data["legal_forms"] if entry.get("accreditation")}
    assert set(get_args(vocabulary.LegalForm)) == forms
    assert set(get_args(vocabulary.Accreditation)) == accreditations
