"""What a run came to, as the table that it prints in the end."""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import get_args

from shared.events.matches import MatchState
from tests.faults.chaos import Chaos
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.faults.people import People
from tests.faults.verdict import Verdict

STATES: tuple[str, ...] = get_args(MatchState)


def table(installation: Installation, load: Load, people: People, chaos: Chaos, verdict: Verdict) -> str:
    """One line per count, then the time to recover after each kind of fault."""
    rows = [*_counts(load, people, verdict), *_faults(installation, chaos)]
    wide = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{wide}}  {said}" for name, said in rows]
    return "\n".join([*lines, *_recoveries(installation.recoveries)])


def _counts(load: Load, people: People, verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "submissions", f"{load.promises.calls} (asked again {load.promises.retries} times)"
    yield "events in", str(verdict.events)
    yield "matches", str(verdict.matches)
    yield "  ever in each state", _list({state: verdict.states[state] for state in STATES})
    yield "answers", _list(people.given)
    yield "  too late", str(people.late)
    yield "mails", str(verdict.mails)
    yield "erased", f"{verdict.erased}, of which {load.promises.erased_at_work} while being answered"
    yield "LOST", str(verdict.lost)
    yield "DOUBLED", str(verdict.doubled)
    yield "otherwise wrong", str(len(verdict.faults) - verdict.lost - verdict.doubled)
    yield "repeated without effect", f"{verdict.repeated_records} records, {verdict.repeated_mails} mails"


def _faults(installation: Installation, chaos: Chaos) -> Iterator[tuple[str, str]]:
    yield "kill -9", _list(installation.kills)
    yield "  of other matchers", _list(chaos.matchers.kills)
    yield "paused beyond the session", _list(installation.pauses)
    yield "servers restarted", _list(installation.restarts)
    yield "connections cut", _list(installation.cuts)
    yield "rebalances", f"{chaos.matchers.rebalances}, up to {chaos.matchers.most} matchers at once"


def _recoveries(recoveries: Mapping[str, list[float]]) -> Iterator[str]:
    yield f"  {'ready again after':<26} {'times':>6} {'median':>8} {'most':>8}"
    for what, took in sorted(recoveries.items()):
        yield f"  {what:<26} {len(took):>6} {median(took):>6.1f} s {max(took):>6.1f} s"


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
