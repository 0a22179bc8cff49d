"""Puts all checks together over one quiet installation: what was lost, what was doubled, what was counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.cli.audit_words import sentence
from services.cli.auditing import audited
from shared.events.matches import MatchChanged
from shared.events.registry import SAID_BY
from tests.faults import checks, mails, stored
from tests.faults.checks import Versions
from tests.faults.installation import PREFIX, Installation
from tests.faults.load import Promises
from tests.faults.log import Key, Log
from tests.faults.mails import MailBooks
from tests.faults.people import Kept
from tests.faults.post import Mail
from tests.faults.stored import Judged, Published


@dataclass(frozen=True)
class Verdict:
    """`faults` in words, and what was counted."""

    faults: tuple[str, ...]
    events: int
    matches: int
    states: Counter[str]
    """How many matches were ever in each state."""
    erased: int
    mails: int
    repeated_records: int
    repeated_mails: int
    lost: int
    doubled: int

    def summary(self, installation: Installation) -> str:
        """One line."""
        took = sorted(each for several in installation.recoveries.values() for each in several) or [0.0]
        return (
            f"events {self.events}, matches {self.matches}, mails {self.mails}; lost {self.lost}, doubled"
            f" {self.doubled} (repeats without effect: {self.repeated_records} records, {self.repeated_mails} mails);"
            f" ready again in {took[len(took) // 2]:.1f} s, at most {took[-1]:.1f} s"
        )


@dataclass(frozen=True)
class _State:
    """What all services keep; `said` and `heard` are versions by topic and key, by service."""

    published: Published
    judged: Judged
    said: dict[str, Versions]
    heard: dict[str, Versions]
    shown: dict[Key, Any]
    books: MailBooks


async def judge(
    installation: Installation, log: Log, promises: Sequence[Promises], kept: Iterable[Kept] = ()
) -> Verdict:
    """Check everything; `log` is the whole log of an installation where all is quiet, `kept` what people answered."""
    came = list(installation.post.mails)
    state = await _read(installation)
    post = installation.post
    interruptions = installation.kills["notifier"] + installation.pauses["notifier"] + post.lost_answers
    interruptions += installation.cuts["postgres"]
    erased = {key for each in promises for key in each.erased}
    lost = [*_lost(state, log, promises, came), *checks.answer_faults(kept, erased, log)]
    doubled = [
        *checks.life_faults(log),
        *mails.copy_faults(came, interruptions),
        *mails.telling_faults(came, log, state.books),
        *mails.ledger_faults(state.books, log),
    ]
    wrong = [
        *checks.list_faults(state.published, state.judged, log),
        *checks.page_faults(state.shown, log),
        *checks.head_faults([row.head for row in state.judged.heads if row.head], log),
    ]
    distinct = {mail.message_id for mail in came}
    return Verdict(
        faults=(*lost, *doubled, *wrong, *await _audit(installation)),
        events=len(log.records) - log.repeated(),
        matches=len(log.compacted("matches")),
        states=_states(log),
        erased=len(erased),
        mails=len(distinct),
        repeated_records=log.repeated(),
        repeated_mails=len(came) - len(distinct),
        lost=len(lost),
        doubled=len(doubled),
    )


async def _audit(installation: Installation) -> list[str]:
    """What an operator's audit finds, at once since all is quiet."""
    async with stored.pools_of(installation) as pools:
        found = await audited(pools, installation.servers.bootstrap_servers, PREFIX, patience=0)
    return [f"audit: {sentence(each)}" for each in found]


def _states(log: Log) -> Counter[str]:
    return Counter(state for _, state in {(each.match_id, each.state) for each in log.said("matches", MatchChanged)})


async def _read(installation: Installation) -> _State:
    async with stored.pools_of(installation) as pools:
        return _State(
            published=await stored.published(pools["ingest"], await stored.model_at_work(pools["matcher"])),
            judged=await stored.judged(pools["matcher"]),
            said={service: await stored.said_versions(pool) for service, pool in pools.items()},
            heard={
                "matcher": await stored.matcher_versions(pools["matcher"]),
                "console": await stored.heard_versions(pools["console"]),
                "notifier": await stored.told_matches(pools["notifier"]),
            },
            shown=await stored.read_model(pools["console"]),
            books=await MailBooks.read(pools["notifier"], pools["ingest"]),
        )


def _lost(state: _State, log: Log, promises: Sequence[Promises], came: Sequence[Mail]) -> Iterator[str]:
    heard, said = state.heard, {**state.said, "notifier": _deliveries(state, log)}
    yield from checks.promise_faults(promises, said["ingest"])
    for service in SAID_BY:
        yield from checks.log_faults(service, said[service], log)
    yield from checks.hearing_faults("matcher", said["ingest"], heard["matcher"], checks.ENTITY_TOPICS)
    yield from checks.hearing_faults("console", said["ingest"], heard["console"], (*checks.ENTITY_TOPICS, "erasures"))
    yield from checks.hearing_faults("console", said["matcher"], heard["console"], ("matches",))
    yield from checks.hearing_faults("console", said["notifier"], heard["console"], ("deliveries",))
    told = {key: (version, False) for key, (version, _) in said["matcher"].items()}
    yield from checks.hearing_faults("notifier", told, heard["notifier"], ("matches",))
    yield from mails.arrival_faults(came, state.books, log)
    yield from mails.untold(log, state.published.answered_for, state.books, state.published.day)


def _deliveries(state: _State, log: Log) -> Versions:
    """What the notifier said, without what erasure forgot before it left."""
    kept = {message_id.strip("<").partition("@")[0] for message_id in state.books.states}
    in_log = log.by_key().keys()
    return {key: said for key, said in state.said["notifier"].items() if key in in_log or key[1] in kept}
