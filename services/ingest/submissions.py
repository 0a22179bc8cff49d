"""Takes submissions in: what is new is kept and announced in one transaction, what is not changes nothing."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from services.ingest.announcing import event_of, keep_next, publish
from services.ingest.intake.depositing import described, operator_overreach
from services.ingest.intake.duplicates import twin_key
from services.ingest.intake.known import Known
from services.ingest.intake.outcome import Accepted, Fault
from services.ingest.intake.rights import Standing, Submitter, overreach, party_of
from services.ingest.people import described_person, new_person
from services.ingest.store import entities, erasure, people
from services.ingest.store.entities import Kept, Party
from services.ingest.store.operators import OperatorNames, operator_names
from services.ingest.store.people import Person
from shared.database import Connection
from shared.events.event import Event
from shared.events.vocabulary import EntityType
from shared.outbox import announce

Expected = Callable[[int], bool]
Result = Literal["accepted", "unchanged", "refused", "moved"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission; `moved`: it is not at the version that the submitter expected."""

    result: Result
    accepted: Accepted
    kept: Kept | None = None
    created: bool = False
    faults: tuple[Fault, ...] = ()


class SubmitterGone(Exception):
    """They were erased since they were told apart: nothing is taken from them. The message says so, in French."""

    def __init__(self, who: Submitter) -> None:
        super().__init__(f"effacé : {who.actor} n'existe plus, rien n'est pris de sa part")
        self.who = who


@dataclass(slots=True)
class _Deposit:
    """One submission on its way, with what was on record of it."""

    accepted: Accepted
    digest: bytes | None
    kept: Kept | None
    contact: Person | None

    @property
    def party(self) -> Party:
        return self.accepted.entity_type, self.accepted.entity_id


@dataclass(slots=True)
class _Batch:
    """What the submissions of one transaction share; `users`: owner or company id -> the organisations that use it."""

    connection: Connection
    who: Submitter
    known: Known
    expected: Expected | None
    users: dict[str, set[str | None]]
    names: OperatorNames
    events: list[Event] = field(default_factory=list)


async def deposit(
    connection: Connection,
    who: Submitter,
    submissions: Sequence[Accepted],
    *,
    known: Known,
    expected: Expected | None = None,
) -> list[Outcome]:
    """What became of each submission, in their order; kept and announced when this transaction commits.

    An entity whose version (0: none yet) is not `expected` is left as it is. The same content twice, with
    the same contact, changes nothing. No two submissions may be of one entity. Raises `SubmitterGone`.
    """
    await hold(connection, who)
    funds = any(each.entity_type == "fund" for each in submissions)
    names = await operator_names(connection, who) if funds and not who.is_trusted else OperatorNames()
    deposits = await _on_record(connection, who, submissions, names)
    fresh = [each for each in deposits if expected is not None or not _same(each)]
    if fresh:
        await locked(connection, [each.party for each in fresh], also=_names(fresh))
        accepted = [each.accepted for each in fresh]
        again = {each.party: each for each in await _on_record(connection, who, accepted, names)}
        deposits = [again.get(each.party, each) for each in deposits]
    parties = [party for each in deposits if (party := party_of(each.accepted.entity)) is not None]
    batch = _Batch(
        connection, who, known, expected, await entities.organisations_of_parties(connection, parties), names
    )
    outcomes = [await _take(batch, each) for each in deposits]
    await announce(connection, *batch.events)
    return outcomes


async def hold(connection: Connection, who: Submitter) -> None:
    """Keeps the submitter from being erased until the transaction ends; call before any other lock.

    Raises `SubmitterGone` when they were erased before.
    """
    await entities.lock_shared(connection, who.actor)
    if await erasure.is_erased(connection, who.actor, who.organisation_id):
        raise SubmitterGone(who)


async def locked(
    connection: Connection, parties: Sequence[Party], also: frozenset[str] = frozenset()
) -> dict[Party, Kept]:
    """Those of these entities that are kept, each locked with its group of twins until the transaction ends.

    `also` names further locks, taken with them so that the order is the same everywhere.
    """
    groups = _groups(await entities.kept_of(connection, parties))
    named = {f"entity:{entity_type}:{entity_id}" for entity_type, entity_id in parties}
    while True:
        await entities.lock(connection, groups | named | also)
        kept = await entities.kept_of(connection, parties)
        if _groups(kept) <= groups:
            return kept
        # Someone moved one to another group before we had the lock: that group too, then.
        groups |= _groups(kept)


def _groups(kept: Mapping[Party, Kept]) -> set[str]:
    return {f"twins:{each.twin_digest.hex()}" for each in kept.values() if each.twin_digest}


