"""All offers, compiled: the exact best of a project, and the offers that want to hear of it, in one pass."""

from collections.abc import Collection
from datetime import date

import numpy as np

from services.matcher.matching.index.best import SIZE
from services.matcher.matching.index.engine import Engine
from services.matcher.matching.index.kernels.scanning import Asking, search_offers
from services.matcher.matching.index.layout import offer_row, project_row
from services.matcher.matching.index.offers import OfferId
from services.matcher.matching.index.records import (
    APART,
    GONE,
    OFFER_RECORD,
    PROJECT_RECORD,
    SEVERAL,
    offer_brief,
    offer_record,
    project_brief,
    project_records,
)
from services.matcher.matching.index.search import Floors, LeftOut, Search
from services.matcher.matching.index.sets import Sets
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.events.vocabulary import OfferType
from shared.reference.geography import Geography


class OfferEngine(Engine[OfferId, PreparedProject, PreparedOffer]):
    """As `OfferIndex`, to the bit, and many times faster: filed by what serves, then by where."""

    def __init__(self, geography: Geography) -> None:
        super().__init__(geography, OFFER_RECORD)
        self._challenges = Sets()

    def upsert(self, offer: PreparedOffer) -> None:
        """Put an offer in, in the place of the one of its id and type; the next search sees it."""
        self.remove(offer.id, offer.type)
        values = offer_row(offer, self.numbers)
        row, signature = self._put((offer.id, offer.type), offer, values["organisation"], values["siren"])
        if values["out"]:
            return
        challenges = self._challenges.of(sorted(map(self.numbers.of, offer.challenges)))
        units = self.units.numbers(offer.units)
        flags = (0 if offer.offer.accepts_neighbours else APART) | (SEVERAL if len(units) > 1 else 0)
        record, brief = offer_record(row, values, flags, challenges, signature), offer_brief(values, flags, challenges)
        for unit in units:
            self.postings.add(values["slot"] * len(self.units) + unit, brief, record)

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
        wanted = list(project_records(0, values, GONE, 0, 0))
        asked = self._asked(project.vector, day, values, (declined, left_out), self._challenges.arrays())
        found = self._found(k, floors)
        if not values["out"]:
            ranges = self.units.serving(project.place.units)
            asking = Asking(
                ranges,
                np.array([slot for slot, _record in wanted], np.int64),
                np.array([record for _slot, record in wanted], PROJECT_RECORD),
                np.array([project_brief(values, slot, 0) for slot, _record in wanted], np.int64),
                values["theme_worth"],
            )
            search_offers(self._filed(), asking, self._room(asking), self._held(), asked, found)
        return self._told(found)
