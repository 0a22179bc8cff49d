"""Many projects, compiled: the exact best of an offer, and the projects that want to hear of it, in one pass."""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.index.best import SIZE
from services.matcher.matching.index.engine import Engine, theme_shares
from services.matcher.matching.index.kernels.scanning import Asking, search_projects
from services.matcher.matching.index.layout import CATEGORIES, offer_row, project_row
from services.matcher.matching.index.packed import Unpacked
from services.matcher.matching.index.packed_project_records import Known
from services.matcher.matching.index.packed_project_records import project_records as records_of
from services.matcher.matching.index.packed_projects import OUT, OWNER, SPOT, spot_in
from services.matcher.matching.index.records import (
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
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.reference.geography import Geography


class ProjectEngine(Engine[str, PreparedOffer]):
    """As `ProjectIndex`, to the bit, and many times faster: filed by what is asked, then by where projects act."""

    def __init__(self, geography: Geography) -> None:
        super().__init__(geography, PROJECT_RECORD)
        self._themes: dict[tuple[int, ...], int] = {}
        self._worths = np.zeros((16, len(CATEGORIES)), np.int64)

    def upsert(self, project: PreparedProject) -> None:
        """Put a project in, in the place of the one of its id; the next search sees it."""
        self.remove(project.id)
        values = project_row(project, self.numbers)
        row, signature = self._put(project.id, project.vector, values["organisation"], values["siren"])
        if values["out"]:
            return
        units = self.units.numbers(project.place.units)
        flags = SEVERAL if len(units) > 1 else 0
        theme = self._theme(values["theme_worth"])
        for slot, record in project_records(row, values, flags, theme, signature):
            for unit in units:
                self.postings.add(slot * len(self.units) + unit, project_brief(values, slot, theme), record)

    def load(
        self,
        keys: Sequence[str],
        unpacked: Unpacked,
        labelled: NDArray[np.bool_],
        _of: Callable[[str], PreparedProject],
    ) -> None:
        """Put in projects that are not there, from their bytes; those that are `labelled` are where the label is."""
        heads, names = unpacked.heads, unpacked.names
        rows, signatures = self._put_all(keys, unpacked, [each[OWNER] for each in names])
        known_spots = {name: self._filed_at(name) for name in {each[SPOT] for each in names}}
        spots = [known_spots[each[SPOT]] for each in names]
        counts = np.array([len(units) for units, _challenge in spots], np.int64)
        challenges = np.array([challenge for _units, challenge in spots], np.int32)
        known = Known(rows, counts, self._themes_of(heads["theme_worth"]), challenges, labelled, signatures)
        records, briefs = records_of(heads, known)
        which, slots = np.nonzero(heads["asked"] & (heads["flags"] & OUT == 0)[:, None])
        records, briefs, counts = records[which, slots], briefs[which, slots], counts[which]
        # As many records of each slot as the project has units.
        filed = np.repeat(np.arange(len(which)), counts)
        flat = np.fromiter(chain.from_iterable(spots[number][0] for number in which.tolist()), np.int64, len(filed))
        self.postings.add_all(slots[filed] * len(self.units) + flat, briefs[filed], records[filed])

    def _filed_at(self, name: str) -> tuple[tuple[int, ...], int]:
        """The numbers of the units in which a project at this spot acts, and of the défi that it answers."""
        spot = spot_in(name)
        return tuple(self.units.numbers(spot.places)), self.numbers.of(spot.challenge_id)

    def _themes_of(self, worths: NDArray[np.int32]) -> NDArray[np.int64]:
        found, which = np.unique(worths, axis=0, return_inverse=True)
        return np.array([self._theme(each) for each in found], np.int64)[which.reshape(-1)]

    @staticmethod
    def _text(key: str) -> str:
        return key

    @staticmethod
    def _key(text: str) -> str:
        return text

    def remove(self, project_id: str) -> None:
        """Take a project out; nothing happens when it is not there."""
        self._take(project_id)

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
        """The `k` best eligible projects on `day`, and, where `floors` are given, all that reach their own.

        In whole millionths. Who is declined or left out is not told. Rows are valid until the next change.
        """
        if self.postings.needs_sorting():
            self.sort()
        values = offer_row(offer, self.numbers)
        records = np.array([offer_record(0, values, GONE, 1, 0)], OFFER_RECORD)
        named = np.array([self.numbers.of(challenge) for challenge in offer.challenges], np.int32)
        sets = named, np.array([0, 0, len(named)], np.int32)
        asked = self._asked(offer.vector, day, values, (declined, left_out), sets)
        found = self._found(k, floors)
        if not values["out"]:
            ranges = self.units.served(offer.units, accepts_neighbours=offer.offer.accepts_neighbours)
            briefs = np.array([offer_brief(values, 0, len(named))], np.int64)
            met = self._met(values["categories"])
            asking = Asking(ranges, np.array([values["slot"]]), records, briefs, met)
            search_projects(self._filed(), asking, self._room(asking), self._held(), asked, found)
        return self._told(found)

    def _theme(self, worths: Any) -> int:
        """The number of what each category is worth to a project."""
        number = self._themes.setdefault(tuple(worths.tolist()), len(self._themes))
        if number == len(self._worths):
            self._worths = np.concatenate((self._worths, np.zeros_like(self._worths)))
        self._worths[number] = worths
        return number

    def _met(self, categories: int) -> NDArray[np.int64]:
        """By theme, what the closest of these categories earns; below zero where they do not meet."""
        named = np.array([categories >> place & 1 for place in range(len(CATEGORIES))], np.bool_)
        worths = self._worths[: len(self._themes)]
        shares = theme_shares((worths * named).max(axis=1, initial=0))
        has_theme = worths.any(axis=1)
        return np.where((shares == 0) & has_theme & bool(categories), -1, shares)
