"""Brings ingest on again from the log: what was erased stays erased, what was published is kept and said again."""

from datetime import UTC, datetime
from uuid import uuid4

from services.ingest.announcing import TOPICS, event_of
from services.ingest.intake.known import reference_known
from services.ingest.intake.outcome import Accepted, Entity
from services.ingest.intake.publication import concluded_by, is_individual, sides_of
from services.ingest.intake.reading_back import as_submitted
from services.ingest.intake.rights import party_of
from services.ingest.store import entities, erasure, progress
from services.ingest.store import restoring as store
from services.ingest.store.entities import Kept, Party
from services.ingest.submissions import twin_digest
from shared.database import Connection
from shared.dead_letter import Handler, forget
from shared.events.entities import EntityPublished
from shared.events.matches import MatchChanged
from shared.events.people import DayStarted, Erased
from shared.events.shapes import Project
from shared.events.vocabulary import EntityType
from shared.received import Batch
from shared.restoring import AT_ONCE, Restoration
from shared.scratch import Said


async def restore(work: Restoration, *, anew: bool) -> None:
    """Take over what the log knows and the database lacks, then publish every entity again.

    Contacts, accounts and keys are not in the log: the report lists what is left without. The state is never made anew.
    """
    assert not anew, "ingest cannot be rebuilt"
    await _erase_again(work)
    await work.hear([MatchChanged.topic], {MatchChanged.topic: _conclusions(work)})
    read_back: set[Party] = set()
    for entity_type, topic in TOPICS.items():
        async for said in work.news(topic):
            if await _read_back(work, (entity_type, said.key), said):
                read_back.add((entity_type, said.key))
    await _read_back_days(work)
    await work.raise_generation()
    await _state_entities(work)
    await _state_logs(work)
    await _report_lacking(work, read_back)


async def _erase_again(work: Restoration) -> None:
    """Apply the erasures that the database does not know of: a backup brings nobody back."""
    async for arrived in work.log.read([Erased.topic]):
        records = arrived.batch().records
        given = await store.given_versions(work.connection, Erased.topic, [record.key for record in records])
        for record in records:
            if isinstance(record.event, Erased) and record.version > given.get(record.key, 0):
                await _erase(work, record.event)
                work.report.counts["erased"] += 1


async def _erase(work: Restoration, event: Erased) -> None:
    gone = set(event.entities)
    if event.subject == "person":
        await erasure.delete_person(work.connection, event.subject_id)
    elif event.subject == "organisation":
        await erasure.delete_organisation(work.connection, event.subject_id)
    else:
        gone.add((event.subject, event.subject_id))
    for party in sorted(gone):
        await _delete(work.connection, party)
        await work.mark_erased(TOPICS[party[0]], [party[1]])


async def _delete(connection: Connection, party: Party) -> None:
    await erasure.delete_submission(connection, party)
    await erasure.unname_conclusions(connection, party)
    await forget(connection, party[1])


def _conclusions(work: Restoration) -> Handler:
    """Keeps what matches concluded."""

    async def on_matches(connection: Connection, batch: Batch) -> None:
        for record in batch.records:
            match = record.event
            if not isinstance(match, MatchChanged) or match.state != "concluded":
                continue
            live = [side for side in sides_of(match) if await store.is_live(connection, side, TOPICS[side[0]])]
            kept = await entities.conclude(connection, match.match_id, live, concluded_by(match), match.occurred_at)
            work.report.counts["concluded"] += kept

    return on_matches


