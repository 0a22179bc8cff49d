"""What both engines share: rows with details, room for what a query finds, and how what was found is told."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.criteria import WEIGHTS
from services.matcher.matching.index.best import SIZE
from services.matcher.matching.index.details import Details
from services.matcher.matching.index.kernels.finding import KNOWN, ROW, SAID, TOP, WANTED, Asked, Filed, Found, Held
from services.matcher.matching.index.kernels.scanning import Asking, Room
from services.matcher.matching.index.kernels.texts import TEXT, spread
from services.matcher.matching.index.layout import SLOTS, Numbers
from services.matcher.matching.index.offers import OfferId
from services.matcher.matching.index.packed import Unpacked
from services.matcher.matching.index.postings import Postings
from services.matcher.matching.index.rows import Keys
from services.matcher.matching.index.search import Floors, LeftOut, Search
from services.matcher.matching.index.units import units_of
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.reference.geography import Geography
from shared.text.vectors import MILLION, TextVector

Key = TypeVar("Key", str, OfferId)
Asker = TypeVar("Asker", PreparedProject, PreparedOffer)
"""A party of the other side."""

_SALT = abs(hash("where terms are looked for")) | 1
"""Drawn anew in each process, as Python does for its own tables: no answer depends on it."""
_NONE = np.zeros(0, np.int32)
_NOBODY = np.zeros(0, np.bool_)


class Engine(ABC, Generic[Key, Asker]):
    """The parties of one side. One call at a time, on any thread; kernels run without Python's lock."""

    def __init__(self, geography: Geography, dtype: "np.dtype[Any]") -> None:
        self.units = units_of(geography)
        self.numbers = Numbers()
        self.postings = Postings(dtype, len(self.units) * SLOTS)
        self._details = Details()
        self._keys = Keys()
        self._squares = np.zeros((8, 256), np.int64)
        self._candidates = np.zeros((0, 4), np.int32)
        self._runs = np.zeros((0, 5), np.int32)
        self._marks = self._ordered = np.zeros((0, 4), np.int32)
        self._seen = np.zeros(0, np.int32)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: Key) -> bool:
        return self.row_of(key) is not None

    def keys(self) -> list[Key]:
        """All that are in."""
        return [self._key(text) for text in self._keys]

    @property
    def used(self) -> int:
        """Rows are below this."""
        return self._keys.used

    def row_of(self, key: Key) -> int | None:
        """The row of a party, or nothing."""
        return self._keys.row_of(self._text(key))

    def rows_of(self, keys: Iterable[Key]) -> NDArray[np.int32]:
        """The row of each of many parties, -1 for one that is not in."""
        return self._keys.rows_of(list(map(self._text, keys)))

    def at(self, row: int) -> Key:
        """The party of a row that is not empty."""
        return self._key(self._keys.key_of(row))

    @staticmethod
    @abstractmethod
    def _text(key: Key) -> str:
        """A key as a text."""

    @staticmethod
    @abstractmethod
    def _key(text: str) -> Key:
        """The key that a text stands for."""

    @abstractmethod
    def search(
        self,
        asker: Asker,
        day: date,
        k: int = SIZE,
        /,
        *,
        declined: Collection[Key] = (),
        left_out: LeftOut | None = None,
        floors: Floors | None = None,
    ) -> Search[Key]:
        """The `k` best eligible parties on `day`, and, where `floors` are given, all that reach their own.

        In whole millionths. Who is declined or left out is not told. Rows are valid until the next change.
        """

    def sort(self) -> None:
        """Sort in what came; a search does so by itself once enough came."""
        self.postings.sort()

    def pack(self) -> None:
        """Give back the room that was left, as after many came at once."""
        self.sort()
        self._details.pack(self.used)

    def nbytes(self) -> int:
        """What the arrays take, without room for queries."""
        return self.postings.nbytes() + self._details.nbytes()

    def _put(self, key: Key, vector: TextVector, organisation: int, siren: int) -> tuple[int, int]:
        """A row for a party that has none, and the signature of its text."""
        row = self._keys.put(self._text(key))
        return row, self._details.put(row, _name(key), vector, organisation, siren)

    def _put_all(
        self, keys: Sequence[Key], unpacked: Unpacked, organisations: Sequence[str]
    ) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """Rows for parties that have none, and the signatures of their texts."""
        rows = self._keys.put_all(list(map(self._text, keys)))
        values = {name: unpacked.heads[name] for name in ("terms", "norm", "siren")}
        values["organisation"] = np.array([self.numbers.of(each or None) for each in organisations], np.int32)
        names = [_name(key) for key in keys]
        values["type"] = np.array([each[1:] == ("fund",) for each in names], np.uint8)
        return rows, self._details.put_all(rows, [each[0].encode() for each in names], values, unpacked.cells)

    def _take(self, key: Key) -> None:
        row = self._keys.take(self._text(key))
        if row is not None:
            self._details.drop(row)
            self.postings.take(row)

    def _room(self, asking: Asking) -> Room:
        """Room for what a query looks at."""
        held = self.postings
        most = len(asking.ranges) * len(asking.slots) + held.end - held.sorted
        if len(self._runs) < most:
            self._runs = np.empty((2 * most, 5), np.int32)
        if len(self._marks) < held.end:
            self._marks, self._ordered = np.empty((2, len(held.records), 4), np.int32)
        return Room(self._runs, self._marks, self._ordered)

    def _filed(self) -> Filed:
        held = self.postings
        return Filed(held.records, held.briefs, held.starts, held.heads, held.later)

    def _held(self) -> Held:
        return Held(self._details.rows, self._details.texts.cells, self._details.ids.cells)

    def _asked(
        self,
        vector: TextVector,
        day: date,
        values: Any,
        apart: tuple[Collection[Key], LeftOut | None],
        sets: tuple[Any, Any],
    ) -> Asked:
        """The query, with its text laid out; `apart` are the declined, and who else does not count."""
        declined, left_out = apart
        terms = np.zeros((4 << len(vector).bit_length()) + 1, np.int64)
        terms[-1] = _SALT
        spread(vector.indices, vector.weights, terms, self._squares)
        rows = [row for row in map(self.row_of, declined) if row is not None]
        return Asked(
            day.toordinal(),
            values["organisation"],
            values["siren"],
            np.array(rows, np.int32) if rows else _NONE,
            _NOBODY if left_out is None else left_out,
            *sets,
            terms,
            self._squares,
            max(1, vector.norm),
            TEXT if vector.norm else 0,
        )

    def _found(self, k: int, floors: Floors | None) -> Found:
        """Room for what a query finds, empty."""
        records, rows = len(self.postings.records), len(self._details.rows)
        if len(self._candidates) < records:
            self._candidates = np.empty((records, 4), np.int32)
        if len(self._seen) < rows:
            self._seen = np.zeros(rows, np.int32)
        counts = np.zeros(5, np.int64)
        counts[WANTED] = k
        return Found(
            counts, self._candidates, np.zeros((k, 2), np.int32), self._seen, _NONE if floors is None else floors
        )

    def _told(self, found: Found) -> Search[Key]:
        top, said = int(found.counts[TOP]), int(found.counts[SAID])
        best = [(score, self.at(row)) for score, row in found.top[:top].tolist()]
        return Search(best, found.candidates[:said, ROW].copy(), found.candidates[:said, KNOWN].copy())


def _name(key: str | OfferId) -> tuple[str, ...]:
    """What decides between equal scores."""
    return (key,) if isinstance(key, str) else key


def theme_shares(worths: NDArray[np.int64]) -> NDArray[np.int64]:
    """What themes of these worths earn, each rounded once."""
    shares: NDArray[np.int64] = (2 * WEIGHTS["category"] * worths + MILLION) // (2 * MILLION)
    return shares
