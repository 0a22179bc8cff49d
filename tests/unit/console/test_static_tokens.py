"""Colours stand in one file, and each pair that meets on a page is far enough apart, in light and dark."""

import re
from itertools import product

import pytest

from services.console.pages.rendering import HERE, STATIC

SHEETS = sorted(path for path in STATIC.glob("*.css") if path.name != "tokens.css")
TOKEN = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
LIGHT, DARK = (STATIC / "tokens.css").read_text(encoding="utf-8").split("@media")[:2]
LOOKS = {"light": dict(TOKEN.findall(LIGHT)), "dark": dict(TOKEN.findall(DARK))}
TONES = ("new", "warm", "good", "over", "bad")
PAIRS = [
    *((text, ground, 7.0) for text, ground in product(("ink", "ink-soft"), ("paper", "surface", "sunk"))),
    *((f"tone-{tone}", f"tone-{tone}-soft", 7.0) for tone in TONES),
    *((f"tone-{tone}", "surface", 4.5) for tone in TONES),
    *(("accent", ground, 4.5) for ground in ("paper", "surface")),
    ("on-accent", "accent", 4.5),
    *((line, ground, 3.0) for line, ground in product(("edge", "focus"), ("paper", "surface", "sunk"))),
    *((f"share-{n}", "sunk", 3.0) for n in range(8)),
]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG reckons it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("look", LOOKS)
def test_pairs_that_meet_are_far_enough_apart(look: str) -> None:
    colours = LOOKS[look]
    near = [pair for pair in PAIRS if contrast(colours[pair[0]], colours[pair[1]]) < pair[2]]
    assert near == []


def test_both_looks_have_the_same_colours() -> None:
    assert LOOKS["light"].keys() == LOOKS["dark"].keys()


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_other_sheet_sets_a_colour(sheet: object) -> None:
    text = (STATIC / str(sheet)).read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", text) == []


def test_every_token_used_is_there() -> None:
    tokens = set(re.findall(r"--([\w-]+):", LIGHT))
    used = {name for sheet in SHEETS for name in re.findall(r"var\(--([\w-]+)\)", sheet.read_text(encoding="utf-8"))}
    assert used <= tokens


def test_pages_load_every_sheet_and_nothing_from_elsewhere() -> None:
    base = (HERE / "templates" / "base.html").read_text(encoding="utf-8")
    assert all(f'"{sheet.name}"' in base for sheet in SHEETS)
    for page in (HERE / "templates").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(src|href)=\"https?://(?!www\.(cnil|defenseurdesdroits)\.fr)", text), page.name
        assert not re.search(r"\son\w+=|style=\"|<style|<script(?! src=)", text), page.name
