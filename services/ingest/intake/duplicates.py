"""Tells which submissions say the same thing twice, and which of them stays."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from services.ingest.intake.outcome import Entity
from shared.events.shapes import Commitment, Fund, Perimeter, Project, Territory
from shared.text.folding import fold

E = TypeVar("E", Project, Commitment, Fund)


def twin_key(entity: Entity) -> str | None:
    """Equal for twins: same type, organisation (SIREN, else id), kind, perimeter, period and title.

    Case, accents and spaces of the title do not count. Nothing for what is not active, for territories, and for a
    fund without operator, whose organisation is unknown.
    """
    if isinstance(entity, Territory) or entity.status != "actif":
        return None
    if isinstance(entity, Project):
        organisation = entity.owner.siren or entity.owner.owner_id
        own = ("project", organisation, "", _places(entity.perimeter) or f"commune:{entity.commune}")
        period = (entity.starts_on, entity.ends_on)
    elif isinstance(entity, Commitment):
        organisation = entity.company.siren or entity.company.company_id
        own = ("commitment", organisation, entity.kind, _places(entity.perimeter))
        period = (entity.opens_on, entity.closes_on)
    elif entity.operator:
        own = (
            "fund",
            _folded(entity.operator),
            " ".join(sorted({entity.nature, *entity.kinds})),
            _places(entity.perimeter),
        )
        period = (entity.opens_on, entity.closes_on)
    else:
        return None
    return "\x1f".join((*own, *(str(day or "") for day in period), _folded(entity.title)))


def marked(entities: Sequence[E]) -> list[E]:
    """The same entities in the same order, each twin but the one of smallest id naming that one in `duplicate_of`."""
    twins: dict[str, list[str]] = {}
    keys = [twin_key(entity) for entity in entities]
    for key, entity in zip(keys, entities, strict=True):
        if key is not None:
            twins.setdefault(key, []).append(_id(entity))
    return [
        entity.model_copy(update={"duplicate_of": _keeper(twins, key, _id(entity))})
        for key, entity in zip(keys, entities, strict=True)
    ]


def _keeper(twins: Mapping[str, list[str]], key: str | None, own_id: str) -> str | None:
    kept = own_id if key is None else min(twins[key])
    return None if kept == own_id else kept


def _id(entity: Project | Commitment | Fund) -> str:
    if isinstance(entity, Project):
        return entity.project_id
    return entity.commitment_id if isinstance(entity, Commitment) else entity.fund_id


def _places(perimeter: Perimeter) -> str:
    return " ".join(sorted(f"{unit.level}:{unit.code}" for unit in perimeter))


def _folded(text: str) -> str:
    return "".join(fold(text).split())
