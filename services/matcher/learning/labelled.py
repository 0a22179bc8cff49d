"""Texts written to teach and to judge the classifier, each by one of three authors, about projects nobody has."""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "texts"
TEACHERS, JUDGE = ("a", "b"), "c"
"""Whoever fits a classifier learns from the first two alone, and is judged by the third."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with all that it says: categories, main first (none: it says nothing of use), a stage, kinds of needs.

    `style` tells how it is written: neutral, terse, long, misspelt, regional, misleading, in jargon, as spoken.
    """

    text_id: str
    author: str
    text: str
    categories: tuple[str, ...]
    stage: str | None
    needs: tuple[str, ...]
    style: str


def texts_of(author: str) -> list[Labelled]:
    """All texts of an author, in the order of the file."""
    with (FOLDER / f"{author}.jsonl").open(encoding="utf-8") as lines:
        return [_labelled(json.loads(line)) for line in lines]


def _labelled(row: dict[str, object]) -> Labelled:
    categories, needs, stage = row["categories"], row["needs"], row["stage"]
    assert isinstance(categories, list)
    assert isinstance(needs, list)
    return Labelled(
        str(row["id"]),
        str(row["author"]),
        str(row["text"]),
        tuple(categories),
        None if stage is None else str(stage),
        tuple(needs),
        str(row["style"]),
    )
