"""Reads submissions: a project, a commitment, a fund or a territory, from JSON data to `Accepted` or `Refused`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from services.ingest.intake import rules
from services.ingest.intake.known import Known, reference_known
from services.ingest.intake.outcome import MOST_FAULTS, Accepted, Contact, Entity, Fault, Reading, Refused
from services.ingest.intake.places import Completing, complete_code, complete_commune, complete_perimeter
from services.ingest.intake.structure import shape_faults, unknown_fields
from services.ingest.intake.texts import cleaned
from shared.events.shapes import Commitment, Fund, Identifier, Label, Project, Shape, Territory
from shared.events.vocabulary import EntityType

COMPUTED = frozenset(
    {"version", "duplicate_of", "suggested_categories", "managed", "coordinated", "concluded", "deposited_by"}
)
"""What reads add: a submission that gives them back is not refused for it, they are ignored."""

_EMAIL = re.compile(
    r"(?!\.)(?!.*\.[.@])[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)
"""What mail servers take everywhere: ASCII, a domain with a dot."""


class ContactShape(Shape):
    """`contact` of a submission."""

    email: Label
    name: Label | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """How one type of entity is read."""

    entity_type: EntityType
    id_field: str
    shape: type[BaseModel]
    rules: Sequence[rules.Rule]
    complete: Callable[[Completing], None]
    extra: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    """Required of a submission though the shape has a default."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """What a submission says by leaving a field out, though the shape requires it."""


def _complete_project(work: Completing) -> None:
    complete_commune(work)
    complete_perimeter(work, work.data.get("perimeter"), "perimeter")


def _complete_commitment(work: Completing) -> None:
    company = work.data.get("company")
    if isinstance(company, dict):
        complete_code(work, company, "commune", "company.commune")
    complete_perimeter(work, work.data.get("perimeter"), "perimeter")


def _complete_offer(work: Completing) -> None:
    complete_perimeter(work, work.data.get("perimeter"), "perimeter")


def _complete_territory(work: Completing) -> None:
    complete_perimeter(work, work.data.get("perimeter"), "perimeter")
    complete_perimeter(work, work.data.get("associated_perimeter"), "associated_perimeter")


_ACTIVE = {"status": "actif"}

KINDS: dict[EntityType, Kind] = {
    "project": Kind(
        "project", "project_id", Project, rules.PROJECT, _complete_project, ("contact", "place"), ("needs",), _ACTIVE
    ),
    "commitment": Kind(
        "commitment", "commitment_id", Commitment, rules.COMMITMENT, _complete_commitment, ("contact",), (), _ACTIVE
    ),
    "fund": Kind("fund", "fund_id", Fund, rules.FUND, _complete_offer, ("contact",), (), _ACTIVE),
    "territory": Kind("territory", "territory_id", Territory, rules.TERRITORY, _complete_territory),
}
"""Type of entity -> how it is read."""


def read(entity_type: EntityType, data: object, known: Known | None = None) -> Reading:
    """The submission as it will be kept, or all its faults at once.

    `known` defaults to the reference. The data are left as they are.
    """
    kind = KINDS[entity_type]
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        return Refused((Fault("", "objet-attendu"),))
    faults: list[Fault] = []
    contact_said = "contact" in data and "contact" in kind.extra
    given = {name: value for name, value in data.items() if name not in COMPUTED}
    work = Completing({**kind.defaults, **cleaned(given, faults)}, known or reference_known(), faults)
    _drop_repeats(work.data)
    contact = _contact(work.data.pop("contact", None), faults) if contact_said else None
    faults += islice(unknown_fields(kind.shape, work.data, also=kind.extra), MOST_FAULTS)
    kind.complete(work)
    faults += [Fault(name, "obligatoire") for name in kind.required if name not in work.data]
    entity, misshapen = shape_faults(kind.shape, work.data)
    faults += _about_the_place(misshapen, data)
    faults += rules.broken(kind.rules, work.data, work.known)
    faults += rules.individuals_named(work.data, contact.name if contact else None)
    entity_id = _identifier(work.data.get(kind.id_field))
    if faults or entity is None or entity_id is None:
        return Refused(_in_order(faults, kind), entity_id)
    suggested = _suggested(cast(Entity, entity), work.known)
    return Accepted(entity_type, entity_id, suggested, contact, contact_said, tuple(work.completed))


def read_project(data: object, known: Known | None = None) -> Reading:
    """`read` of a project."""
    return read("project", data, known)


def read_commitment(data: object, known: Known | None = None) -> Reading:
    """`read` of a commitment."""
    return read("commitment", data, known)


def read_fund(data: object, known: Known | None = None) -> Reading:
    """`read` of a fund."""
    return read("fund", data, known)


def read_territory(data: object, known: Known | None = None) -> Reading:
    """`read` of a territory."""
    return read("territory", data, known)


def type_of(data: object) -> EntityType | None:
    """The type that the id among the data tells; nothing when there is none, or more than one."""
    if not isinstance(data, dict):
        return None
    # A project may name its territory: the territory's id alone makes a territory.
    found = [name for name, kind in KINDS.items() if kind.id_field in data and name != "territory"]
    if not found and "territory_id" in data:
        return "territory"
    return found[0] if len(found) == 1 else None


def valid_id(text: str) -> bool:
    """Whether this can be an id of anything."""
    return _identifier(text) is not None


def valid_email(address: str) -> bool:
    """Whether mail can be addressed so, by form alone; « =? » would begin an encoded word in a mail's header."""
    return len(address) <= 254 and "=?" not in address and _EMAIL.fullmatch(address) is not None


