"""Holds a submission to its shape: unknown fields by name, then every type, bound and enumeration at once."""

import json
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.ingest.intake.outcome import Fault
from services.ingest.intake.texts import joined
from shared.events.vocabulary import Accreditation, LegalForm
from shared.text.folding import fold

_CODES = {
    "missing": "obligatoire",
    "literal_error": "valeur-inconnue",
    "string_type": "texte-attendu",
    "int_type": "entier-attendu",
    "int_from_float": "entier-attendu",
    "int_parsing": "entier-attendu",
    "int_parsing_size": "nombre-trop-grand",
    "bool_type": "booleen-attendu",
    "tuple_type": "liste-attendue",
    "model_type": "objet-attendu",
    "greater_than_equal": "nombre-trop-petit",
    "less_than_equal": "nombre-trop-grand",
    "string_too_short": "trop-court",
    "string_too_long": "trop-long",
    "too_short": "liste-trop-courte",
    "too_long": "liste-trop-longue",
    "string_pattern_mismatch": "format-invalide",
}
_EXAMPLES = {
    "siren": "542051180",
    "commune": "44143",
    "code": "244400404",
    "apply_url": "https://www.exemple.fr/candidater",
    "challenge_id": "nantes-metropole-d2",
}
_FRENCH_NAMES = {
    "titre": "title",
    "resume": "summary",
    "intitule": "title",
    "texte": "text",
    "porteur": "owner",
    "entreprise": "company",
    "defi": "challenge_id",
    "defis": "challenges",
    "themes": "categories",
    "theme": "categories",
    "stade": "stage",
    "stades": "stages",
    "besoins": "needs",
    "objets": "objects",
    "jours": "days",
    "montant": "amount_eur",
    "perimetre": "perimeter",
    "echeance": "deadline",
    "debut": "starts_on",
    "fin": "ends_on",
    "ouverture": "opens_on",
    "fermeture": "closes_on",
    "cloture": "closes_on",
    "statut": "status",
    "nom": "name",
    "forme_juridique": "legal_form",
    "frein": "barrier",
    "operateur": "operator",
    "enveloppe": "envelope_eur",
    "lieu": "place",
    "code_postal": "postal_code",
    "courriel": "email",
    "email": "contact",
}


class RepeatedField(Exception):
    """An object of a JSON document has a member twice; carries its fault."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.fault = Fault(name[:80], "champ-en-double", {"name": name[:80]})


def each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members, as `object_pairs_hook` of JSON; raises `RepeatedField`."""
    found: dict[str, Any] = {}
    for name, value in members:
        if name in found:
            raise RepeatedField(name)
        found[name] = value
    return found


def unknown_fields(shape: type[BaseModel], data: Any, path: str = "", also: Sequence[str] = ()) -> Iterator[Fault]:
    """One fault for each member, at any depth, that the shape does not have; `also` names further known ones."""
    if not isinstance(data, dict):
        return
    inner = _shapes_in(shape)
    for name, value in data.items():
        if name not in inner and name not in also:
            known = [*inner, *also]
            yield Fault(joined(path, name), "champ-inconnu", {"name": name[:80], **_nearest(name, known)})
        elif (found := inner.get(name)) is not None:
            yield from _unknown_inside(found, value, joined(path, name))


@cache
def _shapes_in(shape: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """Field -> the shape inside it, if any."""
    return {name: shape_in(field.annotation) for name, field in shape.model_fields.items()}


def shape_faults(shape: type[BaseModel], data: dict[str, Any]) -> tuple[BaseModel | None, list[Fault]]:
    """The value of that shape, or every way in which the data departs from it. Types are never guessed."""
    try:
        return shape.model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        faults: dict[str, Fault] = {}
        for detail in error.errors(include_url=False):
            fault = _fault(detail)
            faults.setdefault(fault.field, fault)
        return None, list(faults.values())


def nearest(value: object, known: Sequence[str]) -> dict[str, str]:
    """`{"suggestion": ...}` when one of the known values is near, else nothing."""
    if not isinstance(value, str):
        return {}
    close = get_close_matches(fold(value).replace(" ", "-"), known, n=1, cutoff=0.6)
    return {"suggestion": close[0]} if close else {}


def _nearest(name: str, known: Sequence[str]) -> dict[str, str]:
    translated = _FRENCH_NAMES.get(fold(name).replace(" ", "_").replace("-", "_"))
    if translated in known and translated is not None:
        return {"suggestion": translated}
    close = get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return {"suggestion": close[0]} if close else {}


def _unknown_inside(shape: type[BaseModel], value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_fields(shape, item, f"{path}[{index}]")
    else:
        yield from unknown_fields(shape, value, path)


def shape_in(annotation: Any) -> type[BaseModel] | None:
    """The shape inside `Shape | None`, `tuple[Shape, ...]` or `Annotated[...]`, if any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {Union, UnionType, tuple} or hasattr(annotation, "__metadata__"):
        found = (shape_in(part) for part in get_args(annotation))
        return next((shape for shape in found if shape is not None), None)
    return None


def _fault(detail: ErrorDetails) -> Fault:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    path = _path(detail["loc"])
    name = path.rsplit(".", 1)[-1]
    if kind == "literal_error":
        return _unknown_value(path, name, value, str(context["expected"]))
    if kind.startswith("date"):
        return Fault(path, "date-invalide")
    if kind == "string_pattern_mismatch":
        return Fault(path, "format-invalide", {"example": _EXAMPLES.get(name, "mon-identifiant-01"), "value": value})
    limits = [context[key] for key in ("ge", "le", "min_length", "max_length") if key in context]
    return Fault(path, _CODES.get(kind, "invalide"), {"limit": limits[0]} if limits else {})


def _unknown_value(path: str, name: str, value: object, expected: str) -> Fault:
    if name == "legal_form" and value in get_args(Accreditation):
        return Fault(path, "agrement-pas-forme", {"value": value})
    if name.startswith("accreditations") and value in get_args(LegalForm):
        return Fault(path, "forme-pas-agrement", {"value": value})
    allowed = expected.replace(" or ", ", ").replace("'", "").split(", ")
    if name.startswith("legal_forms"):
        allowed = [*get_args(LegalForm), *get_args(Accreditation)]
    shown = {"value": value[:80]} if isinstance(value, str) else {}
    return Fault(path, "valeur-inconnue", {**shown, "allowed": ", ".join(allowed), **nearest(value, allowed)})


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("literal["):
            path = joined(path, part)
    return path
