"""Which page of a list is shown, and what stands around it."""

from dataclasses import dataclass

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Pager:
    """A page of a list, counted from 1."""

    page: int
    last: int
    total: int
    size: int = PAGE_SIZE

    @property
    def offset(self) -> int:
        """How many items come before."""
        return (self.page - 1) * self.size

    @property
    def first_shown(self) -> int:
        """Rank of the first item shown; 0 when there is none."""
        return min(self.offset + 1, self.total)

    @property
    def last_shown(self) -> int:
        """Rank of the last item shown."""
        return min(self.offset + self.size, self.total)

    @property
    def around(self) -> tuple[int, ...]:
        """Pages to offer: the first, the last and those near; 0 stands for those left out."""
        near = {1, self.last, *range(max(1, self.page - 1), min(self.last, self.page + 1) + 1)}
        shown: list[int] = []
        for number in sorted(near):
            if shown and number > shown[-1] + 1:
                shown.append(0)
            shown.append(number)
        return tuple(shown)


def pager(total: int, page: int, size: int = PAGE_SIZE) -> Pager:
    """The page asked for, or the last one when it lies beyond."""
    last = max(1, -(-total // size))
    return Pager(min(max(page, 1), last), last, total, size)
