"""Finds the unit that a typed name means: a commune, an EPT, an intercommunalité, a département, a région, France."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache

from shared.reference.geography import LEVELS, NATIONAL, Unit, load_geography
from shared.reference.place_names import run_together, spelled
from shared.reference.places import Candidates, NotFound, Resolved, resolve_place

_MOST = 12
"""So many are offered to choose from; a post code parts more homonyms than that."""
_NEAR = 8
_KIND = re.compile(
    r"^(?:cc|ca|cu|ept|agglo|agglomeration|communaute (?:de communes|d agglomeration|urbaine)|metropole|departement"
    r"|region)\b(?: (?:du|de la|de l|des|de|d)\b)? ?"
)
_FRANCE = frozenset({"france", "france entiere", "toute la france", "national"})
_NUMBER = re.compile(r"\d{2,3}|2[ab]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """What answers to a typed name: `units` bear it, the one or several; where none does, `near` have a near name."""

    units: tuple[Unit, ...] = ()
    near: tuple[Unit, ...] = ()

    @property
    def choices(self) -> tuple[Unit, ...]:
        """What is left to choose between; nothing when one alone answers."""
        return () if len(self.units) == 1 else self.units or self.near


@lru_cache(maxsize=1024)
def named(text: str) -> Named:
    """The units that bear this name exactly, else those whose name says it without its kind; never a guess.

    Several that cover the same communes (Paris, La Réunion) are one place: the narrowest stands for them.
    """
    words = spelled(text)
    if words in _FRANCE:
        return Named((NATIONAL,))
    if _NUMBER.fullmatch(text.strip()):
        departement = Unit("departement", text.strip().upper())
        return Named((departement,) if load_geography().exists(departement) else ())
    place = resolve_place(text)
    exact, bare = _areas()
    communes = _communes(place)
    areas = exact.get(words, ())
    if not communes and not areas:
        areas = bare.get(run_together(_KIND.sub("", words)), ())
    units = _parted((*communes, *areas))
    if units:
        return Named(units[:_MOST])
    suggested = place.suggestions if isinstance(place, NotFound) else ()
    near = (*_near_areas(words), *(Unit("commune", one.code) for one in suggested))
    return Named(near=tuple(dict.fromkeys(near))[:_NEAR])


def _communes(place: Resolved | Candidates | NotFound) -> tuple[Unit, ...]:
    if isinstance(place, Resolved):
        return (Unit("commune", place.commune.code),)
    found = place.communes if isinstance(place, Candidates) else ()
    return tuple(Unit("commune", one.code) for one in found)


def _parted(units: Iterable[Unit]) -> tuple[Unit, ...]:
    """Each once, the most populous first; of those that cover the same communes the narrowest alone."""
    geography = load_geography()
    by_extent: dict[frozenset[str], Unit] = {}
    for unit in sorted(dict.fromkeys(units), key=lambda one: LEVELS.index(one.level)):
        by_extent.setdefault(frozenset(geography.communes_of(unit)), unit)
    return tuple(sorted(by_extent.values(), key=lambda one: (-geography.population(one), one)))


@cache
def _areas() -> tuple[dict[str, tuple[Unit, ...]], dict[str, tuple[Unit, ...]]]:
    """Units above the commune, by their name or label as typed, and by their name without its kind, run together."""
    geography = load_geography()
    exact: defaultdict[str, list[Unit]] = defaultdict(list)
    bare: defaultdict[str, list[Unit]] = defaultdict(list)
    for level in ("ept", "epci", "departement", "region"):
        for unit in geography.units(level):
            words = spelled(geography.name(unit))
            for key in {words, spelled(geography.label(unit))}:
                exact[key].append(unit)
            bare[run_together(_KIND.sub("", words))].append(unit)
    return {key: tuple(found) for key, found in exact.items()}, {key: tuple(found) for key, found in bare.items()}


def _near_areas(words: str) -> list[Unit]:
    """Those whose name holds what was typed, else those a few letters away."""
    bare = _areas()[1]
    wanted = run_together(_KIND.sub("", words))
    holding = sorted((key for key in bare if len(wanted) >= 4 and wanted in key), key=lambda key: (len(key), key))
    return [unit for key in holding[:_NEAR] or get_close_matches(wanted, bare, n=3, cutoff=0.8) for unit in bare[key]]
