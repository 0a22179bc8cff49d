"""All offers, ready to answer which ones fit a project best."""

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
from services.matcher.matching.index.table import Rows, Table, single
from services.matcher.matching.index.texts import Texts
from services.matcher.matching.model import Fit, PreparedOffer, PreparedProject
from services.matcher.matching.place import Place
from services.matcher.matching.score import fit
from shared.events.vocabulary import OfferType
from shared.reference.geography import Geography, Unit

OfferId = tuple[str, OfferType]
"""What tells offers apart, in the order of ties: the id, then the type."""


class OfferIndex:
    """The exact best offers of a project, as they stand after each change; context funds are not to be put in.

    All texts, kept or asked about, are of one text model: another model is another index.
    """

    def __init__(self, geography: Geography) -> None:
        self._overlaps = overlaps_of(geography)
        self._numbers = Numbers()
        self._table: Table[OfferId] = Table(OFFER)
        self._texts = Texts()
        self._offers: dict[int, PreparedOffer] = {}
        self._by_unit, self._around = Filed(), Filed()
        self._by_challenge: dict[str, Rows] = {}

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, offer: OfferId) -> bool:
        return self._table.row_of(offer) is not None

    def upsert(self, offer: PreparedOffer) -> None:
        """Put an offer in, in the place of the one of its id and type."""
        self.remove(offer.id, offer.type)
        row = self._table.put((offer.id, offer.type), offer_row(offer, self._numbers))
        self._offers[row] = offer
        self._texts.put(row, offer.vector)
        self._by_unit.add(offer.units, row)
        self._around.add(self._neighbourhood(offer), row)
        for challenge in offer.challenges:
            self._by_challenge.setdefault(challenge, Rows()).add(row)

    def load(self, keys: Sequence[OfferId], _unpacked: Unpacked, of: Callable[[OfferId], PreparedOffer]) -> None:
        """Put in offers that are not there."""
        for key in keys:
            self.upsert(of(key))

    def pack(self) -> None:
        """Nothing is to be given back."""

    def remove(self, offer_id: str, offer_type: OfferType) -> None:
        """Take an offer out; nothing happens when it is not there."""
        row = self._table.take((offer_id, offer_type))
        if row is None:
            return
        offer = self._offers.pop(row)
        self._texts.drop(row)
        self._by_unit.discard(offer.units, row)
        self._around.discard(self._neighbourhood(offer), row)
        for challenge in offer.challenges:
            self._by_challenge[challenge].discard(row)

    def best(
        self, project: PreparedProject, day: date, k: int = SIZE, *, declined: Collection[OfferId] = ()
    ) -> list[Fit]:
        """The `k` best eligible offers on `day`, best first, without those of a declined pair; with their reasons."""
        found = self.search(project, day, k, declined=declined)
        return [fit(project, self._of(key)) for _score, key in found.best]

    def search(
        self,
        project: PreparedProject,
        day: date,
        k: int = SIZE,
        *,
        declined: Collection[OfferId] = (),
        left_out: LeftOut | None = None,
        floors: Floors | None = None,
    ) -> Search[OfferId]:
        """The `k` best eligible on `day`, best first, and, where `floors` are given, all that reach their own.

        In whole millionths. Who is declined or left out is not told. Rows are valid until the next change.
        """
        rows, found = self._scored(project, day, declined, left_out)
        return Search(self._picked(rows, found, k), *reaching(rows, found, floors))

    def _picked(self, rows: NDArray[np.intp], found: NDArray[np.int64], k: int) -> list[tuple[int, OfferId]]:
        return [(score, self.at(row)) for score, row in best_rows(rows, found, k, self.at)]

    def _scored(
        self, project: PreparedProject, day: date, declined: Collection[OfferId], left_out: LeftOut | None
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """The rows of all eligible ones that count, with their scores."""
        proximity = self._proximity(project.place)
        rows = np.flatnonzero(proximity)
        one, columns = single(PROJECT, project_row(project, self._numbers)), self._table.columns
        rows = rows[eligible(one, 0, columns, rows, day)]
        out = [row for row in map(self._table.row_of, declined) if row is not None]
        rows = rows[~np.isin(rows, out)] if out else rows
        rows = rows if left_out is None else rows[~left_out[rows]]
        found = scores(
            one,
            0,
            columns,
            rows,
            challenge=self._answers(project, rows),
            proximity=proximity[rows],
            similarity=self._texts.similarities(rows, project.vector),
        )
        return rows, found

    def keys(self) -> list[OfferId]:
        """All that are in."""
        return list(self._table)

    @property
    def used(self) -> int:
        """Rows are below this."""
        return self._table.used

    def row_of(self, offer: OfferId) -> int | None:
        """The row of an offer, or nothing."""
        return self._table.row_of(offer)

    def rows_of(self, offers: Iterable[OfferId]) -> NDArray[np.int32]:
        """The row of each of many offers, -1 for one that is not in."""
        return self._table.rows_of(offers)

    def at(self, row: int) -> OfferId:
        """The offer of a row."""
        return self._offers[row].id, self._offers[row].type

    def _of(self, key: OfferId) -> PreparedOffer:
        row = self._table.row_of(key)
        assert row is not None
        return self._offers[row]

    def _proximity(self, place: Place) -> NDArray[np.int64]:
        """What the proximity of each row to `place` is worth, 0 for those out of reach."""
        worth = np.zeros(self._table.used, np.int64)
        beside: list[NDArray[np.int32]] = []
        for own in place.units:
            overlapping = self._overlaps.of(own)
            for unit, filed in self._by_unit.among(overlapping):
                rows = filed.array
                worth[rows] = np.maximum(worth[rows], self._overlaps.worth(unit, own))
            beside.extend(filed.array for _unit, filed in self._around.among(overlapping))
        for rows in beside:
            worth[rows] = np.maximum(worth[rows], BESIDE)
        return worth

    def _neighbourhood(self, offer: PreparedOffer) -> tuple[Unit, ...]:
        if not offer.offer.accepts_neighbours:
            return ()
        return tuple({near: None for unit in offer.units for near in self._overlaps.beside(unit)})

    def _answers(self, project: PreparedProject, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether each row names the challenge of the project."""
        named = self._by_challenge.get(project.project.challenge_id or "")
        return np.isin(rows, named.array) if named else np.zeros(len(rows), np.bool_)
