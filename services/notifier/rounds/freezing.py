"""Due mails are frozen: what they tell, their bytes and their Message-ID commit together before anything is sent."""

from collections.abc import Callable
from datetime import datetime

from services.notifier.connectors.contacts import Answer, Contacts
from services.notifier.messages.letter import Order
from services.notifier.messages.sifting import sift
from services.notifier.rounds.writing import MailWriter
from services.notifier.store import erasures, mails, matches, people
from services.notifier.store.people import Due
from shared import tracing
from shared.database import Connection, Pool, in_transaction
from shared.words.french import PARIS

_MAILS_AT_ONCE = 50


async def freeze(pool: Pool, contacts: Contacts, writer: MailWriter, now: datetime, new_id: Callable[[], str]) -> bool:
    """Freeze some of the due mails; whether any were there to take. Raises `IngestAway`."""
    due = await people.due_mails(pool, now - writer.window, now - writer.apart, _MAILS_AT_ONCE)
    if not due:
        return False
    answer = await contacts.of(party for one in due for party in one.parties)
    taken = False
    for one in due:
        mail_id = new_id()

        async def work(connection: Connection, one: Due = one, mail_id: str = mail_id) -> bool:
            return await freeze_mail(connection, one, answer, writer, now=now, mail_id=mail_id)

        taken = await in_transaction(pool, work) or taken
    return taken


async def freeze_mail(
    connection: Connection, due: Due, answer: Answer, writer: MailWriter, *, now: datetime, mail_id: str
) -> bool:
    """Freeze one mail under its recipient's row lock; false while another process holds it."""
    mentioned = {c.person_id for party in due.parties for c in answer.contacts.get(party, ())}
    tellable = await people.let_be_told_of(connection, [due.person_id, *mentioned])
    preference = await people.claim_recipient(connection, due.person_id)
    if preference is None:
        return False
    if due.person_id not in tellable:
        await erasures.purge_person(connection, due.person_id)
        return True
    if due.kind == "suggestions" and await people.has_suggestions_since(connection, due.person_id, now - writer.apart):
        return False
    contacts = {
        party: tuple(contact for contact in answer.contacts[party] if contact.person_id in tellable)
        for party in due.parties
    }
    sifted = sift(
        due.person_id,
        due.kind,
        await people.claim_waiting(connection, due.person_id, due.kind, now - writer.window),
        contacts=contacts,
        owners=answer.owners,
        preference=preference,
        today=now.astimezone(PARIS).date(),
    )
    if sifted.items:
        recipient = next(c for c in contacts[sifted.items[0].party] if c.person_id == due.person_id)
        order = Order(due.kind, recipient, sifted.items, now.astimezone(PARIS).date())
        await _keep(connection, order, writer, now=now, mail_id=mail_id)
    gone = [*(item.match.match_id for item in sifted.items), *sifted.dropped]
    await people.drop_pending(connection, due.person_id, [(due.kind, match_id) for match_id in gone])
    await mails.forget_bodies(connection, sifted.dropped)
    return True


async def _keep(connection: Connection, order: Order, writer: MailWriter, *, now: datetime, mail_id: str) -> None:
    causes: list[str] = []
    if tracing.is_on():
        causes = await matches.traces_of(connection, [item.match.match_id for item in order.items])
    with tracing.span("freeze mail", causes, attributes={"essaim.kind": order.kind, "essaim.mail_id": mail_id}):
        await _freeze(connection, order, writer, now=now, mail_id=mail_id)


async def _freeze(connection: Connection, order: Order, writer: MailWriter, *, now: datetime, mail_id: str) -> None:
    mail = mails.Mail(
        mail_id=mail_id,
        person_id=order.recipient.person_id,
        kind=order.kind,
        message_id=writer.message_id(mail_id),
        recipient=order.recipient.email,
        content=writer.write(order, mail_id, now),
        failures=0,
        trace=tracing.current_trace(),
    )
    mentions = {contact.person_id for item in order.items for contact in item.counterparts}
    await mails.freeze(connection, mail, order.items, mentions=sorted(mentions), at=now)
