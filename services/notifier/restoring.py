"""Brings the notifier on again from the log: what was erased, chosen and mailed, so that no mail goes twice."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from services.notifier.handlers import on_erasures, on_preferences
from services.notifier.messages.notices import Notice, Party, life_of, notices_of
from services.notifier.store import matches
from services.notifier.store import restoring as store
from shared.events.matches import MatchChanged
from shared.events.people import Erased, MailDelivered, PreferenceSet
from shared.received import Received
from shared.restoring import Restoration
from shared.words.french import PARIS

DELIVERIES_KEPT = timedelta(days=30)
"""For how long the log tells what was mailed: of what is older nobody can say whether it was told."""

_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)

Lives = dict[str, set[datetime]]


async def restore(work: Restoration, *, anew: bool) -> None:
    """Take over what the log knows and the database lacks; what happened too long ago is told no more.

    The state is never made anew: the log does not hold all that was told.
    """
    assert not anew, "the notifier cannot be rebuilt"
    await work.hear([Erased.topic], {Erased.topic: on_erasures})
    await work.hear([PreferenceSet.topic], {PreferenceSet.topic: on_preferences})
    delivered = [said.event async for said in work.news(MailDelivered.topic) if isinstance(said.event, MailDelivered)]
    told = {match_id for event in delivered for match_id in event.match_ids}
    lives = await _hold_what_is_over(work, told)
    await _note_mails(work, delivered, lives)
    await work.raise_generation()
    await work.say_waiting_again(MailDelivered.topic)
    await work.forget_lost(MailDelivered.topic)


async def _hold_what_is_over(work: Restoration, told: set[str]) -> Lives:
    """Hold the matches that give no reason to tell anybody anything now; the others are heard once the service runs.

    Returns when each life of the matches in `told` began.
    """
    lives: Lives = defaultdict(set)
    now = datetime.now(UTC)
    async for arrived in work.log.read([MatchChanged.topic]):
        records = arrived.batch().records
        held = await matches.versions(work.connection, (record.key for record in records))
        over = {}
        for record in records:
            if isinstance(record.event, MatchChanged) and record.key in told:
                lives[record.key].add(life_of(record.event))
            if record.version > held.get(record.key, 0) and not _is_to_tell(record, now):
                over[record.key] = record
        events = [each.event for each in over.values() if isinstance(each.event, MatchChanged)]
        await store.note_over(work.connection, [notice for event in events for notice in _untellable(event)])
        await matches.keep(work.connection, events)
        await matches.end(work.connection, [each for each in over.values() if each.event is None])
        await matches.note_ended(work.connection, [each.key for each in records if each.event is None])
        work.report.counts["untold"] += len(over)
    await work.forget_offsets(MatchChanged.topic)
    return lives


def _is_to_tell(record: Received, now: datetime) -> bool:
    """Whether the last step of a match is recent, and a reason to tell someone of it."""
    event = record.event
    if not isinstance(event, MatchChanged):
        return False
    return now - _last_step(event) < DELIVERIES_KEPT and bool(notices_of(event, now.astimezone(PARIS).date()))


def _untellable(event: MatchChanged) -> list[tuple[Notice, datetime, datetime]]:
    """What an old event would give reason to tell, were it said again."""
    at = _last_step(event)
    return [(notice, life_of(event), at) for notice in notices_of(event, at.astimezone(PARIS).date())]


def _last_step(event: MatchChanged) -> datetime:
    return event.history[-1].at if event.history else event.occurred_at


async def _note_mails(work: Restoration, delivered: Iterable[MailDelivered], lives: Lives) -> None:
    events = list(delivered)
    erased = await store.erased_people(work.connection, (event.person_id for event in events))
    for event in events:
        if event.person_id in erased:
            continue
        await store.note_mail(work.connection, event)
        gone = await matches.erased_at(work.connection, {party for one in event.match_ids for party in _parties(one)})
        standing = [
            (match_id, max((life for life in lives.get(match_id, ()) if life <= event.occurred_at), default=_UNKNOWN))
            for match_id in event.match_ids
            if not any(gone.get(party, _UNKNOWN) >= event.occurred_at for party in _parties(match_id))
        ]
        await store.note_told(work.connection, event, standing)
        work.report.counts["mails"] += 1


def _parties(match_id: str) -> tuple[Party, Party]:
    project_id, offer_type, offer_id = match_id.split("~")
    return Party("project", project_id), Party("fund" if offer_type == "fund" else "commitment", offer_id)
