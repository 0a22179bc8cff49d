"""The OpenAPI document of ingest: written down, complete, and its examples accepted."""

import io
import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from deploy.documents import ROOT
from services.ingest.accounts import SCOPES
from services.ingest.api.documentation import page
from services.ingest.api.examples import EXAMPLES, IDS, IMPORT_CSV, PATCHES
from services.ingest.api.openapi import openapi
from services.ingest.api.operations import operations
from services.ingest.api.problems import KINDS
from services.ingest.app import create_app
from services.ingest.intake import Accepted, read, type_of
from services.ingest.intake.files import read_stream
from services.ingest.intake.merging import merged
from services.ingest.intake.reading import KINDS as ENTITIES
from shared.events.vocabulary import EntityType

WRITTEN = ROOT / "docs" / "openapi" / "ingest.json"


def served(app: FastAPI) -> set[tuple[str, str]]:
    """(method, path) of every public route."""
    pending, found = list(app.router.routes), set()
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute) and route.include_in_schema:
            found |= {(method, route.path) for method in route.methods}
        inner = getattr(route, "original_router", None)
        pending += [] if inner is None else inner.routes
    return found


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(member) for member in value.values()))
    return set().union(*(references(item) for item in value)) if isinstance(value, list) else set()


def test_written_document_is_the_one_served() -> None:
    assert json.loads(WRITTEN.read_text()) == openapi(), "run python -m deploy.documents"


def test_every_route_is_described_and_every_description_served() -> None:
    described = {(operation.method, operation.path) for operation in operations()}
    assert described == served(create_app())


def test_every_reference_leads_somewhere() -> None:
    document = openapi()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


@pytest.mark.parametrize("entity_type", sorted(EXAMPLES))
def test_examples_are_accepted(entity_type: EntityType) -> None:
    data = {ENTITIES[entity_type].id_field: IDS[entity_type], **EXAMPLES[entity_type]}
    reading = read(entity_type, data)
    assert isinstance(reading, Accepted), reading
    assert isinstance(read(entity_type, merged(reading.content, PATCHES[entity_type])), Accepted)


def test_example_of_a_file_is_accepted() -> None:
    [row] = read_stream(io.BytesIO(IMPORT_CSV.encode()))
    assert row.entity_type == "project" == type_of(row.data)
    assert isinstance(read("project", row.data), Accepted)


def test_required_fields_of_a_submission_are_those_that_are_refused_when_missing() -> None:
    for entity_type, example in EXAMPLES.items():
        required = openapi()["components"]["schemas"][ENTITIES[entity_type].shape.__name__]["required"]
        for name in required:
            without = {key: value for key, value in example.items() if key != name}
            without[ENTITIES[entity_type].id_field] = IDS[entity_type]
            assert not isinstance(read(entity_type, without), Accepted), (entity_type, name)


def test_page_links_lead_somewhere_and_call_nobody_else() -> None:
    html = page("http://localhost:8001")
    anchors = set(re.findall(r'id="([^"]+)"', html))
    assert {link for link in re.findall(r'href="#([^"]+)"', html)} <= anchors
    assert set(KINDS) <= anchors
    assert set(re.findall(r'(?:src|href)="(?!#)([^"]+)"', html)) == {"/docs/style.css", "/openapi.json"}
    assert "<script" not in html


def test_the_page_speaks_one_language() -> None:
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page("http://127.0.0.1:8001"))
    assert titles == [
        "Pour commencer", "Projets", "Engagements", "Fonds", "Territoires", "Fichiers", "Organisations", "Personnes",
        "Colonnes des fichiers CSV et XLSX", "Problèmes"
    ]  # fmt: skip


def test_every_scope_is_explained_to_integrators() -> None:
    explained = (ROOT / "docs" / "integrator.md").read_text()
    assert [scope for scope in SCOPES if f"`{scope}`" not in explained] == []
