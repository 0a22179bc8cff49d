"""France as a swarm of points, one per intercommunalité, with the territories among them; no boundary, no tile."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

Box = tuple[float, float, float, float]
Point = tuple[float, float]
"""Latitude and longitude, degrees."""

WIDTH, HEIGHT = 620, 600
GAP = 6.0
_MAINLAND = (41.2, 51.2, -5.3, 9.7)
_MAIN_BOX = (20.0, 10.0, 480.0, 580.0)


@dataclass(frozen=True, slots=True)
class Inset:
    """A part of France drawn apart: which latitudes and longitudes, and where on the map."""

    name: str
    bounds: Box
    box: Box


INSETS = (
    Inset("Guadeloupe", (15.8, 16.6, -61.9, -60.9), (520, 20, 80, 80)),
    Inset("Martinique", (14.3, 15.0, -61.3, -60.7), (520, 130, 80, 80)),
    Inset("Guyane", (2.0, 6.0, -54.7, -51.5), (520, 240, 80, 80)),
    Inset("La Réunion", (-21.5, -20.8, 55.1, 55.9), (520, 350, 80, 80)),
    Inset("Mayotte", (-13.1, -12.6, 44.9, 45.4), (520, 460, 80, 80)),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A territory on the map; `size` grows with its population."""

    territory_id: str
    name: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class FranceMap:
    """What the drawing needs: the path of small points, the marks, the insets' frames."""

    points: str
    marks: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT
    insets: tuple[Inset, ...] = INSETS


def france_map(points: Iterable[Point], territories: Mapping[str, tuple[str, Point, int]]) -> FranceMap:
    """The map of these points and of territories, id -> (name, centre, population); what lies elsewhere is left out."""
    drawn = [place for place in map(place_of, points) if place]
    marks = [
        Mark(territory_id, name, *place, size=round(5 + 1.6 * math.log10(max(population, 10_000) / 10_000), 1))
        for territory_id, (name, centre, population) in territories.items()
        if (place := place_of(centre))
    ]
    marks = _apart(sorted(marks, key=lambda one: (-one.size, one.territory_id)))
    return FranceMap("".join(f"M{x:g} {y:g}h0" for x, y in drawn), tuple(marks))


def _apart(marks: list[Mark], rounds: int = 40) -> list[Mark]:
    """The marks moved as little as needed so that none hides another: each can be seen and pressed."""
    places = [[mark.x, mark.y] for mark in marks]
    for _ in range(rounds):
        for i, here in enumerate(places):
            for j in range(i):
                _push(here, places[j], marks[i].size + marks[j].size + GAP)
    return [replace(mark, x=round(x, 1), y=round(y, 1)) for mark, (x, y) in zip(marks, places, strict=True)]


def _push(here: list[float], there: list[float], wanted: float) -> None:
    """Part two places along the line between them, half each; those at the same point part sideways."""
    dx, dy = here[0] - there[0], here[1] - there[1]
    distance = math.hypot(dx, dy)
    if distance >= wanted:
        return
    dx, dy, distance = (dx, dy, distance) if distance else (1.0, 0.0, 1.0)
    step = (wanted - math.hypot(here[0] - there[0], here[1] - there[1])) / 2
    for place, sign in ((here, 1), (there, -1)):
        place[0] += sign * step * dx / distance
        place[1] += sign * step * dy / distance


def place_of(point: Point) -> Point | None:
    """Where a point stands on the map, or nothing when it is on no part of it."""
    for bounds, box in ((_MAINLAND, _MAIN_BOX), *((inset.bounds, inset.box) for inset in INSETS)):
        south, north, west, east = bounds
        if south <= point[0] <= north and west <= point[1] <= east:
            return _projected(point, bounds, box)
    return None


def _projected(
    point: Point, bounds: tuple[float, float, float, float], box: tuple[float, float, float, float]
) -> Point:
    """Plate carrée at the box's middle latitude, kept in proportion and centred."""
    south, north, west, east = bounds
    left, top, width, height = box
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = min(width / ((east - west) * squeeze), height / (north - south))
    x = left + (width - (east - west) * squeeze * scale) / 2 + (point[1] - west) * squeeze * scale
    y = top + (height - (north - south) * scale) / 2 + (north - point[0]) * scale
    return round(x, 1), round(y, 1)