async def _on_record(
    connection: Connection, who: Submitter, submissions: Sequence[Accepted], names: OperatorNames
) -> list[_Deposit]:
    parties: list[Party] = [(each.entity_type, each.entity_id) for each in submissions]
    kept = await entities.kept_of(connection, parties)
    contacts = await people.contacts_of(connection, parties, as_said=True)
    deposits = []
    for each, party in zip(submissions, parties, strict=True):
        before = kept.get(party)
        said = described(who, each, before.content if before else None, names.own)
        deposits.append(_Deposit(said, twin_digest(said), before, contacts.get(party)))
    return deposits


def twin_digest(accepted: Accepted) -> bytes | None:
    """Equal for submissions that say the same thing twice."""
    key = twin_key(accepted.entity)
    return None if key is None else hashlib.sha256(key.encode()).digest()


def _names(deposits: Sequence[_Deposit]) -> frozenset[str]:
    """What to lock beyond the entities themselves: groups of twins to be joined, owners, addresses."""
    names = {f"twins:{each.digest.hex()}" for each in deposits if each.digest}
    for each in deposits:
        names |= {entities.party_lock(party) for party in (party_of(each.accepted.entity),) if party}
        if each.accepted.contact:
            names |= {people.address_lock(each.accepted.contact.email)}
    return frozenset(names)


def _same(each: _Deposit) -> bool:
    if each.kept is None or each.kept.content != each.accepted.content:
        return False
    if not each.accepted.contact_said:
        return True
    new, old = each.accepted.contact, each.contact
    if new is None or old is None:
        return new is None and old is None
    return (new.email, new.name or old.name, new.language or old.language) == (old.email, old.name, old.language)


def standing_of(kept: Kept | None) -> Standing | None:
    """What rights are judged on."""
    if kept is None:
        return None
    return Standing(kept.organisation_id, kept.party_id, str(kept.content["status"]))


async def _take(batch: _Batch, each: _Deposit) -> Outcome:
    party_id, expected = party_of(each.accepted.entity), batch.expected
    faults = overreach(batch.who, each.accepted, standing_of(each.kept), batch.users.get(party_id or "", set()))
    faults += operator_overreach(batch.who, each.accepted, batch.names.taken)
    if faults:
        return Outcome("refused", each.accepted, each.kept, faults=tuple(faults))
    if expected is not None and not expected(each.kept.version if each.kept else 0):
        return Outcome("moved", each.accepted, each.kept)
    if _same(each):
        return Outcome("unchanged", each.accepted, each.kept)
    kept = await _keep(batch, each)
    if party_id is not None:
        batch.users.setdefault(party_id, set()).add(kept.organisation_id)
    return Outcome("accepted", each.accepted, kept, created=each.kept is None)


async def _keep(batch: _Batch, each: _Deposit) -> Kept:
    before, connection = each.kept, batch.connection
    draft = Kept(
        each.accepted.entity_type,
        each.accepted.entity_id,
        before.organisation_id if before else batch.who.organisation_id,
        party_of(each.accepted.entity),
        before.version if before else 0,
        each.accepted.content,
        tuple(getattr(each.accepted.entity, "suggested_categories", ())),
        each.digest,
        None,
    )
    left = before.twin_digest if before and before.twin_digest != each.digest else None
    draft = replace(draft, duplicate_of=await entities.kept_twin(connection, draft))
    kept = await keep_next(connection, draft)
    await _set_contact(connection, batch.who, each)
    batch.events.append(await event_of(connection, kept, batch.known, created=before is None))
    for digest in (each.digest, left):
        for twin in await entities.twins_to_settle(connection, kept.entity_type, digest):
            revised = await keep_next(connection, twin)
            batch.events.append(await event_of(connection, revised, batch.known))
    return kept


async def settle_twins(connection: Connection, entity_type: EntityType, digest: bytes | None, known: Known) -> None:
    """Once one of a group of twins is gone for good, revives the one that stays now and points the others at it."""
    for twin in await entities.twins_to_settle(connection, entity_type, digest):
        await publish(connection, twin, known)


async def _set_contact(connection: Connection, who: Submitter, each: _Deposit) -> None:
    contact = each.accepted.contact
    if contact is not None:
        person_id = await new_person(connection, contact)
        if who.operator or who.person_id == person_id:
            await described_person(connection, contact)
        await people.set_contact(connection, each.party, person_id, contact)
    elif each.accepted.contact_said:
        await people.remove_contact(connection, each.party)
    elif each.kept is None and who.person_id is not None:
        await people.answer_for(connection, each.party, who.person_id)
