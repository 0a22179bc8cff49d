"""Several lists on one page, each with its own page number in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from services.console.views.pager import Pager, pager
from shared.events.matches import MatchChanged

SECTION_SIZE = 10


@dataclass(frozen=True, slots=True)
class Section:
    """One page of one list; `others` are the pages that the address asks of the other lists."""

    name: str
    items: tuple[MatchChanged, ...]
    pages: Pager
    is_asked: bool
    others: tuple[tuple[str, str], ...] = ()

    @property
    def total(self) -> int:
        """How many there are on all pages."""
        return self.pages.total

    def address(self, page: int) -> str:
        """The address of another page of this list: the other lists stay where they are."""
        asked = [*self.others, *([(self.name, str(page))] if page > 1 else [])]
        return f"?{urlencode(asked)}#{self.name}"


def sections(lists: Mapping[str, Sequence[MatchChanged]], query: Mapping[str, str]) -> dict[str, Section]:
    """The page of each list that an address asks for, the first unless it says."""
    asked = {name: _page(query.get(name, "")) for name in lists}
    found = {}
    for name, items in lists.items():
        pages = pager(len(items), asked[name], SECTION_SIZE)
        others = tuple((other, str(page)) for other, page in asked.items() if other != name and page > 1)
        shown = tuple(items[pages.offset : pages.offset + pages.size])
        found[name] = Section(name, shown, pages, name in query, others)
    return found


def _page(text: str) -> int:
    return min(int(text[:6]), 10_000) if text.isascii() and text.isdigit() else 1
