"""Writes what was measured as the tables of docs/quality.md."""

from pathlib import Path

from benchmarks.quality.floors import Measures

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"
START, END = "<!-- measured -->\n", "<!-- /measured -->\n"
RANKINGS, SAMPLES = ("accuracy", "macro_f1", "mrr", "first_fold", "new_titles"), ("naming", "eligible", "first")


def tables(rankings: Measures, samples: Measures, floors: Measures) -> str:
    """Two tables in Markdown, a row per ranking and a row per day."""
    return (
        "| ranking | accuracy | macro-F1 | MRR | first fold | new titles | floor of accuracy |\n"
        + "|---|---|---|---|---|---|---|\n"
        + "".join(
            f"| {name} | {' | '.join(f'{told[each]:.3f}' for each in RANKINGS)} | {_floor(floors, name)} |\n"
            for name, told in rankings.items()
        )
        + "\n| day | commitments that name a défi | with an eligible project of it | of these, with one first |\n"
        + "|---|---|---|---|\n"
        + "".join(
            f"| {day} | {told['naming']:.0f} | {told['eligible']:.0f} | {told['first']:.0%} |\n"
            for day, told in samples.items()
        )
    )


def written(page: str, told: str) -> str:
    """The page with these tables in place of those it has."""
    before, _, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE.name} has lost the marks around its tables")
    return before + START + told + END + after


def _floor(floors: Measures, name: str) -> str:
    least = floors.get(name, {}).get("accuracy")
    return "" if least is None else f"{least:.3f}"
