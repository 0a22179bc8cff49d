"""`essaim demo`: all of Essaim on this machine, with data that move, until Ctrl-C."""

import asyncio
import errno
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import FrameType

import httpx

from deploy.local.demo_accounts import KEY_FILE, api_key, open_accounts
from deploy.local.feed import Feed
from deploy.local.invention import Invention, Record
from deploy.local.machine import MachineError, check_machine, disk_is_full_message, foreign_file_message
from deploy.local.partner import Partner
from deploy.local.progress import Progress, for_terminal
from deploy.local.servers import run_apart
from deploy.local.state import home
from deploy.local.supervisor import Supervisor
from deploy.local.welcome import welcome
from shared.clock import today_in_paris
from shared.reference.samples import days_since_sample, funds, sample_commitments, sample_projects, shifted

NEEDED_BYTES = 600_000_000
# A demonstration restarted within so many days keeps its samples' dates.
FRESH_DAYS = 7
OPENING_PROJECTS = 120
OPENING_COMMITMENTS = 180
FUNDER = "financeur@example.org"
# The open funds whose operator the demonstration lets one play.
PLAYED_FUNDS = frozenset({"fonds-amorcage-2019", "fonds-evaluation-impact", "banque-des-territoires"})


SERVERS_ONLY = """
Kafka et PostgreSQL tournent seuls, sans aucun service. Dans un autre terminal, pour reprendre un service :
  .venv/bin/essaim restored SERVICE    (ou rebuild ; tous : ingest, matcher, notifier, puis console)
Ctrl-C les arrête ; « make demo » relance ensuite le tout.
"""


@dataclass(frozen=True)
class DemoOptions:
    """What the command line chooses; `pace_seconds` is the mean time between two events of the feed."""

    quiet: bool = False
    state: Path | None = None
    seed: int = 2026
    pace_seconds: float = 3.0
    # Kafka and PostgreSQL alone, for commands that need every service stopped.
    servers_only: bool = False
    # Stop as soon as everything answers: for measures and tests.
    stop_when_ready: bool = False


def run(options: DemoOptions) -> int:
    """Start everything, show where, wait for Ctrl-C, stop everything; returns the exit code.

    Problems that a person can set right are said on standard error with their remedy, without a traceback.
    """
    state = (options.state or home()).absolute()
    progress = for_terminal()
    try:
        with _stopped_by_signals(), _said_errors(state):
            state.mkdir(parents=True, exist_ok=True)
            check_machine(state, NEEDED_BYTES)
            _run(options, state, progress)
    except KeyboardInterrupt:
        progress.note("Tout est arrêté. Les données sont gardées ; « make demo-reset » les efface.")
    except MachineError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


def _run(options: DemoOptions, state: Path, progress: Progress) -> None:
    with Supervisor(state, progress, servers_only=options.servers_only) as essaim:
        if options.servers_only:
            progress.note(SERVERS_ONLY)
            if not options.stop_when_ready:
                _watch(essaim)
            return
        run_apart(_load(options, essaim, progress))
        progress.note(welcome(essaim.ports, state / KEY_FILE, quiet=options.quiet))
        try:
            if not options.stop_when_ready:
                asyncio.run(_live(options, essaim))
        finally:
            progress.note("Arrêt en cours …")


def _watch(essaim: Supervisor) -> None:
    """Until a server ends by itself, which is a `MachineError`, or a signal comes."""
    while not (child := essaim.ended()):
        time.sleep(0.5)
    raise child.ended(f"{child.name} s'est arrêté tout seul (code {child.exit_code})")


async def _load(options: DemoOptions, essaim: Supervisor, progress: Progress) -> None:
    """Accounts, then the samples and the opening of the feed, unless an earlier run did it lately."""
    key = api_key(essaim.servers.state)
    await open_accounts(essaim.servers.service_dsn("ingest"), key)
    async with AsyncExitStack() as stack:
        feed = await _feed(options, essaim, stack)
        marker = essaim.servers.state / "loaded.json"
        records = [] if _is_fresh(marker) else samples(today_in_paris())
        if not options.quiet:
            records += feed.opening(OPENING_PROJECTS, OPENING_COMMITMENTS)
        if not records:
            return
        partner = Partner(await stack.enter_async_context(_client(essaim.ports.url("ingest"), key)))
        with progress.step("Dépôt des projets, engagements et fonds") as advance:
            refused = await partner.put_all(records, advance)
        for line in refused:
            progress.note(f"Refusé : {line}")
        marker.write_text(json.dumps({"day": today_in_paris().isoformat()}), encoding="utf-8")
        if not options.quiet:
            feed.opened(OPENING_PROJECTS, OPENING_COMMITMENTS)


async def _feed(options: DemoOptions, essaim: Supervisor, stack: AsyncExitStack) -> Feed:
    ports = essaim.ports
    ingest, mails, pages = [
        await stack.enter_async_context(client)
        for client in (
            _client(ports.url("ingest"), api_key(essaim.servers.state)),
            _client(ports.url("mail_page")),
            _client(ports.url("console")),
        )
    ]
    invention = Invention(options.seed, _first_day(essaim.servers.state))
    return Feed(invention, Partner(ingest), mails, pages, essaim.servers.state / "feed.json")


async def _live(options: DemoOptions, essaim: Supervisor) -> None:
    """Feed and watch until a process of ours ends by itself, which is a `MachineError`, or a signal comes."""
    async with AsyncExitStack() as stack:
        feed = await _feed(options, essaim, stack)
        feeding = None if options.quiet else asyncio.create_task(feed.run(options.pace_seconds))
        try:
            while not (child := essaim.ended()):
                # Nothing tells of a child's end without a thread for each; half a second is soon enough.
                await asyncio.sleep(0.5)
                if feeding and feeding.done():
                    feeding.result()
        finally:
            if feeding:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
        said = child.ended(f"{child.name} s'est arrêté tout seul (code {child.exit_code})")
        raise MachineError(said.what, f"{said.remedy}\n→ Les données sont gardées : « make demo » les retrouve.")


def samples(day: date) -> list[Record]:
    """The records that ship with Essaim, the samples' dates moved so that `day` is theirs; funds keep their own."""
    days = days_since_sample(day)
    moved = [shifted(record, days) for record in (*sample_commitments(), *sample_projects())]
    return [*map(_with_operator, funds()), *moved]


def _with_operator(fund: Record) -> Record:
    return {**fund, "contact": {"email": FUNDER}} if fund["fund_id"] in PLAYED_FUNDS else fund


def _first_day(state: Path) -> date:
    """The day that inventions count from: that of the first run, so that a restart tells the same of the same item."""
    path = state / "first-day"
    if not path.exists():
        path.write_text(today_in_paris().isoformat(), encoding="utf-8")
    return date.fromisoformat(path.read_text(encoding="utf-8"))


def _is_fresh(marker: Path) -> bool:
    if not marker.exists():
        return False
    day = date.fromisoformat(json.loads(marker.read_text(encoding="utf-8"))["day"])
    return (today_in_paris() - day).days < FRESH_DAYS


def _client(url: str, key: str = "") -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=30, follow_redirects=True, trust_env=False)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """TERM and the terminal's closing end it as Ctrl-C does; a second one while it stops changes nothing."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _said_errors(state: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise disk_is_full_message(state, NEEDED_BYTES) from error
        if isinstance(error, PermissionError):
            raise foreign_file_message(Path(str(error.filename)), state) from error
        raise
