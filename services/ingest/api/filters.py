"""Which fields a list can be filtered by: every plain field of the shape, nested ones by their path."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from fastapi import Request
from pydantic import BaseModel

from services.ingest.api.problems import Problem
from services.ingest.intake.outcome import Fault
from services.ingest.intake.reading import KINDS
from services.ingest.intake.structure import nearest, shape_in
from shared.events.vocabulary import EntityType

_TEXTS = frozenset({"title", "summary", "description", "text", "label", "notes", "name", "period_text"})
_NOT_KEPT = frozenset({"suggested_categories", "duplicate_of", "managed", "coordinated"})
_PAGING = frozenset({"limit", "after"})
_MOST_VALUES = 20


@cache
def filters_of(entity_type: EntityType) -> tuple[str, ...]:
    """Names of filters, in the order of the shape: `stage`, `owner.owner_id`, `needs.kind`."""
    return tuple(_plain_fields(KINDS[entity_type].shape))


def asked_filters(request: Request, entity_type: EntityType) -> Mapping[str, Sequence[str]]:
    """Filter -> values asked for: repeated, or joined by commas. A problem names each unknown one."""
    known = filters_of(entity_type)
    asked: dict[str, list[str]] = {}
    faults = []
    for name, value in request.query_params.multi_items():
        if name in known:
            asked.setdefault(name, []).extend(part.strip() for part in value.split(","))
        elif name not in _PAGING:
            facts = {"allowed": ", ".join(known), **nearest(name, known)}
            faults.append(Fault(name[:80], "filtre-inconnu", facts))
    faults += [
        Fault(name, "liste-trop-longue", {"limit": _MOST_VALUES})
        for name, values in asked.items()
        if len(values) > _MOST_VALUES
    ]
    if faults:
        raise Problem("refuse", faults=faults)
    return asked


def _plain_fields(shape: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in shape.model_fields.items():
        inner = shape_in(field.annotation)
        if name in _NOT_KEPT or (name in _TEXTS and inner is None):
            continue
        if inner is None and field.default is not False:  # what is false by default is not kept, so not found
            yield prefix + name
        elif inner is not None and not prefix:
            yield from _plain_fields(inner, f"{name}.")
