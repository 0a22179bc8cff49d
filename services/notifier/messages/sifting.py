"""What of the things that wait for someone goes into their next mail, and what is not to be told after all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.notifier.messages.compose import best_first
from services.notifier.messages.letter import Contact, Item
from services.notifier.messages.notices import Party, Telling, is_told, life_of, party_of, stands
from services.notifier.messages.schedule import Preference
from shared.events.matches import MatchChanged
from shared.events.people import MailKind
from shared.words.bands import reaches

Contacts = Mapping[Party, tuple[Contact, ...]]


@dataclass(frozen=True)
class Waiting:
    """One match that waits to be told to someone; without `match` there is nothing left to tell."""

    match_id: str
    party: Party
    match: MatchChanged | None
    tellings: tuple[Telling, ...] = ()
    """What the ledger holds of it."""

    def is_told(self, kind: MailKind) -> bool:
        """Whether nothing of this kind is left to tell."""
        return self.match is not None and is_told(kind, life_of(self.match), self.tellings)


@dataclass(frozen=True)
class Sifted:
    """`items` are told now, best first; `dropped` (match ids) never; what is in neither waits on."""

    items: tuple[Item, ...]
    dropped: tuple[str, ...]


def sift(
    person_id: str,
    kind: MailKind,
    waiting: Sequence[Waiting],
    *,
    contacts: Contacts,
    owners: Mapping[str, str],
    preference: Preference,
    today: date,
) -> Sifted:
    """Sort out what waits for a person; `contacts` has the parties that were asked for, whatever came of it.

    Dropped: what the ledger holds, what no longer stands, what is under the band that the person chose, and what
    concerns a party that the person no longer answers for.
    """
    items: list[Item] = []
    dropped: list[str] = []
    for each in waiting:
        item = _item(each, kind, contacts, owners)
        if item is None or each.party not in contacts:
            (dropped if each.match is None or each.is_told(kind) else []).append(each.match_id)
        elif (
            not each.is_told(kind)
            and _is_wanted(item, kind, preference)
            and _is_true(item, person_id, kind, contacts, today)
        ):
            items.append(item)
        else:
            dropped.append(each.match_id)
    return Sifted(best_first(items), tuple(dropped))


def _item(each: Waiting, kind: MailKind, contacts: Contacts, owners: Mapping[str, str]) -> Item | None:
    """What would be told; nothing while it is unknown who is on the other side of an introduction."""
    match = each.match
    if match is None:
        return None
    if kind != "introduction":
        return Item(match, each.party)
    other = party_of(match, "offer" if each.party.type == "project" else "project")
    if other is not None and other not in contacts:
        return None
    found = contacts[other] if other else ()
    return Item(match, each.party, counterparts=found, owner_name=owners.get(match.project_id))


def _is_wanted(item: Item, kind: MailKind, preference: Preference) -> bool:
    return kind != "suggestions" or reaches(item.match.score, preference.minimum)


def _is_true(item: Item, person_id: str, kind: MailKind, contacts: Contacts, today: date) -> bool:
    answers = any(contact.person_id == person_id for contact in contacts[item.party])
    return answers and stands(item.match, item.party, kind, today)
