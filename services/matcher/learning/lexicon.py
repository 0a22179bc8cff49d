"""Words that say a category, a stage or a kind of need: the classifier knows them before it has met them in a text."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

_FILE = Path(__file__).parent / "lexicon.toml"

Part = Literal["categories", "stages", "needs"]


@cache
def lexicon(part: Part) -> tuple[tuple[str, str], ...]:
    """Each entry with its label, in the order of the file."""
    labels: dict[str, str] = tomllib.loads(_FILE.read_text(encoding="utf-8"))[part]
    return tuple((" ".join(entry.split()), label) for label, entries in labels.items() for entry in entries.split(","))
