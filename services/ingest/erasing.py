"""What is erased is forgotten here, with what was being submitted of it, and every other service is told to."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from services.ingest.announcing import TOPICS, publish
from services.ingest.intake.known import Known
from services.ingest.store import entities, erasure, people
from services.ingest.store.entities import Kept, Party
from services.ingest.submissions import locked, settle_twins
from shared.database import Connection
from shared.dead_letter import forget
from shared.events.people import Erased
from shared.events.vocabulary import INDIVIDUALS, EntityType
from shared.outbox import announce, announce_erased, next_version, purge_waiting

Subject = Literal["person", "organisation"] | EntityType


async def erase_entity(connection: Connection, party: Party, known: Known) -> bool:
    """Forgets an entity, and its contact where nothing else is theirs; False when there is no such entity."""

    async def itself() -> Sequence[Party]:
        return [party]

    kept = await _held(connection, itself)
    if party not in kept:
        return False
    concerned = await erasure.people_of(connection, [party])
    await _purge(connection, kept[party], known)
    await _say(connection, party[0], party[1], [party])
    await _forget_idle(connection, concerned)
    return True


async def erase_person(connection: Connection, person_id: str, known: Known) -> bool:
    """Forgets a person, with the projects carried in their own name; their other entities are left without contact."""

    async def theirs() -> Sequence[Party]:
        return sorted((await people.holding_of(connection, person_id)).entities)

    await entities.lock(connection, [f"person:{person_id}"])
    person = await people.person_by(connection, person_id=person_id)
    if person is None:
        return False
    kept = await _held(connection, theirs, *people.locks_of(person))
    own = [each for party, each in sorted(kept.items()) if _is_their_own(each)]
    await erasure.delete_person(connection, person_id)
    for each in own:
        await _purge(connection, each, known)
    for party, each in sorted(kept.items()):
        if each not in own and party[0] in {"fund", "territory"}:
            # Whether someone answers for it is part of its event.
            await publish(connection, each, known)
    await _say(connection, "person", person_id, [(each.entity_type, each.entity_id) for each in own])
    return True


async def erase_organisation(connection: Connection, organisation_id: str, known: Known) -> bool:
    """Forgets an organisation, its keys and all that it submitted or that was submitted for it."""

    async def theirs() -> Sequence[Party]:
        return await erasure.entities_of_organisation(connection, organisation_id)

    await entities.lock(connection, [f"organisation:{organisation_id}"])
    kept = await _held(connection, theirs, entities.party_lock(organisation_id))
    concerned = await erasure.people_of(connection, sorted(kept))
    known_here = await erasure.delete_organisation(connection, organisation_id)
    if not known_here and not kept:
        return False
    for _, each in sorted(kept.items()):
        await _purge(connection, each, known)
    await _say(connection, "organisation", organisation_id, sorted(kept))
    await _forget_idle(connection, concerned)
    return True


async def is_forgotten(connection: Connection, subject: Subject, subject_id: str) -> bool:
    """Whether this was erased before: a second call has nothing to do."""
    if subject in TOPICS:
        return await erasure.was_erased(connection, TOPICS[subject], subject_id)
    return await erasure.was_said(connection, "erasures", f"{subject}:{subject_id}")


async def _held(
    connection: Connection, concerned: Callable[[], Awaitable[Sequence[Party]]], *names: str
) -> dict[Party, Kept]:
    """Those of the entities concerned that are kept; until the transaction ends nobody changes, joins or leaves them.

    Whoever submits locks what it gives an entity to: its owner or company, its contact. So what is concerned is read
    again under these locks, and what came meanwhile is locked too. The contacts are locked, or one who is left with
    nothing would be forgotten while something else is given to them.
    """
    kept, parties, held = dict[Party, Kept](), set[Party](), set[str]()
    while True:
        found = await concerned()
        contacts = await people.contacts_of(connection, found)
        wanted = set(names).union(*(people.locks_of(person) for person in contacts.values()))
        if wanted <= held and set(found) <= parties:
            return {party: kept[party] for party in found if party in kept}
        kept = await locked(connection, found, also=frozenset(wanted))
        parties, held = set(found), held | wanted


async def _purge(connection: Connection, kept: Kept, known: Known) -> None:
    """Deletes all that is kept of an entity, revives its twins, and leaves a tombstone to the relay."""
    party, topic = (kept.entity_type, kept.entity_id), TOPICS[kept.entity_type]
    await erasure.delete_submission(connection, party)
    await erasure.unname_conclusions(connection, party)
    await purge_waiting(connection, topic, kept.entity_id)
    await forget(connection, kept.entity_id)
    await announce_erased(connection, topic, kept.entity_id)
    await settle_twins(connection, kept.entity_type, kept.twin_digest, known)


def _is_their_own(kept: Kept) -> bool:
    return kept.entity_type == "project" and kept.content["owner"]["legal_form"] in INDIVIDUALS


async def _forget_idle(connection: Connection, concerned: Sequence[str]) -> None:
    """An address was given for what is gone: it goes too, unless it serves something else."""
    for person_id in await erasure.without_anything(connection, concerned):
        await erasure.delete_person(connection, person_id)
        await _say(connection, "person", person_id, ())


async def _say(connection: Connection, subject: Subject, subject_id: str, entities: Sequence[Party]) -> None:
    key = f"{subject}:{subject_id}"
    version = await next_version(connection, "erasures", key)
    erased = Erased(
        version=version,
        event_id=uuid4(),
        occurred_at=datetime.now(UTC),
        subject=subject,
        subject_id=subject_id,
        entities=tuple(entities),
    )
    await announce(connection, erased)
