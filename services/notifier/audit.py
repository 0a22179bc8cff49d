"""What an audit compares of the notifier: the matches it heard, and its ledger with what there was to tell."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime

import httpx

from services.notifier.connectors.contacts import TIMEOUT_SECONDS, Contacts
from services.notifier.handlers import HANDLERS
from services.notifier.messages.notices import SUGGESTED_AGAIN_AFTER, Notice, Party, is_told, life_of
from services.notifier.messages.owed import owed
from services.notifier.store import auditing
from services.notifier.store.auditing import Books
from shared.audit_reading import Topics, handled, set_aside, snapshot
from shared.audit_reading import held as held_of
from shared.auditing import Finding, Held
from shared.database import Connection, Pool
from shared.events.matches import MatchChanged
from shared.events.people import MailDelivered
from shared.events.vocabulary import EntityType
from shared.received import Place, Received
from shared.words.french import PARIS

SERVICE = "notifier"
HEARD = ("matches", "preferences")
"""Topics whose keys the notifier holds; of an erasure it keeps who, not which event said so."""
HANDLED = tuple(HANDLERS)

PeopleBehind = Mapping[tuple[EntityType, str], frozenset[str]]
"""Who answers for some parties, by the ids of people."""
ContactsOf = Callable[[Collection[tuple[EntityType, str]]], Awaitable[PeopleBehind]]


async def held(connection: Connection, topic: str) -> Held:
    """The versions heard of matches, or of what people chose."""
    if topic == "matches":
        return await held_of(connection, topic, auditing.MATCHES, is_complete=False)
    gone = await auditing.erased_people(connection)
    return await held_of(connection, topic, auditing.PREFERENCES, excused=gone, is_complete=False)


async def forgotten(connection: Connection, topic: str) -> frozenset[str]:
    """Mails of which the log or erasure has forgotten that they left."""
    return await auditing.old_deliveries(connection) if topic == MailDelivered.topic else frozenset()


async def findings(pool: Pool, topics: Topics) -> list[Finding]:
    """What was told twice, or of matches that nobody ever said; the topics are compared elsewhere."""
    async with snapshot(pool) as connection:
        twice = await auditing.told_twice(connection, SUGGESTED_AGAIN_AFTER)
        of_nothing = await auditing.told_of_nothing(connection)
    return [
        *(
            Finding(SERVICE, "told-twice", f"{match} ({kind}) {person}", "once", "twice")
            for match, kind, person in twice
        ),
        *(Finding(SERVICE, "told-of-nothing", match_id, "nothing", "told") for match_id in of_nothing),
    ]


async def asked_of_ingest(url: str, token: str, parties: Collection[tuple[EntityType, str]]) -> PeopleBehind:
    """Who answers for these, by ingest's internal read; raises `IngestAway`."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS) as client:
        found = (await Contacts(client).of(Party(*each) for each in parties)).contacts
    return {(party.type, party.id): frozenset(each.person_id for each in some) for party, some in found.items()}


async def untold(pool: Pool, topics: Topics, contacts_of: ContactsOf) -> list[Finding]:
    """What stands, arose in the last days, and was neither told nor waits, though somebody answers for the party.

    People who ever chose when to be told are left out: what they had chosen then is not kept.
    """
    view = await topics.view(MatchChanged.topic)
    found: list[Finding] = []
    async for records in topics.last_events(view):
        async with snapshot(pool) as connection:
            done, bad = await handled(connection, MatchChanged.topic), await set_aside(connection, MatchChanged.topic)
            heard = [each for each in records if _is_handled(each, done, bad)]
            books = await auditing.books_of(connection, [each.key for each in heard])
        found += await _untold(heard, books, contacts_of)
    return found


def _is_handled(record: Received, done: Mapping[int, int], bad: frozenset[Place]) -> bool:
    return record.offset < done.get(record.partition, 0) and record.place not in bad


async def _untold(records: Iterable[Received], books: Books, contacts_of: ContactsOf) -> list[Finding]:
    now = datetime.now(UTC)
    due = [
        (notice, record.event)
        for record in records
        if isinstance(record.event, MatchChanged)
        for notice in owed(record.event, now, now.astimezone(PARIS).date())
    ]
    if not due:
        return []
    contacts = await contacts_of({(notice.party.type, notice.party.id) for notice, _ in due})
    return [
        Finding(SERVICE, "untold", f"{notice.match_id} ({notice.kind})", f"told to {_name(notice)}", "nothing")
        for notice, match in due
        if is_untold(notice, match, books, contacts.get((notice.party.type, notice.party.id), frozenset()))
    ]


def is_untold(notice: Notice, match: MatchChanged, books: Books, people: frozenset[str]) -> bool:
    """Whether some of `people`, who answer for the party, should know and nothing was told or waits."""
    if not people - books.choosers:
        return False
    thing = notice.match_id, notice.kind
    tellings = [
        telling for person, party, telling in books.told.get(thing, ()) if party == notice.party or person in people
    ]
    waits = any(party == notice.party or person in people for person, party in books.waiting.get(thing, ()))
    return not waits and not is_told(notice.kind, life_of(match), tellings)


def _name(notice: Notice) -> str:
    return f"{notice.party.type} {notice.party.id}"
