"""France as a swarm: everything on the paper, nothing hidden, each place where it should be."""

import math

from hypothesis import given
from hypothesis import strategies as st

from services.console.views.france_map import GAP, HEIGHT, WIDTH, france_map, place_of

NANTES, LYON, LILLE, AJACCIO, MAMOUDZOU = (47.2, -1.55), (45.75, 4.85), (50.63, 3.06), (41.93, 8.74), (-12.78, 45.23)


def test_places_stand_to_each_other_as_on_the_ground() -> None:
    nantes, lyon, lille, ajaccio = (place_of(point) or (0.0, 0.0) for point in (NANTES, LYON, LILLE, AJACCIO))
    assert nantes[0] < lyon[0] < ajaccio[0]
    assert lille[1] < nantes[1] < lyon[1] < ajaccio[1]


def test_overseas_has_its_own_frame_and_elsewhere_is_left_out() -> None:
    assert (place_of(MAMOUDZOU) or (0.0, 0.0))[0] > 500
    assert place_of((40.7, -74.0)) is None
    assert france_map([(40.7, -74.0)], {"x": ("X", (40.7, -74.0), 1)}).marks == ()


@given(st.lists(st.tuples(st.floats(42.5, 50.9), st.floats(-4.5, 8.0)), min_size=1, max_size=12))
def test_no_mark_hides_another(points: list[tuple[float, float]]) -> None:
    drawn = france_map([], {str(n): (str(n), point, 100_000) for n, point in enumerate(points)})
    for i, here in enumerate(drawn.marks):
        assert -60 < here.x < WIDTH + 60
        assert -60 < here.y < HEIGHT + 60
        for there in drawn.marks[:i]:
            assert math.hypot(here.x - there.x, here.y - there.y) > here.size + there.size - GAP
