"""The themes of a project, and how those an offer names meet them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import get_args

from shared.events.vocabulary import Category, ReasonCode
from shared.reference.taxonomy import Taxonomy
from shared.text.vectors import MILLION

NEAR_ENOUGH = 500_000
"""Two categories below this nearness, in millionths, do not meet."""
SECONDARY = 700_000
"""What a secondary theme is worth beside the main one; a near theme is worth that times its nearness."""
_APART = "autres"


@dataclass(frozen=True, slots=True)
class ThemeMeeting:
    """The closest way in which themes meet, its worth in millionths, and the project's category (then the offer's)."""

    code: ReasonCode
    worth: int
    categories: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class Themes:
    """A project's categories, main first; `near` maps others to the closest of them, with its nearness in millionths.

    `deduced` tells that the owner gave none and that they come from the text.
    """

    own: tuple[Category, ...]
    near: Mapping[Category, tuple[int, Category]]
    deduced: bool = False

    def worths(self) -> dict[Category, int]:
        """What meeting each category alone is worth, in millionths: the worth of `meeting`, where there is one."""
        found = {other: SECONDARY * nearness // MILLION for other, (nearness, _own) in self.near.items()}
        found |= dict.fromkeys(self.own, SECONDARY)
        return found | dict.fromkeys(self.own[:1], MILLION)

    def meeting(self, named: Collection[Category]) -> ThemeMeeting | None:
        """How the categories an offer names meet these, the closest first; none where they do not."""
        for place, category in enumerate(self.own):
            if category in named:
                main = place == 0
                return ThemeMeeting(
                    "theme-principal" if main else "theme-secondaire", MILLION if main else SECONDARY, (category,)
                )
        around = [(-self.near[other][0], other) for other in named if other in self.near]
        if not around:
            return None
        other = min(around)[1]
        nearness, own = self.near[other]
        return ThemeMeeting("theme-proche", SECONDARY * nearness // MILLION, (own, other))


def themes_of(own: tuple[Category, ...], taxonomy: Taxonomy, *, deduced: bool = False) -> Themes:
    """The themes of a project that bears the categories `own`, main first."""
    around = (category for category in get_args(Category) if category not in own)
    near = {category: _nearest(category, own, taxonomy) for category in around}
    return Themes(own, {category: found for category, found in near.items() if found[0] >= NEAR_ENOUGH}, deduced)


def _nearest(category: Category, own: tuple[Category, ...], taxonomy: Taxonomy) -> tuple[int, Category]:
    """The nearness of the closest of `own`, the first of equals; « autres » is near nothing."""
    nearness = [
        (0 if _APART in (category, each) else round(taxonomy.nearness(category, each) * MILLION), each) for each in own
    ]
    return max(nearness, key=lambda found: found[0], default=(0, category))
