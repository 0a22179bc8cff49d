"""All projects of a partition that were heard: in memory what plans and searches ask, bodies read on demand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.bodies import Bodies
from services.matcher.matching.index.layout import NEVER
from services.matcher.matching.index.packed import Unpacked, vector_of
from services.matcher.matching.index.packed_projects import PROJECT, SPOT, pack_project, spot_in, spot_named, spot_of
from services.matcher.matching.kept import ERASED, WHERE, Kept
from services.matcher.matching.model import Located, PreparedProject
from services.matcher.matching.place import Spot
from services.matcher.matching.prepare import Preparation
from services.matcher.matching.rows import ProjectRow
from shared.events.shapes import Project

Value = TypeVar("Value")
PREPARED = 512
"""Projects of a partition that are kept ready to be judged: pairs are judged project by project."""
_UNMOVED = -1
_HELD = np.dtype(
    [
        ("version", np.int64),
        ("last_day", np.int32),
        ("flags", np.uint16),
        ("spot", np.int32),
        ("located", np.int32),
        *WHERE,
    ]
)


@dataclass(frozen=True)
class HeardProject:
    """A project as just heard; nothing but its version once erased."""

    version: int
    prepared: PreparedProject | None

    @cached_property
    def body(self) -> bytes | None:
        """Its JSON."""
        return None if self.prepared is None else body_of(self.prepared.project)

    @cached_property
    def packed(self) -> bytes | None:
        """Its bytes."""
        return None if self.prepared is None else pack_project(self.prepared, self.version)


@dataclass(frozen=True, slots=True, eq=False)
class KeptProject:
    """A project that a shelf holds, made ready each time it is asked for; `moved` is where territories have it now."""

    shelf: "ProjectShelf"
    project_id: str
    version: int
    moved: Located | None = None

    @property
    def prepared(self) -> PreparedProject | None:
        """The project ready to be judged; nothing once erased."""
        return self.shelf.prepared(self.project_id, self.moved)


HeldProject = HeardProject | KeptProject


class ProjectShelf(Kept[PreparedProject], Mapping[str, HeldProject]):
    """Every project of a partition ever heard, erased ones too, by id.

    What territories decide of each is kept as it was judged last, until it is put where it has moved.
    """

    def __init__(self, preparation: Preparation, packed_as: str, bodies: Bodies) -> None:
        """`preparation` makes projects ready; `packed_as` names how it packs them."""
        super().__init__(bodies, _HELD, PREPARED)
        self._preparation = preparation
        self.packed_as = packed_as
        self._spots = _Numbered[str]()
        self._located = _Numbered[Located]()

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __contains__(self, project_id: object) -> bool:
        return isinstance(project_id, str) and project_id in self.numbers

    def __getitem__(self, project_id: str) -> HeldProject:
        return KeptProject(self, project_id, self.version_of(project_id))

    def version_of(self, project_id: str) -> int:
        """The version last heard; raises `KeyError` for a project never heard."""
        return int(self._held["version"][self._row(project_id)])

    def live(self) -> int:
        """How many are not erased."""
        return int(np.count_nonzero(self.held()["flags"] & ERASED == 0))

    def is_live(self, project_id: str) -> bool:
        """Whether a project was heard and is not erased."""
        row = self.numbers.row_of(project_id)
        return row is not None and not self._held["flags"][row] & ERASED

    def put(self, project_id: str, heard: HeardProject) -> None:
        """Keep a project as just heard."""
        held = np.zeros(1, _HELD)
        held["version"], held["flags"] = heard.version, ERASED
        if (prepared := heard.prepared) is not None and heard.packed is not None:
            deadline = prepared.project.deadline
            held["flags"], held["last_day"] = 0, NEVER if deadline is None else deadline.toordinal()
            held["spot"] = self._spots.of(spot_named(spot_of(prepared)))
            held["located"] = self._located.of(prepared.located)
            self._write(held, [(heard.packed, heard.body or b"")])
        self._replace(project_id, held, prepared)

    def load(
        self, rows: Sequence[ProjectRow], unpacked: Unpacked, located: Callable[[Spot], Located]
    ) -> NDArray[np.bool_]:
        """Keep projects that are not there yet, from their bytes, as `put` does; returns which are where the label is.

        `located` tells what territories now decide.
        """
        held = np.zeros(len(rows), _HELD)
        held["version"], held["last_day"] = [row.version for row in rows], unpacked.heads["last_day"]
        held["spot"] = [self._spots.of(names[SPOT]) for names in unpacked.names]
        which, numbers = np.unique(held["spot"], return_inverse=True)
        found = [located(spot_in(self._spots[spot])) for spot in which.tolist()]
        held["located"] = np.array([self._located.of(each) for each in found], np.int32)[numbers]
        self._write(held, [(row.packed or b"", row.body or b"") for row in rows])
        self._add([row.project_id for row in rows], held)
        return np.array([bool(each.labelled) for each in found], np.bool_)[numbers]

    def said(self, project_id: str) -> Project | None:
        """What a project says; nothing once erased. Raises `KeyError` for one never heard."""
        whole = self._whole(self._row(project_id))
        return whole and read(whole[1])

    def packed_of(self, project_id: str) -> bytes | None:
        """The bytes of a project; none once erased. Raises `KeyError` for one never heard."""
        whole = self._whole(self._row(project_id))
        return whole and whole[0]

    def prepared(self, project_id: str, moved: Located | None = None) -> PreparedProject | None:
        """A project ready to be judged, where it is held or where it has `moved`; nothing once erased.

        Raises `KeyError` for one never heard.
        """
        row = self._row(project_id)
        found = self._ready.get(row)
        if found is None:
            whole = self._whole(row)
            if whole is None:
                return None
            vector = vector_of(whole[0], self._preparation.model.words, PROJECT)
            located = self._located[int(self._held["located"][row])]
            found = self._preparation.project(read(whole[1]), vector, located)
            self._keep_ready(row, found)
        return found.at(moved) if moved else found

    def closed_between(self, before: date | None, day: date) -> list[KeptProject]:
        """The live projects whose deadline is past on one of these days and not on the other; all where none was."""
        held = self.held()
        changed = held["flags"] & ERASED == 0
        if before is not None:
            changed &= (held["last_day"] < before.toordinal()) != (held["last_day"] < day.toordinal())
        return [self._kept(row) for row in np.flatnonzero(changed).tolist()]

    def spots(self) -> Iterator[tuple[int, Spot]]:
        """Every spot where a project is or was, by number."""
        return ((number, spot_in(name)) for number, name in enumerate(self._spots))

    def moved_to(self, now: Mapping[int, Located]) -> list[KeptProject]:
        """The live projects of which territories decide otherwise than they are held, at the spots of these numbers."""
        numbers = np.full(len(self._spots), _UNMOVED, np.int32)
        for spot, located in now.items():
            numbers[spot] = self._located.of(located)
        rows = np.flatnonzero(self.held()["flags"] & ERASED == 0)
        found = numbers[self._held["spot"][rows]]
        moved = (found != _UNMOVED) & (found != self._held["located"][rows])
        return [self._kept(*each) for each in zip(rows[moved].tolist(), found[moved].tolist(), strict=True)]

    def move(self, project_id: str, located: Located) -> None:
        """Hold what territories now decide of a project."""
        row = self._row(project_id)
        self._held["located"][row] = self._located.of(located)
        self._ready.pop(row, None)

    def _kept(self, row: int, located: int = _UNMOVED) -> KeptProject:
        moved = None if located == _UNMOVED else self._located[located]
        return KeptProject(self, self.numbers.key_of(row), int(self._held["version"][row]), moved)


def read(body: bytes) -> Project:
    """What the JSON of a project says."""
    return Project.model_validate_json(body)


def body_of(project: Project) -> bytes:
    """What a project says, as it is stored."""
    return project.model_dump_json(exclude_none=True).encode()


class _Numbered(Generic[Value]):
    """A number for each value ever seen, from 0 on, and the reverse."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}
        self._values: list[Value] = []

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values)

    def __getitem__(self, number: int) -> Value:
        return self._values[number]

    def of(self, value: Value) -> int:
        number = self._numbers.setdefault(value, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number
