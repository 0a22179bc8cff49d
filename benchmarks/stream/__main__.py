"""Runs the stream's benchmarks on servers of their own: prints and writes what they find."""

import argparse
import asyncio
import json
import logging
import sys
from typing import Any

from benchmarks import machine
from benchmarks.clock import load
from benchmarks.engine import RESULTS
from benchmarks.stream.consuming import consuming
from benchmarks.stream.installation import Installation
from benchmarks.stream.latency import latency
from benchmarks.stream.matcher import offers_said, parts, projects_said, whole
from benchmarks.workload import Workload


def main() -> int:
    """Run what the command line asks for; the exit code is 1 where nobody was mailed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="consumed and validated")
    parser.add_argument("--times", type=int, default=3, help="so often each way")
    parser.add_argument("--offers", type=int, default=2_000, help="of the matcher")
    parser.add_argument("--projects", type=int, default=1_000, help="of the matcher")
    parser.add_argument("--known", type=int, default=200, help="offers that those handed in meet")
    parser.add_argument("--rate", type=float, default=5, help="projects handed in each second")
    parser.add_argument("--seconds", type=float, default=30, help="for so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="stream")
    options = parser.parse_args()
    # What libraries say of brokers that make their topics, and of benchmarks that leave.
    logging.disable(logging.ERROR)
    found: dict[str, Any] = {"workload": vars(options), "machine": machine.description()}
    with Installation() as installation:
        found |= asyncio.run(_measure(installation, options))
    found["load at the end"] = load()
    text = json.dumps(found, indent=2, ensure_ascii=False)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{options.name}.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0 if found["HTTP to mail"]["owners told"] else 1


async def _measure(installation: Installation, options: argparse.Namespace) -> dict[str, Any]:
    """Processor time in microseconds per event, and the two ratios; seconds from HTTP to mail."""
    workload = Workload(seed=options.seed)
    await installation.prepare("heard", [])
    await installation.say("heard.", projects_said(workload, options.events))
    times = await consuming(installation, "heard.", options.events, options.times)
    offers, projects = offers_said(workload, options.offers), projects_said(workload, options.projects)
    found = await parts(installation, offers, projects)
    together = await whole(installation, offers, projects)
    each = {"consume and validate": times["consume and validate"]}
    each |= {name: found[name] for name in ("judge and store", "relay")}
    asked = {"offers": options.known, "per_second": options.rate, "seconds": options.seconds, "seed": options.seed}
    mails = await latency(installation, **asked)
    return {
        "microseconds": {**times, **found, "whole service": together},
        "ratios": {
            "consume and validate, against getmany": times["consume and validate"] / times["getmany"],
            "whole service, against the sum of its parts": together / sum(each.values()),
        },
        "HTTP to mail": mails,
    }


if __name__ == "__main__":
    sys.exit(main())
