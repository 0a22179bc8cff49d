"""Writes what the last runs found into docs/benchmarks.md, and draws it: goals reached, or missed by how much."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from benchmarks.engine import RESULTS

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, FOLDER = DOCS / "benchmarks.md", DOCS / "benchmarks"
RUNS = ("engine", "engine-national", "engine-1m", "stream")
PEERS = ("NumPy lists", "scikit-learn", "Tantivy", "DuckDB", "PostgreSQL")
Result = Mapping[str, Any]


@dataclass(frozen=True)
class Goal:
    """One row of the design's table: what is wanted in each run, and where a result says it."""

    name: str
    wanted: Mapping[str, float]
    of: Callable[[Result], float]
    at_least: bool = True

    def reached(self, run: str, result: Result) -> float:
        """From 1 on it is reached."""
        measured = self.of(result)
        return measured / self.wanted[run] if self.at_least else self.wanted[run] / measured


def _ratio(name: str) -> Callable[[Result], float]:
    return lambda result: float(result["ratios"][name])


def _against(peer: str, small: float, large: float) -> Goal:
    return Goal(f"times faster than {peer}", _engine(small, large), _ratio(f"faster than {peer}"))


def _engine(small: float, large: float) -> dict[str, float]:
    return {"engine": small, "engine-national": small, "engine-1m": large}


GOALS = (
    Goal("exact answers, of all", _engine(1, 1), lambda result: float(all(result["exact"].values()))),
    _against("scikit-learn", 25, 75),
    _against("NumPy lists", 8, 17),
    _against("Tantivy", 38, 58),
    _against("DuckDB", 75, 55),
    _against("PostgreSQL", 200, 700),
    Goal(
        "share of random cache lines",
        _engine(0.30, 0.48),
        lambda result: float(result["lines"]["share of random lines"]),
    ),
    Goal("one upsert, in queries", _engine(0.1, 0.1), _ratio("one upsert, in queries"), at_least=False),
    Goal(
        "a query, against one on a tenth of the offers",
        {"engine-1m": 5},
        _ratio("query, against one on a tenth of the offers"),
        at_least=False,
    ),
    Goal(
        "two processes against one, by the wall's clock",
        _engine(1.8, 1.8),
        lambda result: float(result["processes"]["two against one"]),
    ),
    Goal("bytes per offer", _engine(700, 700), lambda result: float(result["bytes per offer"]), at_least=False),
    Goal(
        "consume and validate, against `getmany`",
        {"stream": 5},
        _ratio("consume and validate, against getmany"),
        at_least=False,
    ),
    Goal(
        "whole service, against the sum of its parts",
        {"stream": 1.4},
        _ratio("whole service, against the sum of its parts"),
        at_least=False,
    ),
)


def main() -> int:
    """Draw all that there are results of."""
    found = {run: RESULTS / f"{run}.json" for run in RUNS}
    results = {run: json.loads(path.read_text(encoding="utf-8")) for run, path in found.items() if path.exists()}
    FOLDER.mkdir(exist_ok=True)
    # The same results give the same files.
    plt.rcParams.update(
        {
            "svg.hashsalt": "essaim",
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    _draw_peers({run: result for run, result in results.items() if run != "stream"})
    _draw_goals(results)
    if "stream" in results:
        _draw_mails(results["stream"])
    _between("runs", _runs(results))
    _between("goals", _goals(results))
    return 0


def _runs(results: Mapping[str, Result]) -> Iterator[str]:
    yield "| run | date | load at the start, at the end | processor | cores |"
    yield "|---|---|---|---|---|"
    for run, result in results.items():
        told, begun, end = result["machine"], result["machine"]["load"][0], result["load at the end"][0]
        yield f"| {_name(run, result)} | {told['date']} | {begun}, {end} | {told['processor']} | {told['cores']} |"


def _goals(results: Mapping[str, Result]) -> Iterator[str]:
    yield "| goal | " + " | ".join(_name(run, result) for run, result in results.items()) + " |"
    yield "|---|" + "---|" * len(results)
    for goal in GOALS:
        yield f"| {goal.name} | " + " | ".join(_cell(goal, run, result) for run, result in results.items()) + " |"


def _name(run: str, result: Result) -> str:
    asked = result["workload"]
    if run == "stream":
        return "the stream"
    offers = f"{asked['offers']:,} offers".replace(",", " ")
    return offers if asked["national"] == 0.1 else f"{offers}, {asked['national']:.0%} national and twins"


def _cell(goal: Goal, run: str, result: Result) -> str:
    if run not in goal.wanted:
        is_measured = ("stream" in goal.wanted) == (run == "stream")
        return f"{goal.of(result):.3g}" if is_measured else ""
    word = "reached" if goal.reached(run, result) >= 1 else "missed"
    bound = "≥" if goal.at_least else "≤"
    return f"**{goal.of(result):.3g}** ({bound} {goal.wanted[run]:g}: {word})"


def _between(mark: str, lines: Iterator[str]) -> None:
    """Put these lines in the place of those between two marks of the page."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->\n"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    PAGE.write_text(before + begin + "".join(f"{line}\n" for line in lines) + end + rest.partition(end)[2], "utf-8")


def _draw_peers(results: Mapping[str, Result]) -> None:
    figure, axes = plt.subplots(figsize=(7.5, 3.6))
    names = ("engine", *PEERS)
    width = 0.8 / max(1, len(results))
    for number, (run, result) in enumerate(results.items()):
        places = [place + number * width for place in range(len(names))]
        bars = axes.bar(places, [result["microseconds"][name] for name in names], width, label=_name(run, result))
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=6, padding=1)
    axes.set_yscale("log")
    axes.set_ylabel("µs of processor time a query, median")
    axes.set_xticks([place + 0.4 - width / 2 for place in range(len(names))], names)
    axes.legend(frameon=False, fontsize=8)
    _keep(figure, "peers")


def _draw_goals(results: Mapping[str, Result]) -> None:
    rows = [(goal, run, result) for goal in GOALS for run, result in results.items() if run in goal.wanted]
    figure, axes = plt.subplots(figsize=(8.5, 0.21 * len(rows) + 0.8))
    reached = [goal.reached(run, result) for goal, run, result in rows]
    axes.barh(range(len(rows)), reached, color=["tab:green" if each >= 1 else "tab:orange" for each in reached])
    axes.set_yticks(range(len(rows)), [f"{goal.name} ({_name(run, result)})" for goal, run, result in rows], fontsize=6)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("share of the goal; from 1 on it is reached")
    _keep(figure, "goals")


def _draw_mails(result: Result) -> None:
    told = result["HTTP to mail"]
    figure, axes = plt.subplots(figsize=(5, 2.4))
    for place, (name, words) in enumerate({"answer_s": "answer over HTTP", "mail_s": "mail to the owner"}.items()):
        bars = axes.bar([each + place * 0.4 for each in range(len(told[name]))], told[name].values(), 0.4, label=words)
        axes.bar_label(bars, fmt="{:.2f}", fontsize=7)
    axes.set_xticks([each + 0.2 for each in range(len(told["mail_s"]))], told["mail_s"])
    axes.set_ylabel("seconds since the project was handed in")
    axes.legend(frameon=False, fontsize=8)
    _keep(figure, "mails")


def _keep(figure: Any, name: str) -> None:
    figure.tight_layout()
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
