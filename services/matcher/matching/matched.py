"""The offers that may be matched, each made ready when it is asked for."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from services.matcher.matching.model import PreparedOffer
from services.matcher.matching.shortlists import OfferKey

if TYPE_CHECKING:
    from services.matcher.matching.index import OfferIndex
    from services.matcher.matching.index.offer_engine import OfferEngine


class Matched(Mapping[OfferKey, PreparedOffer]):
    """Those of an index, by key; changed by nothing but the index."""

    def __init__(self, index: "OfferEngine | OfferIndex", shown: Callable[[OfferKey], PreparedOffer]) -> None:
        """`shown` holds nothing that holds this: who lets go of a catalogue has its room back at once."""
        self._index, self._shown = index, shown

    def __getitem__(self, offer: OfferKey) -> PreparedOffer:
        if offer not in self._index:
            raise KeyError(offer)
        return self._shown(offer)

    def __contains__(self, offer: object) -> bool:
        return isinstance(offer, tuple) and offer in self._index

    def __iter__(self) -> Iterator[OfferKey]:
        return (OfferKey(*key) for key in self._index.keys())  # noqa: SIM118 - no mapping

    def __len__(self) -> int:
        return len(self._index)
