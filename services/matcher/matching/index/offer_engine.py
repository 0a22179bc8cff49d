"""All offers, compiled: the exact best of a project, and the offers that want to hear of it, in one pass."""

from collections.abc import Collection
from datetime import date

import numpy as np

from services.matcher.matching.index.best import SIZE
from services.matcher.matching.index.engine import Engine, theme_shares
from services.matcher.matching.index.kernels.finding import Cells, decide
from services.matcher.matching.index.kernels.scanning import best_first, lay_out_themes, runs_of_offers, sift_offers
from services.matcher.matching.index.layout import SLOTS, offer_row, project_row
from services.matcher.matching.index.offers import OfferId
from services.matcher.matching.index.records import (
    APART,
    GONE,
    OFFER_RECORD,
    PROJECT_RECORD,
    SEVERAL,
    offer_record,
    project_records,
    tells,
)
from services.matcher.matching.index.search import Floors, LeftOut, Search
from services.matcher.matching.index.sets import Sets
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.events.vocabulary import OfferType
from shared.reference.geography import Geography

_CELL = np.dtype([("start", np.int32), ("categories", np.uint16), ("slot", np.uint8), ("tells", np.uint8)], align=True)
_SLOT_SHIFT, _THEME_SHIFT = 20, 4
"""A place is divided by slot, then categories, then what offers name."""


class OfferEngine(Engine[OfferId, PreparedProject, PreparedOffer]):
    """As `OfferIndex`, to the bit, and many times faster."""

    def __init__(self, geography: Geography) -> None:
        super().__init__(geography, OFFER_RECORD, 1)
        self._challenges = Sets()
        self._cells = Cells(np.zeros(1, _CELL), np.zeros(len(self.units) + 1, np.int32))
        self._themes = np.zeros((2, 64), np.int32)

    def upsert(self, offer: PreparedOffer) -> None:
        """Put an offer in, in the place of the one of its id and type; the next search sees it."""
        self.remove(offer.id, offer.type)
        values = offer_row(offer, self.numbers)
        row, signature = self._put((offer.id, offer.type), offer, values["organisation"], values["siren"])
        if values["out"]:
            return
        challenges = self._challenges.of(sorted(map(self.numbers.of, offer.challenges)))
        places = self.units.numbers(offer.units)
        flags = (0 if offer.offer.accepts_neighbours else APART) | (SEVERAL if len(places) > 1 else 0)
        record = offer_record(row, values, flags, challenges, signature)
        minor = values["slot"] << _SLOT_SHIFT | values["categories"] << _THEME_SHIFT | tells(values, challenges)
        for place in places:
            self.postings.add(place, minor, record)

    def remove(self, offer_id: str, offer_type: OfferType) -> None:
        """Take an offer out; nothing happens when it is not there."""
        self._take((offer_id, offer_type))

    def search(
        self,
        project: PreparedProject,
        day: date,
        k: int = SIZE,
        *,
        declined: Collection[OfferId] = (),
        left_out: LeftOut | None = None,
        floors: Floors | None = None,
    ) -> Search[PreparedOffer]:
        """The `k` best eligible offers on `day`, and, where `floors` are given, all that reach their own.

        In whole millionths. Who is declined or left out is not told. Rows are valid until the next change.
        """
        if self.postings.needs_sorting():
            self.sort()
        values = project_row(project, self.numbers)
        askers = np.zeros(2 * SLOTS, PROJECT_RECORD)
        for slot, record in project_records(0, values, GONE, 0, 0):
            askers[slot] = askers[SLOTS + slot] = record
        askers["flags"][SLOTS:] |= APART
        lay_out_themes(theme_shares(values["theme_worth"]), values["has_theme"], self._themes)
        asked = self._asked(project.vector, day, values, (declined, left_out), self._challenges.arrays())
        held, found = self._held(), self._found(k, floors)
        if not values["out"]:
            ranges = self.units.serving(project.place.units)
            runs = self._room_for_runs(len(self._cells.all) + self.postings.end - self.postings.sorted)
            filed, asks = self._filed(), np.array(values["asked"])
            count = runs_of_offers(filed, self._cells, ranges, askers, asks, self._themes, runs)
            ordered = self._room_for_order(count)
            best_first(runs, count, ordered)
            sift_offers(filed.records, ordered[:count], askers, held, asked, found)
            decide(found, held, asked)
        return self._told(found)

    def sort(self) -> None:
        """Sort in what came, and find where the cells begin; a search does so by itself once enough came."""
        held = self.postings
        held.sort()
        keys = held.keys[: held.sorted]
        begins = np.flatnonzero(np.diff(keys, prepend=-1))
        cells, minors = np.zeros(len(begins) + 1, _CELL), keys[begins]
        cells["start"] = np.append(begins, held.sorted)
        cells["slot"][:-1], cells["tells"][:-1] = minors >> _SLOT_SHIFT & 15, minors & 15
        cells["categories"][:-1] = minors >> _THEME_SHIFT & 0xFFFF
        self._cells = Cells(cells, np.searchsorted(begins, held.starts).astype(np.int32))