async def _read_back(work: Restoration, party: Party, said: Said) -> bool:
    """Keep what was published as it was submitted, or forget what ended; whether nothing of it was known."""
    if not isinstance(said.event, EntityPublished):
        await _delete(work.connection, party)
        return False
    before = (await entities.kept_of(work.connection, [party])).get(party)
    concluded = await entities.concluded_of(work.connection, *party, at=said.event.occurred_at)
    entity = as_submitted(said.event.entity, concluded, before.content if before else None)
    if isinstance(entity, Project) and is_individual(entity) and before is None:
        work.report.lacking.setdefault("name", []).append(said.key)
    accepted = Accepted(party[0], party[1], entity)
    kept = Kept(
        entity_type=party[0],
        entity_id=party[1],
        organisation_id=before.organisation_id if before else await _organisation_of(work.connection, entity),
        party_id=party_of(entity),
        version=said.version,
        content=accepted.content,
        suggested=tuple(getattr(entity, "suggested_categories", ())),
        twin_digest=twin_digest(accepted),
        duplicate_of=getattr(entity, "duplicate_of", None),
    )
    await entities.keep(work.connection, kept)
    await store.changed_then(work.connection, party, said.event.occurred_at)
    work.report.counts["entities"] += 1
    return before is None


async def _organisation_of(connection: Connection, entity: Entity) -> str | None:
    """Who submits for the same party, where one organisation alone does."""
    party_id = party_of(entity)
    users = (
        (await entities.organisations_of_parties(connection, [party_id])).get(party_id, set()) if party_id else set()
    )
    known = users - {None}
    return next(iter(known)) if len(known) == 1 else None


async def _read_back_days(work: Restoration) -> None:
    async for arrived in work.log.read([DayStarted.topic]):
        for record in arrived.batch().records:
            if isinstance(record.event, DayStarted):
                work.report.counts["days"] += await progress.add_day(work.connection, record.event.day)


async def _state_entities(work: Restoration) -> None:
    """Say every entity again, dated as it changed last: nothing of it moves."""
    known = reference_known()
    await work.drop_waiting(*TOPICS.values())
    for entity_type, topic in TOPICS.items():
        after = ""
        while found := await store.submissions_after(work.connection, entity_type, after, AT_ONCE):
            events = [(await event_of(work.connection, kept, known), changed_at) for kept, changed_at in found]
            await work.state(event.model_copy(update={"occurred_at": changed_at}) for event, changed_at in events)
            after = found[-1][0].entity_id
        await store.follow_versions(work.connection, entity_type, topic)
    await work.state_tombstones(*TOPICS.values())


async def _state_logs(work: Restoration) -> None:
    """Say again what the logs of erasures and days have lost: who is erased, which day it is."""
    connection, now = work.connection, datetime.now(UTC)
    has_erasures = await store.log_tells(connection, Erased.topic)
    await work.say_waiting_again(Erased.topic, DayStarted.topic)
    unsaid = await store.unsaid(connection, Erased.topic)
    subjects = {tuple(key.split(":", 1)) for key in unsaid}
    if unsaid or not has_erasures:
        # What was erased with a person or an organisation is not remembered as such: it is said by itself.
        types: dict[str, EntityType] = {topic: entity_type for entity_type, topic in TOPICS.items()}
        subjects |= {(types[topic], key) for topic, key in await erasure.erased_keys(connection, list(types))}
    gone = [each for each in sorted(subjects) if not await _lives_again(connection, *each)]
    about = {"version": 1, "occurred_at": now}
    await work.state(
        Erased.model_validate({**about, "event_id": uuid4(), "subject": subject, "subject_id": subject_id})
        for subject, subject_id in gone
    )
    last = await progress.last_day_said(connection)
    if last and await store.unsaid(connection, DayStarted.topic):
        await work.state([DayStarted(version=1, event_id=uuid4(), occurred_at=now, day=last)])


async def _lives_again(connection: Connection, subject: str, subject_id: str) -> bool:
    """Whether something was submitted again under the id of what was erased."""
    topic = {str(entity_type): topic for entity_type, topic in TOPICS.items()}.get(subject)
    return topic is not None and not await erasure.was_erased(connection, topic, subject_id)


async def _report_lacking(work: Restoration, read_back: set[Party]) -> None:
    """List what came back without somebody to write to, or whom it belongs to."""
    for party, organisation_id in await store.unanswered_for(work.connection):
        if party not in read_back:
            continue
        what = "coordinator" if party[0] == "territory" else "contact"
        work.report.lacking.setdefault(what, []).append(party[1])
        if organisation_id is None and party[0] in {"project", "commitment"}:
            work.report.lacking.setdefault("organisation", []).append(party[1])
