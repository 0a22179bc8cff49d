"""Notices find the people who answer for their party, or wait for them a week."""

from datetime import datetime

from services.notifier.connectors.contacts import Answer, Contacts
from services.notifier.messages.notices import Notice
from services.notifier.messages.schedule import CONTACT_AWAITED, Preference, contact_pause, due_at
from services.notifier.store import matches, people
from shared.database import Connection, Pool, in_transaction

_PARTIES_AT_ONCE = 200


async def assign(pool: Pool, contacts: Contacts, now: datetime) -> bool:
    """Assign the due notices of some parties; whether any were there to take. Raises `IngestAway`."""
    parties = await matches.waiting_parties(pool, now, _PARTIES_AT_ONCE)
    if not parties:
        return False
    answer = await contacts.of(parties)

    async def work(connection: Connection) -> bool:
        claimed = await matches.claim_notices(connection, parties, now)
        await _assign(connection, claimed, answer, now)
        return bool(claimed)

    return await in_transaction(pool, work)


async def _assign(
    connection: Connection, claimed: list[tuple[Notice, datetime]], answer: Answer, now: datetime
) -> None:
    told = [(notice, since) for notice, since in claimed if answer.contacts[notice.party]]
    person_ids = {contact.person_id for notice, _ in told for contact in answer.contacts[notice.party]}
    chosen = await people.preferences(connection, person_ids)
    await people.add_pending(connection, _pending(told, answer, chosen))
    alone = [(notice, since) for notice, since in claimed if not answer.contacts[notice.party]]
    late = [notice for notice, since in alone if now - since >= CONTACT_AWAITED]
    await matches.drop_notices(connection, [*(notice for notice, _ in told), *late])
    again = [(notice, now + contact_pause(now - since)) for notice, since in alone if now - since < CONTACT_AWAITED]
    await matches.ask_later(connection, again)


def _pending(
    told: list[tuple[Notice, datetime]], answer: Answer, chosen: dict[str, Preference]
) -> list[tuple[str, Notice, datetime, datetime]]:
    """One row per person and notice; none for those who chose not to be told, or who are erased."""
    rows = []
    for notice, since in told:
        for contact in answer.contacts[notice.party]:
            preference = chosen.get(contact.person_id)
            due = due_at(notice.kind, since, preference.frequency) if preference else None
            if due is not None:
                rows.append((contact.person_id, notice, since, due))
    return rows
