"""Puts all checks together over one quiet installation, and says in one line what a run came to."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from deploy.create_roles import SERVICES
from shared.events.registry import SAID_BY
from tests.faults import checks, mails, stored
from tests.faults.installation import Installation
from tests.faults.load import Promises
from tests.faults.log import Log
from tests.faults.mails import MailBooks


@dataclass(frozen=True)
class Verdict:
    """`faults` in words, and what was counted."""

    faults: tuple[str, ...]
    events: int
    matches: int
    mails: int
    repeated_records: int
    repeated_mails: int
    lost: int
    doubled: int

    def summary(self, installation: Installation) -> str:
        """One line."""
        took = sorted(installation.recoveries) or [0.0]
        kills = ", ".join(f"{service} {count}" for service, count in sorted(installation.kills.items()))
        return (
            f"events {self.events}, matches {self.matches}, mails {self.mails}; lost {self.lost}, doubled"
            f" {self.doubled} (repeats without effect: {self.repeated_records} records, {self.repeated_mails} mails);"
            f" kills: {kills or 'none'}; restarts {dict(installation.restarts)}; pauses {installation.pauses.total()};"
            f" ready again in {took[len(took) // 2]:.1f} s, at most {took[-1]:.1f} s"
        )


async def judge(installation: Installation, log: Log, promises: Sequence[Promises]) -> Verdict:
    """Check everything; `log` is the whole log of an installation where all is quiet."""
    came = list(installation.post.mails)
    async with AsyncExitStack() as stack:
        pools = {each: await stack.enter_async_context(stored.pool_of(installation, each)) for each in SERVICES}
        published, judged = await stored.published(pools["ingest"]), await stored.judged(pools["matcher"])
        said = {service: await stored.said_versions(pool) for service, pool in pools.items()}
        console, notifier = await stored.heard_versions(pools["console"]), await stored.told_matches(pools["notifier"])
        matcher = await stored.matcher_versions(pools["matcher"])
        shown = await stored.read_model(pools["console"])
        books = await MailBooks.read(pools["notifier"], pools["ingest"])
    told_matches = {key: (version, False) for key, (version, _) in said["matcher"].items()}
    heads = [row.head for row in judged.heads if row.head]
    interruptions = installation.kills["notifier"] + installation.pauses["notifier"] + installation.post.lost_answers
    lost = [
        *checks.promise_faults(promises, said["ingest"]),
        *(fault for service in SAID_BY for fault in checks.log_faults(service, said[service], log)),
        *checks.hearing_faults("matcher", said["ingest"], matcher, checks.ENTITY_TOPICS),
        *checks.hearing_faults("console", said["ingest"], console, (*checks.ENTITY_TOPICS, "erasures")),
        *checks.hearing_faults("console", said["matcher"], console, ("matches",)),
        *checks.hearing_faults("console", said["notifier"], console, ("deliveries",)),
        *checks.hearing_faults("notifier", told_matches, notifier, ("matches",)),
        *mails.arrival_faults(came, books, log),
        *mails.untold(log, published.answered_for, books, published.day),
    ]
    doubled = [
        *mails.copy_faults(came, interruptions),
        *mails.telling_faults(came, log),
        *mails.ledger_faults(books, log),
    ]
    wrong = [
        *checks.list_faults(published, judged, log),
        *checks.page_faults(shown, log),
        *checks.head_faults(heads, log),
    ]
    distinct = {mail.message_id for mail in came}
    return Verdict(
        faults=(*lost, *doubled, *wrong),
        events=len(log.records) - log.repeated(),
        matches=len(log.compacted("matches")),
        mails=len(distinct),
        repeated_records=log.repeated(),
        repeated_mails=len(came) - len(distinct),
        lost=len(lost),
        doubled=len(doubled),
    )
