"""What was mailed, and whether each thing was told once: in one Message-ID, always the same bytes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args

from services.notifier.messages.notices import SIDES, Party, Telling, is_told, life_of, party_of, stands
from shared.database import Pool
from shared.events.matches import MatchChanged
from shared.events.people import MailDelivered, MailKind
from tests.faults.log import Log
from tests.faults.post import Mail

_MATCH = re.compile(r"/rapprochements/([^?\s]+)")
Told = tuple[str, str, str]
"""Person, match and kind."""


@dataclass(frozen=True)
class MailBooks:
    """The notifier's ledger, what became of each mail, and everybody's address as ingest has it."""

    ledger: dict[Told, dict[str, Telling]]
    """By Message-ID, one for each life of the match."""
    states: dict[str, str]
    addresses: dict[str, str]

    @classmethod
    async def read(cls, notifier: Pool, ingest: Pool) -> "MailBooks":
        """As they now stand."""
        rows = await notifier.fetch("SELECT person_id, match_id, kind, began_at, told_at, message_id FROM ledger")
        mails = await notifier.fetch("SELECT message_id, state FROM mails")
        people = await ingest.fetch("SELECT person_id, email FROM people")
        ledger: dict[Told, dict[str, Telling]] = defaultdict(dict)
        for row in rows:
            telling = Telling(row["began_at"], row["told_at"])
            ledger[row["person_id"], row["match_id"], row["kind"]][row["message_id"]] = telling
        return cls(
            dict(ledger),
            {row["message_id"]: row["state"] for row in mails},
            {row["person_id"]: row["email"] for row in people},
        )


def copy_faults(mails: Sequence[Mail], most_repeats: int) -> Iterator[str]:
    """Copies of one Message-ID are the same bytes to the same address, and no more than the faults explain."""
    by_id: dict[str, list[Mail]] = defaultdict(list)
    for mail in mails:
        by_id[mail.message_id].append(mail)
    for message_id, copies in by_id.items():
        if len({(mail.recipient, mail.digest) for mail in copies}) > 1:
            yield f"{message_id} came with different bytes"
        if len(copies) - 1 > most_repeats:
            yield f"{message_id} came {len(copies)} times, with {most_repeats} interruptions"


def telling_faults(mails: Sequence[Mail], log: Log, books: MailBooks) -> Iterator[str]:
    """Each (recipient, match, kind) is in exactly one Message-ID for each life: in what was said, and in what came."""
    lives = {
        (told[1], each): telling.began_at for told, by_id in books.ledger.items() for each, telling in by_id.items()
    }
    deliveries = {event.message_id: event for event in _deliveries(log)}
    came: dict[Told, set[str]] = defaultdict(set)
    for mail in (each for each in mails if each.message_id in deliveries):
        for match_id in set(_MATCH.findall(mail.text)):
            came[mail.recipient, match_id, deliveries[mail.message_id].kind].add(mail.message_id)
    for told, message_ids in (*_by_told(deliveries.values()).items(), *came.items()):
        if len(message_ids) > len({lives.get((told[1], each)) for each in message_ids}):
            yield f"{told} is in several mails: {sorted(message_ids)}"


def ledger_faults(books: MailBooks, log: Log) -> Iterator[str]:
    """The ledger has what was said, in the same Message-IDs; erasure forgets mails, and what its matches told."""
    said = _by_told(_deliveries(log))
    stands = {key for key, record in log.compacted("matches").items() if record.body is not None}
    for told, message_ids in said.items():
        kept = message_ids & books.states.keys()
        if told[1] in stands and not kept <= books.ledger.get(told, {}).keys():
            yield f"{told} was said in {kept}, the ledger has {books.ledger.get(told)}"
    for told, tellings in books.ledger.items():
        for message_id in tellings.keys() & books.states.keys() - said.get(told, set()):
            yield f"the ledger has {told} in {message_id}, said: {said.get(told)}"


def _by_told(deliveries: Iterable[MailDelivered]) -> dict[Told, set[str]]:
    found: dict[Told, set[str]] = defaultdict(set)
    for event in deliveries:
        for match_id in event.match_ids:
            found[event.person_id, match_id, event.kind].add(event.message_id)
    return found


def arrival_faults(mails: Sequence[Mail], books: MailBooks, log: Log) -> Iterator[str]:
    """Each mail that left has come, none is left behind, and nothing came that the notifier knows nothing of."""
    came = {mail.message_id for mail in mails}
    for message_id, state in books.states.items():
        if state != "sent" or message_id not in came:
            yield f"{message_id} is {state}, came: {message_id in came}"
    said = {event.message_id for event in _deliveries(log)}
    if not log.compacted("erasures"):  # which makes forget mails
        for message_id in came - said - books.states.keys():
            yield f"{message_id} came, and the notifier has nothing of it"


def untold(log: Log, answered_for: Mapping[tuple[str, str], set[str]], books: MailBooks, today: date) -> Iterator[str]:
    """What stands now and was never told to somebody who should know."""
    for record in log.compacted("matches").values():
        event = record.event
        if not isinstance(event, MatchChanged):
            continue
        for party, kind in _to_tell(event, today):
            for person_id in answered_for.get((party.type, party.id), ()):
                tellings = books.ledger.get((person_id, record.key, kind), {}).values()
                if not is_told(kind, life_of(event), tellings):
                    yield f"{person_id} was never told of {record.key} ({kind}, for {party})"


def _to_tell(match: MatchChanged, today: date) -> Iterator[tuple[Party, MailKind]]:
    sides = [party for party in (party_of(match, side) for side in SIDES) if party]
    for party in (*sides, *(Party("territory", each) for each in match.project.territories)):
        yield from ((party, kind) for kind in get_args(MailKind) if stands(match, party, kind, today))


def _deliveries(log: Log) -> list[MailDelivered]:
    events = [record.event for record in log.compacted("deliveries").values()]
    return [event for event in events if isinstance(event, MailDelivered)]