def _contact(data: object, faults: list[Fault]) -> Contact | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        faults.append(Fault("contact", "objet-attendu"))
        return None
    strange = list(islice(unknown_fields(ContactShape, data, "contact"), MOST_FAULTS))
    faults += strange
    shape, misshapen = shape_faults(ContactShape, data)
    faults += [Fault(f"contact.{fault.field}", fault.code, fault.facts) for fault in misshapen]
    if not isinstance(shape, ContactShape):
        return None
    if not valid_email(shape.email):
        faults.append(Fault("contact.email", "courriel-invalide"))
    if shape.language not in {None, "fr", "en"}:
        faults.append(Fault("contact.language", "valeur-inconnue", {"allowed": "fr, en"}))
    return Contact(shape.email, shape.name, shape.language)


def _suggested(entity: Entity, known: Known) -> Entity:
    if not isinstance(entity, Project) or entity.categories:
        return entity
    suggested = known.suggest(f"{entity.title}\n{entity.summary}")[:3]
    return entity.model_copy(update={"suggested_categories": tuple(suggested)})


def _identifier(value: object) -> str | None:
    try:
        found: str = TypeAdapter(Identifier).validate_python(value, strict=True)
    except ValidationError:
        return None
    return found


def _drop_repeats(data: dict[str, Any]) -> None:
    for name, value in data.items():
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            data[name] = list(dict.fromkeys(value))
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    _drop_repeats(item)
        elif isinstance(value, dict):
            _drop_repeats(value)


def _about_the_place(misshapen: list[Fault], data: dict[str, Any]) -> list[Fault]:
    """Says of a missing commune that `place` would do too, and nothing of one given and already found wrong."""
    given = any(data.get(name) is not None for name in ("commune", "place"))
    missing = Fault("commune", "obligatoire")
    said = [] if given else [Fault("commune", "lieu-absent")]
    return [each for fault in misshapen for each in (said if fault == missing else [fault])]


def _in_order(faults: list[Fault], kind: Kind) -> tuple[Fault, ...]:
    """One fault per field, the first found, in the order of the shape's fields; `MOST_FAULTS` at most."""
    order = {name: place for place, name in enumerate([*kind.shape.model_fields, *kind.extra])}
    first: dict[str, Fault] = {}
    for fault in faults:
        first.setdefault(fault.field, fault)
    inner = sorted(first.values(), key=lambda fault: order.get(re.split(r"[.\[]", fault.field)[0], 99))
    return tuple(inner[:MOST_FAULTS])
