"""Many projects, ready to answer which ones fit an offer best."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.criteria import BESIDE
from services.matcher.matching.index.best import SIZE, best_rows
from services.matcher.matching.index.judge import eligible, scores
from services.matcher.matching.index.layout import OFFER, PROJECT, Numbers, offer_row, project_row
from services.matcher.matching.index.packed import Unpacked
from services.matcher.matching.index.places import Filed, overlaps_of
from services.matcher.matching.index.search import Floors, LeftOut, Search, reaching
from services.matcher.matching.index.table import Table, single
from services.matcher.matching.index.texts import Texts
from services.matcher.matching.model import Fit, PreparedOffer, PreparedProject
from services.matcher.matching.score import fit
from shared.reference.geography import Geography


class ProjectIndex:
    """The exact best projects of an offer, as they stand after each change; texts are of one text model."""

    def __init__(self, geography: Geography) -> None:
        self._overlaps = overlaps_of(geography)
        self._numbers = Numbers()
        self._table: Table[str] = Table(PROJECT)
        self._texts = Texts()
        self._projects: dict[int, PreparedProject] = {}
        self._by_unit = Filed()

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, project_id: str) -> bool:
        return self._table.row_of(project_id) is not None

    def upsert(self, project: PreparedProject) -> None:
        """Put a project in, in the place of the one of its id."""
        self.remove(project.id)
        row = self._table.put(project.id, project_row(project, self._numbers))
        self._projects[row] = project
        self._texts.put(row, project.vector)
        self._by_unit.add(project.place.units, row)

    def load(
        self,
        keys: Sequence[str],
        _unpacked: Unpacked,
        _labelled: NDArray[np.bool_],
        of: Callable[[str], PreparedProject],
    ) -> None:
        """Put in projects that are not there."""
        for key in keys:
            self.upsert(of(key))

    def pack(self) -> None:
        """Nothing is to be given back."""

    def remove(self, project_id: str) -> None:
        """Take a project out; nothing happens when it is not there."""
        row = self._table.take(project_id)
        if row is not None:
            self._texts.drop(row)
            self._by_unit.discard(self._projects.pop(row).place.units, row)

    def best(self, offer: PreparedOffer, day: date, k: int = SIZE, *, declined: Collection[str] = ()) -> list[Fit]:
        """The `k` best eligible projects on `day`, best first, without those of a declined pair; with their reasons."""
        found = self.search(offer, day, k, declined=declined)
        return [fit(self._of(key), offer) for _score, key in found.best]

    def search(
        self,
        offer: PreparedOffer,
        day: date,
        k: int = SIZE,
        *,
        declined: Collection[str] = (),
        left_out: LeftOut | None = None,
        floors: Floors | None = None,
    ) -> Search[str]:
        """The `k` best eligible on `day`, best first, and, where `floors` are given, all that reach their own.

        In whole millionths. Who is declined or left out is not told. Rows are valid until the next change.
        """
        rows, found = self._scored(offer, day, declined, left_out)
        return Search(self._picked(rows, found, k), *reaching(rows, found, floors))

    def _picked(self, rows: NDArray[np.intp], found: NDArray[np.int64], k: int) -> list[tuple[int, str]]:
        return [(score, self.at(row)) for score, row in best_rows(rows, found, k, lambda row: (self.at(row),))]

    def _scored(
        self, offer: PreparedOffer, day: date, declined: Collection[str], left_out: LeftOut | None
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """The rows of all eligible ones that count, with their scores."""
        proximity = self._proximity(offer)
        rows = np.flatnonzero(proximity)
        one, columns = single(OFFER, offer_row(offer, self._numbers)), self._table.columns
        rows = rows[eligible(columns, rows, one, 0, day)]
        out = [row for row in map(self._table.row_of, declined) if row is not None]
        rows = rows[~np.isin(rows, out)] if out else rows
        rows = rows if left_out is None else rows[~left_out[rows]]
        named = [self._numbers.of(challenge) for challenge in offer.challenges]
        found = scores(
            columns,
            rows,
            one,
            0,
            challenge=np.isin(columns["challenge"][rows], named),
            proximity=proximity[rows],
            similarity=self._texts.similarities(rows, offer.vector),
        )
        return rows, found

    @property
    def used(self) -> int:
        """Rows are below this."""
        return self._table.used

    def row_of(self, project_id: str) -> int | None:
        """The row of a project, or nothing."""
        return self._table.row_of(project_id)

    def rows_of(self, projects: Iterable[str]) -> NDArray[np.int32]:
        """The row of each of many projects, -1 for one that is not in."""
        return self._table.rows_of(projects)

    def at(self, row: int) -> str:
        """The project of a row."""
        return self._projects[row].id

    def _of(self, project_id: str) -> PreparedProject:
        row = self._table.row_of(project_id)
        assert row is not None
        return self._projects[row]

    def _proximity(self, offer: PreparedOffer) -> NDArray[np.int64]:
        """What the proximity of each row to the offer is worth, 0 for those out of its reach."""
        worth = np.zeros(self._table.used, np.int64)
        for unit in offer.units:
            for own, filed in self._by_unit.among(self._overlaps.of(unit)):
                rows = filed.array
                worth[rows] = np.maximum(worth[rows], self._overlaps.worth(unit, own))
        if offer.offer.accepts_neighbours:
            around = (near for unit in offer.units for near in self._overlaps.beside(unit))
            for near in around:
                for _own, filed in self._by_unit.among(self._overlaps.of(near)):
                    rows = filed.array
                    worth[rows] = np.maximum(worth[rows], BESIDE)
        return worth
