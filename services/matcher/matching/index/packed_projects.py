"""Projects in bytes, as they are judged, but for what territories decide: that may change while a project does not."""

import numpy as np

from services.matcher.matching.index.layout import CATEGORIES, SLOTS, Numbers, project_row
from services.matcher.matching.index.packed import BEGINS, flags_of, joined, pack, units_in
from services.matcher.matching.model import PreparedProject
from services.matcher.matching.place import Spot

PROJECT = np.dtype(
    [
        *BEGINS,
        ("stage", np.uint8),
        ("last_day", np.int32),
        ("forms", np.uint32),
        ("theme_worth", np.int32, len(CATEGORIES)),
        ("asked", np.bool_, SLOTS),
        ("asked_eur", np.int64, SLOTS),
        ("asked_days", np.int32, SLOTS),
        ("asked_objects", np.uint32, SLOTS),
        ("siren", np.int32),
    ]
)
OUT, SEEKS_NOTHING, HAS_BARRIER = 1, 2, 4
"""Flags of a project."""
SPOT, OWNER = range(2)
"""Names of a project, before own words."""
_THEN = "/"
"""Between the parts of a spot: no code or id has it."""


def pack_project(project: PreparedProject, version: int) -> bytes:
    """The bytes of a project in this version."""
    values, shape = project_row(project, Numbers()), project.project
    flags = flags_of(values, {"out": OUT, "seeks_nothing": SEEKS_NOTHING, "barrier": HAS_BARRIER})
    names = (spot_named(spot_of(project)), shape.owner.owner_id, joined(project.vector.own_words))
    return pack(PROJECT, {**values, "flags": flags}, version, project.vector, names)


def spot_of(project: PreparedProject) -> Spot:
    """All by which territories know a project."""
    perimeter = project.place.units if project.project.perimeter else ()
    return Spot(project.project.commune, perimeter, project.project.challenge_id)


def spot_named(spot: Spot) -> str:
    """A spot as it stands among names."""
    perimeter = joined(f"{unit.level}:{unit.code}" for unit in spot.perimeter)
    return _THEN.join((spot.commune, perimeter, spot.challenge_id or ""))


def spot_in(name: str) -> Spot:
    """The spot that stands in a name."""
    commune, perimeter, challenge = name.split(_THEN)
    return Spot(commune, tuple(units_in(perimeter)), challenge or None)
