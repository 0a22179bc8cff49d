"""The filters of a stream, as the address carries them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol
from urllib.parse import urlencode

from shared.events.matches import MatchState
from shared.events.vocabulary import OfferType
from shared.words.bands import Band, reaches

ADVANCEMENTS: dict[str, tuple[MatchState, ...]] = {
    "en-cours": ("proposed", "revised", "interested", "mutual", "introduced", "concluded"),
    "propose": ("proposed", "revised"),
    "interesse": ("interested",),
    "reciproque": ("mutual",),
    "mis-en-relation": ("introduced",),
    "conclu": ("concluded",),
    "decline": ("declined",),
    "ne-tient-plus": ("withdrawn",),
    "mis-de-cote": ("proposed", "revised", "interested", "mutual"),
    "tous": (),
}
"""What the address says of the state -> the states it keeps; none means all. The first is where one arrives."""

STREAM_ADVANCEMENTS = tuple(name for name in ADVANCEMENTS if name != "mis-de-cote")
"""What a territory's stream offers: only a party puts a match aside."""

FILTER_LABELS: dict[str, str] = {
    "defi": "Défi",
    "theme": "Thème",
    "offre": "Type d'offre",
    "avancement": "Avancement",
    "adequation": "Adéquation",
    "tri": "Ordre",
    "ordre": "Ordre",
    "page": "Page",
}

FUNDS = "fonds"
"""The kind of offer that stands for every fund."""

Order = Literal["recent", "adequation"]
MINIMUMS: tuple[Band, ...] = ("forte", "bonne")
"""The least fits that may be asked for; without one, all are kept."""


class Filtered(Protocol):
    """What filters look at: a match, or an entry of the feed."""

    @property
    def state(self) -> str: ...
    @property
    def territories(self) -> tuple[str, ...]: ...
    @property
    def challenge_id(self) -> str | None: ...
    @property
    def categories(self) -> tuple[str, ...]: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def match_id(self) -> str: ...
    @property
    def score(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked to see; absent means everything. `unknown` holds what the address says and nothing bears."""

    challenge_id: str | None = None
    category: str | None = None
    offer: str | None = None
    advancement: str = "en-cours"
    minimum: Band | None = None
    order: Order = "recent"
    page: int = 1
    usual_order: Order = "recent"
    unknown: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> str | None:
        """The kind of commitment asked for."""
        return None if self.offer == FUNDS else self.offer

    @property
    def offer_type(self) -> OfferType | None:
        """The type of offer that the choice of kind implies."""
        if self.offer is None:
            return None
        return "fund" if self.offer == FUNDS else "commitment"

    @property
    def states(self) -> tuple[MatchState, ...]:
        """The states kept; none means all."""
        return ADVANCEMENTS[self.advancement]

    @property
    def hides(self) -> bool:
        """Whether something beyond the usual is left out."""
        return any((self.challenge_id, self.category, self.offer, self.minimum)) or self.advancement not in {
            "en-cours",
            "tous",
        }

    def query(self, *, page: int | None = None, **extra: str) -> str:
        """What follows the path in the address of these filters, `?` included; empty for the usual ones."""
        asked = {
            "defi": self.challenge_id,
            "theme": self.category,
            "offre": self.offer,
            "avancement": None if self.advancement == "en-cours" else self.advancement,
            "adequation": self.minimum,
            "tri": None if self.order == self.usual_order else self.order,
            "page": str(page) if page and page > 1 else None,
            **extra,
        }
        said = urlencode({name: value for name, value in asked.items() if value})
        return f"?{said}" if said else ""

    def lifted(self) -> "Filters":
        """The same order, with nothing left out but what ended."""
        lifted = replace(self, challenge_id=None, category=None, offer=None, minimum=None)
        return replace(lifted, advancement="en-cours", page=1, unknown=())


def read_filters(
    query: Mapping[str, str],
    *,
    challenges: Collection[str],
    categories: Collection[str],
    kinds: Collection[str],
    advancements: Collection[str] = STREAM_ADVANCEMENTS,
    usual_order: Order = "recent",
) -> Filters:
    """The filters in an address; a value that names nothing keeps everything, and is told in `unknown`."""
    unknown: list[tuple[str, str]] = []

    def known(name: str, values: Collection[str]) -> str | None:
        value = query.get(name, "")
        if value and value not in values:
            unknown.append((name, value[:80]))
        return value if value in values else None

    orders: dict[str, Order] = {"recent": "recent", "adequation": "adequation"}
    minimums: dict[str, Band] = {one: one for one in MINIMUMS}
    return Filters(
        challenge_id=known("defi", challenges),
        category=known("theme", categories),
        offer=known("offre", {*kinds, FUNDS}),
        advancement=known("avancement", advancements) or "en-cours",
        minimum=minimums.get(known("adequation", minimums) or ""),
        order=orders[known("tri", orders) or known("ordre", orders) or usual_order],
        page=_page(query.get("page", ""), unknown),
        usual_order=usual_order,
        unknown=tuple(unknown),
    )


def _page(text: str, unknown: list[tuple[str, str]]) -> int:
    if text.isascii() and text.isdigit():
        return min(max(int(text[:6]), 1), 10_000)
    if text:
        unknown.append(("page", text[:80]))
    return 1


def passes(filters: Filters, territory_id: str, item: Filtered) -> bool:
    """Whether an item is in the territory and what the filters keep."""
    is_fund = item.match_id.split("~")[1:2] == ["fund"]
    return (
        territory_id in item.territories
        and filters.challenge_id in {None, item.challenge_id}
        and (filters.category is None or filters.category in item.categories)
        and (filters.kind is None or filters.kind in item.kinds)
        and (filters.offer_type is None or (filters.offer_type == "fund") is is_fund)
        and (not filters.states or item.state in filters.states)
        and (filters.minimum is None or reaches(item.score, filters.minimum))
    )
