"""Brings the console on again from the log: choices and answers are read back, the read model follows the topics."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from services.console.handlers import HANDLERS
from services.console.store import answers, matches, people
from services.console.store import restoring as store
from services.console.views.alerts import Preference
from services.console.views.answers import GivenAnswer
from services.console.views.unheard import on_their_way
from shared.database import Connection
from shared.dead_letter import Handler
from shared.events.matches import MatchChanged
from shared.events.people import AnswerGiven, PreferenceSet
from shared.received import Batch
from shared.restoring import AT_ONCE, NothingToRestoreFrom, Restoration
from shared.versions import newer

HEARD = ("erasures", "territories", "projects", "commitments", "funds", "matches", "deliveries")
"""In this order: what was made again after an erasure stays."""


async def restore(work: Restoration, *, anew: bool) -> None:
    """Take over what the log knows and the database lacks; with `anew`, forget first what the log can tell.

    People and their sessions stay as they are. Nothing of it enters the feed: it is no news. Raises
    `NothingToRestoreFrom` where there would be nothing left of what is forgotten.
    """
    await _read_back_preferences(work)
    await work.raise_generation()
    before = await store.held(work.connection)
    if anew:
        await store.forget_read_model(work.connection)
    handlers: dict[str, Handler] = {topic: HANDLERS[topic] for topic in HEARD}
    await work.hear(HEARD, {**handlers, MatchChanged.topic: _on_matches})
    after = await store.held(work.connection)
    for topic, count in before.items():
        if count and not after[topic]:
            raise NothingToRestoreFrom(topic)
    await _read_back_answers(work)
    await store.forget_what_is_gone(work.connection)
    await _state_answers(work)
    await _state_preferences(work)
    await work.forget_lost(AnswerGiven.topic)


async def _on_matches(connection: Connection, batch: Batch) -> None:
    """Keep matches; answers to one that ended and was proposed again stay."""
    last = {record.key: record for record in await newer(connection, batch)}
    for record in last.values():
        if isinstance(record.event, MatchChanged):
            await matches.upsert(connection, record.event)
    await store.delete_matches(connection, [key for key, record in last.items() if record.event is None])


async def _read_back_preferences(work: Restoration) -> None:
    async for said in work.news(PreferenceSet.topic):
        if isinstance(said.event, PreferenceSet):
            chosen = Preference(said.event.frequency, said.event.minimum, said.event.language)
            await people.upsert_preference(work.connection, said.key, chosen)
            work.report.counts["preferences"] += 1
        else:
            await store.delete_preference(work.connection, said.key)


async def _read_back_answers(work: Restoration) -> None:
    """Keep the answers that were said to matches that are held; who gave them is not in the log."""
    async for arrived in work.log.read([AnswerGiven.topic]):
        events = [record.event for record in arrived.batch().records]
        given = {each.event_id: _given(each) for each in events if isinstance(each, AnswerGiven)}
        work.report.counts["answers"] += await store.put_answers(work.connection, list(given.values()))


def _given(event: AnswerGiven) -> GivenAnswer:
    return GivenAnswer(
        answer_id=event.event_id,
        match_id=event.match_id,
        project_id=event.project_id,
        side=event.side,
        answer=event.answer,
        reason=event.reason,
        show_reason=event.show_reason,
        amount_eur=event.amount_eur,
        days=event.days,
        person_id=None,
        given_at=event.occurred_at,
        due_at=event.occurred_at,
        announced_at=event.occurred_at,
    )


async def _state_answers(work: Restoration) -> None:
    """Say again, in their order, the answers that the log does not hold and that no match shows to be handled.

    So do those that wait to leave; of an answer to a match that is gone nothing is said.
    """
    await work.drop_waiting(AnswerGiven.topic)
    after = ""
    while ids := await store.matches_with_unsaid_answers(work.connection, after, AT_ONCE):
        given = await answers.of_matches(work.connection, ids)
        held = await matches.by_id(work.connection, ids)
        said = [
            one
            for match_id in held.keys() & given.keys()
            for one in on_their_way(held[match_id], _in_order(one for one in given[match_id] if not one.is_held))
        ]
        known = await store.ids_in_log(work.connection, [one.answer_id for one in said])
        await work.state(
            one.event(1, one.announced_at) for one in _in_order(said) if one.announced_at and one.answer_id not in known
        )
        after = ids[-1]


def _in_order(given: Iterable[GivenAnswer]) -> list[GivenAnswer]:
    """As they were said."""
    return sorted(given, key=lambda one: (one.announced_at or one.given_at, one.given_at, one.answer_id))


async def _state_preferences(work: Restoration) -> None:
    await work.drop_waiting(PreferenceSet.topic)
    now, after = datetime.now(UTC), ""
    while chosen := await store.preferences(work.connection, after, AT_ONCE):
        await work.state(
            PreferenceSet.model_validate(
                {
                    "version": 1,
                    "event_id": uuid4(),
                    "occurred_at": now,
                    "person_id": person_id,
                    "frequency": each.frequency,
                    "minimum": each.minimum,
                    "language": each.language,
                }
            )
            for person_id, each in chosen
        )
        after = chosen[-1][0]
    await work.state_tombstones(PreferenceSet.topic)
