"""The OpenAPI document, from the calls in words and the shapes of the contract."""

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.ingest.api.answers import PLURALS
from services.ingest.api.auth import ACTING_FOR
from services.ingest.api.filters import filters_of
from services.ingest.api.operations import NAMES, Operation, operations
from services.ingest.api.problems import KINDS, Problem, document
from services.ingest.intake.places import TypedPlace
from services.ingest.intake.reading import COMPUTED, ContactShape
from services.ingest.intake.reading import KINDS as ENTITIES
from shared.events.vocabulary import EntityType

_REF = "#/components/schemas/"
_INTRODUCTION = (
    "Déposer, modifier, retirer et effacer des projets, des engagements et des fonds. Chaque appel porte une clé :"
    " « Authorization: Bearer essaim_… ». Les dates sont ISO, les montants en euros entiers, les codes ceux de l'INSEE"
    " (SIREN pour une intercommunalité). Une clé « Idempotency-Key » rend un envoi répétable sans risque. Les refus"
    " sont des documents RFC 9457, en français ou, selon « Accept-Language », en anglais."
)


@cache
def openapi() -> dict[str, Any]:
    """The whole document; the same at each call."""
    paths: dict[str, Any] = {}
    for operation in operations():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Essaim : dépôts", "version": "1", "description": _INTRODUCTION},
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "cle": {"type": "http", "scheme": "bearer", "description": "Clé d'une organisation : essaim_…"}
            },
        },
        "security": [{"cle": []}],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"{operation.description}\n\nPortée : {operation.scope}.",
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.example is not None:
        described["requestBody"] = {
            "required": True,
            "content": {operation.content_type: {"schema": _body(operation), "example": operation.example}},
        }
    return described


def _body(operation: Operation) -> dict[str, Any]:
    if operation.entity_type is None:
        return {"type": "string"}
    if operation.method == "PATCH":
        return {"type": "object", "description": "Les champs à changer."}
    return {"$ref": f"{_REF}{_name(operation.entity_type)}"}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found = [_parameter("path", name, required=True) for name in _variables(operation.path)]
    if operation.method in {"PUT", "PATCH", "DELETE"}:
        found += [
            _parameter("header", "If-Match", "ETag de la version que l'on croit changer."),
            _parameter("header", "Idempotency-Key", "Un même envoi, répété avec la même clé, n'a qu'un effet."),
            _parameter("header", ACTING_FOR, "Réservé à la console : person:<id>."),
        ]
    if operation.method == "PUT":
        found.append(_parameter("header", "If-None-Match", "« * » : seulement si rien n'existe."))
    if operation.name.startswith("list_") and operation.entity_type:
        found += [_parameter("query", "limit", "De 1 à 200."), _parameter("query", "after", "Le « next » précédent.")]
        found += [_parameter("query", name) for name in filters_of(operation.entity_type)]
    if operation.name == "import_file":
        found.append(_parameter("query", "type", f"L'un de : {', '.join(PLURALS.values())}."))
    return found


def _variables(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _parameter(place: str, name: str, description: str = "", *, required: bool = False) -> dict[str, Any]:
    described: dict[str, Any] = {"in": place, "name": name, "required": required, "schema": {"type": "string"}}
    return {**described, "description": description} if description else described


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, description in sorted(operation.answers.items()):
        responses[str(status)] = {"description": description, **_answer(operation, status)}
    for kind in operation.problems:
        described = KINDS[kind]
        earlier = responses.get(str(described.status))
        title = f"{earlier['description']} ; {described.fr[0].lower()}" if earlier else described.fr[0]
        responses[str(described.status)] = {
            "description": title,
            "content": {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}},
        }
    return responses


def _answer(operation: Operation, status: int) -> dict[str, Any]:
    if status == 304:
        return {}
    if operation.name == "import_file":
        return {"content": {"application/x-ndjson": {"schema": {"$ref": f"{_REF}ReportLine"}}}}
    if operation.method == "GET" and operation.entity_type:
        kept = {"$ref": f"{_REF}{_name(operation.entity_type)}"}
        page = {"type": "object", "properties": {"items": {"type": "array", "items": kept}, "next": _NULLABLE_TEXT}}
        schema = page if operation.name.startswith("list_") else kept
    else:
        schema = {"$ref": f"{_REF}{'Erasure' if operation.path.endswith('/erasure') else 'Outcome'}"}
    return {"content": {"application/json": {"schema": schema}}}


_NULLABLE_TEXT = {"type": ["string", "null"]}
_TEXT = {"type": "string"}
_INTEGER = {"type": "integer"}
_FAULTS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["field", "code", "message", "remedy"],
        "properties": dict.fromkeys(("field", "code", "message", "remedy"), _TEXT),
    },
}
_RESULT = {"type": "string", "enum": ["accepted", "unchanged", "refused"]}


def _name(entity_type: EntityType) -> str:
    return ENTITIES[entity_type].shape.__name__


def _schemas() -> dict[str, Any]:
    shapes: list[type[BaseModel]] = [*(kind.shape for kind in ENTITIES.values()), ContactShape, TypedPlace]
    _, definitions = models_json_schema([(shape, "validation") for shape in shapes], ref_template=_REF + "{model}")
    schemas: dict[str, Any] = definitions["$defs"]
    for entity_type in NAMES:
        _as_submitted(schemas[_name(entity_type)], entity_type)
    return {**schemas, **_answers()}


def _answers() -> dict[str, Any]:
    """What the calls answer, entities apart."""
    completed = {"type": "array", "items": {"type": "object"}}
    return {
        "Problem": {
            **_object(**_texts("type", "title", "detail", "instance"), status=_INTEGER, errors=_FAULTS),
            "example": document(Problem("introuvable", value="prj-inconnu"), "fr", "/v1/projects/prj-inconnu"),
        },
        "Outcome": _object(
            result=_RESULT,
            version=_INTEGER,
            **_texts("status", "url", "duplicate_of"),
            suggested_categories={"type": "array", "items": _TEXT},
            completed=completed,
            warnings=_FAULTS,
        ),
        "Erasure": _object(**_texts("subject", "id", "result")),
        "ReportLine": _object(
            line=_INTEGER,
            result=_RESULT,
            **_texts("type", "id", "duplicate_of"),
            version=_INTEGER,
            errors=_FAULTS,
            warnings=_FAULTS,
        ),
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _TEXT)


def _as_submitted(schema: dict[str, Any], entity_type: EntityType) -> None:
    """Turns the schema of an event's shape into that of a submission."""
    kind = ENTITIES[entity_type]
    for name in COMPUTED & schema["properties"].keys():
        schema["properties"][name]["readOnly"] = True
    for name, shape in (("contact", "ContactShape"), ("place", "TypedPlace")):
        if name in kind.extra:
            schema["properties"][name] = {"$ref": _REF + shape}
    for name, value in kind.defaults.items():
        schema["properties"][name] = {**schema["properties"][name], "default": value}
    left_out = {kind.id_field, *kind.defaults, *(("commune",) if "place" in kind.extra else ())}
    schema["required"] = [*(name for name in schema["required"] if name not in left_out), *kind.required]
    schema["properties"]["version"] = {"type": "integer", "readOnly": True}
