"""Compares what was measured with the stored floors, and says by how much each that fell is missed."""

import json
from collections.abc import Mapping
from pathlib import Path

Measures = Mapping[str, Mapping[str, float]]
"""What is measured -> name of the measure -> its value."""

FLOORS = Path(__file__).parent / "floors.json"


def load_floors() -> Measures:
    """The least that each may be."""
    floors: Measures = json.loads(FLOORS.read_text(encoding="utf-8"))
    return floors


def missed(measured: Measures, floors: Measures) -> list[str]:
    """A sentence for each floor that is not reached; what was not measured at all counts as 0."""
    found = (
        (ranking, measure, measured.get(ranking, {}).get(measure, 0.0), least)
        for ranking, least_of in floors.items()
        for measure, least in least_of.items()
    )
    return [
        f"{ranking}: {measure} is {value:.4f}, {least - value:.4f} below its floor of {least:.4f}"
        for ranking, measure, value, least in found
        if value < least
    ]
