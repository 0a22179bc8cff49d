"""Entities by row: fixed values in memory, bytes wherever a process says; a full disk changes nothing of it."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.matcher.matching.bodies import Bodies
from services.matcher.matching.index.rows import Keys

Prepared = TypeVar("Prepared")
Held = NDArray[Any]
ERASED = 1 << 8
"""The flag of who is erased: nothing is kept but the version."""
WHERE = [("place", np.int64), ("packed", np.int32), ("size", np.int32)]
"""Where the bytes of a row stand, as it is judged and then as JSON: how many are packed, and all."""


class Kept(Generic[Prepared]):
    """Every entity that was ever put, erased ones too, by a text that is its key; a row is never left."""

    def __init__(self, bodies: Bodies, dtype: "np.dtype[Any]", most_ready: int) -> None:
        """`dtype` has the fields of `WHERE`, `version` and `flags`; the last `most_ready` made ready stay so."""
        self._bodies = bodies
        self._most_ready = most_ready
        self.numbers = Keys()
        """Of the entities, by key; none is ever taken."""
        self._held: Held = np.zeros(64, dtype)
        self._ready: dict[int, Prepared] = {}

    def held(self) -> Held:
        """What is in memory of each."""
        return self._held[: self.numbers.used]

    def pack(self) -> None:
        """Give back the room that was left, as after many came at once."""
        self._held = self._held[: max(64, self.numbers.used * 17 // 16)].copy()

    def _row(self, key: str) -> int:
        """The row of an entity; raises `KeyError` for one never put."""
        row = self.numbers.row_of(key)
        if row is None:
            raise KeyError(key)
        return row

    def _add(self, keys: Sequence[str], held: Held) -> None:
        """Rows for entities that have none; another thread that finds the key of one finds what it holds."""
        first, end = self.numbers.used, self.numbers.used + len(keys)
        if end > len(self._held):
            grown = np.zeros(max(end, len(self._held) * 3 // 2), self._held.dtype)
            grown[:first] = self._held[:first]
            self._held = grown
        self._held[first:end] = held
        self.numbers.put_all(keys)

    def _write(self, held: Held, bodies: Sequence[tuple[bytes, bytes]]) -> None:
        """Note where the bytes of these rows now stand; none of them does where the disk has no room for all."""
        held["place"] = self._bodies.put_all([packed + body for packed, body in bodies])
        held["packed"] = [len(packed) for packed, _body in bodies]
        held["size"] = [len(packed) + len(body) for packed, body in bodies]

    def _whole(self, row: int) -> tuple[bytes, bytes] | None:
        """The bytes of a row, packed and as JSON; none once erased."""
        held = self._held[row]
        if held["flags"] & ERASED:
            return None
        whole, size = self._bodies.get(int(held["place"]), int(held["size"])), int(held["packed"])
        return whole[:size], whole[size:]

    def _replace(self, key: str, held: Held, prepared: Prepared | None) -> None:
        """Hold this of an entity, and forget what was held of it, its bytes at once."""
        row = self.numbers.row_of(key)
        if row is None:
            row = self.numbers.used
            self._add([key], held)
        else:
            before = self._held[row].copy()
            self._held[row] = held[0]
            self._ready.pop(row, None)
            if before["size"]:
                self._bodies.drop(int(before["place"]), int(before["size"]))
        if prepared is not None:
            self._keep_ready(row, prepared)

    def _keep_ready(self, row: int, prepared: Prepared) -> None:
        if len(self._ready) >= self._most_ready:
            del self._ready[next(iter(self._ready))]
        self._ready[row] = prepared
