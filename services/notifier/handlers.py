"""What the notifier does with each batch it hears: what is to be told is noted; nothing is sent from here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from services.notifier.messages.notices import Notice, Party, is_told, life_of, notices_of
from services.notifier.messages.schedule import Preference, due_at
from services.notifier.store import erasures, matches, people
from shared.database import Connection
from shared.events.matches import MatchChanged
from shared.events.people import Erased, PreferenceSet
from shared.offsets import Batch, Handler, Received
from shared.words.french import PARIS

ENDED_WITHIN = timedelta(hours=1)
"""A match that its writer has not ended for so long after an erasure is of parties that it found submitted anew."""
_NEVER = datetime.min.replace(tzinfo=UTC)


async def on_matches(connection: Connection, batch: Batch) -> None:
    """Hold each match as it stands, and note whom its new events give reason to tell."""
    held = await matches.versions(connection, (record.key for record in batch.records))
    new = list(_rising(batch.records, held))
    standing = await _standing(connection, new)
    await matches.add_notices(connection, await _untold(connection, standing))
    last = {record.key: record for record in new}
    await matches.keep(connection, [record.event for record in last.values() if isinstance(record.event, MatchChanged)])
    stand = {(event.key, event.version) for event in standing}
    gone = [record for record in last.values() if (record.key, record.version) not in stand]
    await matches.end(connection, gone)
    await matches.note_ended(connection, [record.key for record in new if record.event is None])
    await erasures.purge_dead_letters(connection, *(r.key for r in gone))


async def _standing(connection: Connection, records: Sequence[Received]) -> list[MatchChanged]:
    """The events that nobody's erasure has overtaken.

    Overtaken is what came before it and, of a match that was held then, all until its writer heard of it and ended it.
    """
    events = [record.event for record in records if isinstance(record.event, MatchChanged)]
    erased = await matches.erased_at(connection, {party for event in events for party in _sides(event)})
    to_end = await matches.to_be_ended(connection, [record.key for record in records])
    found = []
    for record in records:
        if not isinstance(record.event, MatchChanged):
            to_end.pop(record.key, None)
            continue
        at = record.event.occurred_at
        is_before = any(erased.get(side, _NEVER) >= at for side in _sides(record.event))
        if not is_before and not (record.key in to_end and at < to_end[record.key] + ENDED_WITHIN):
            found.append(record.event)
    return found


async def _untold(connection: Connection, events: Sequence[MatchChanged]) -> set[Notice]:
    """What these events give reason to tell, and the ledger does not hold."""
    reasons = [
        (notice, life_of(event))
        for event in events
        for notice in notices_of(event, event.occurred_at.astimezone(PARIS).date())
    ]
    told = await matches.tellings(connection, {notice for notice, _ in reasons})
    return {notice for notice, life in reasons if not is_told(notice.kind, life, told.get(notice, ()))}


def _rising(records: Iterable[Received], held: dict[str, int]) -> Iterator[Received]:
    """The records newer than what is held of their match, each newer than those before it."""
    for record in records:
        if record.version > held.get(record.key, 0):
            held[record.key] = record.version
            yield record


def _sides(match: MatchChanged) -> tuple[Party, Party]:
    return Party("project", match.project_id), Party(match.offer_type, match.offer_id)


async def on_preferences(connection: Connection, batch: Batch) -> None:
    """Hold what people chose, and move what already waits for them to their new times."""
    for record in batch.records:
        chosen = Preference()
        if isinstance(record.event, PreferenceSet):
            chosen = Preference(record.event.frequency, record.event.minimum)
        if await people.set_preference(connection, record.key, record.version, chosen):
            waiting = await people.waiting_since(connection, record.key)
            times = [(kind, match_id, due_at(kind, since, chosen.frequency)) for kind, match_id, since in waiting]
            await people.reschedule(connection, record.key, times)


async def on_erasures(connection: Connection, batch: Batch) -> None:
    """Purge what was said before of whom and what was erased, and stop the mails that tell of them.

    One that is known already changes nothing: what it names may have come anew since.
    """
    for record in batch.records:
        if not isinstance(record.event, Erased):
            continue
        at = record.event.occurred_at
        named = {(str(record.event.subject), record.event.subject_id), *record.event.entities}
        subjects = await erasures.not_known(connection, named, at)
        await erasures.remember(connection, subjects, at)
        # People first: freezing locks in that order too.
        for subject, subject_id in sorted(subjects, key=lambda one: (one[0] != "person", one)):
            if subject == "person":
                await erasures.purge_person(connection, subject_id)
            else:
                await erasures.purge_matches(connection, subject, subject_id, at)
            await erasures.purge_dead_letters(connection, subject_id)


HANDLERS: dict[str, Handler] = {"matches": on_matches, "preferences": on_preferences, "erasures": on_erasures}
