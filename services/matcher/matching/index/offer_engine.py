"""All offers, compiled: the exact best of a project, and the offers that want to hear of it, in one pass."""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from itertools import chain

import numpy as np

from services.matcher.matching.index.best import SIZE
from services.matcher.matching.index.engine import Engine
from services.matcher.matching.index.kernels.scanning import Asking, search_offers
from services.matcher.matching.index.layout import offer_row, project_row
from services.matcher.matching.index.offers import OfferId
from services.matcher.matching.index.packed import OUT, Unpacked, several, units_in
from services.matcher.matching.index.packed_records import offer_records
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


class OfferEngine(Engine[OfferId, PreparedProject]):
    """As `OfferIndex`, to the bit, and many times faster: filed by what serves, then by where."""

    def __init__(self, geography: Geography) -> None:
        super().__init__(geography, OFFER_RECORD)
        self._challenges = Sets()

    def upsert(self, offer: PreparedOffer) -> None:
        """Put an offer in, in the place of the one of its id and type; the next search sees it."""
        self.remove(offer.id, offer.type)
        values = offer_row(offer, self.numbers)
        row, signature = self._put((offer.id, offer.type), offer.vector, values["organisation"], values["siren"])
        if values["out"]:
            return
        challenges = self._challenges.of(sorted(map(self.numbers.of, offer.challenges)))
        units = self.units.numbers(offer.units)
        flags = (0 if offer.offer.accepts_neighbours else APART) | (SEVERAL if len(units) > 1 else 0)
        record, brief = offer_record(row, values, flags, challenges, signature), offer_brief(values, flags, challenges)
        for unit in units:
            self.postings.add(values["slot"] * len(self.units) + unit, brief, record)

    def load(self, keys: Sequence[OfferId], unpacked: Unpacked, _of: Callable[[OfferId], PreparedOffer]) -> None:
        """Put in offers that are not there, from their bytes."""
        heads, names = unpacked.heads, unpacked.names
        rows, signatures = self._put_all(keys, unpacked, [each[2] for each in names])
        challenges = [self._challenges.of(sorted(map(self.numbers.of, several(each[1])))) for each in names]
        known_units = {name: self.units.numbers(units_in(name)) for name in {each[0] for each in names}}
        units = [known_units[each[0]] for each in names]
        counts = np.array([len(each) for each in units], np.int64)
        records, briefs = offer_records(rows, heads, counts, np.array(challenges, np.int32), signatures)
        which = np.repeat(np.arange(len(keys)), counts)
        places = heads["slot"][which] * np.int64(len(self.units))
        places += np.fromiter(chain.from_iterable(units), np.int64, len(which))
        is_in = heads["flags"][which] & OUT == 0
        which = which[is_in]
        self.postings.add_all(places[is_in], briefs[which], records[which])

    @staticmethod
    def _text(key: OfferId) -> str:
        return f"{key[1][0]}{key[0]}"

    @staticmethod
    def _key(text: str) -> OfferId:
        return text[1:], "fund" if text[0] == "f" else "commitment"

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
    ) -> Search[OfferId]:
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
