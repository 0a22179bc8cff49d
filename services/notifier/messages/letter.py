"""What a mail is made from, and the letter that both its parts say."""

from dataclasses import dataclass, field
from datetime import date

from services.notifier.messages.notices import Party, side_of
from shared.events.matches import MatchChanged
from shared.events.people import MailKind
from shared.events.vocabulary import Side

SHOWN = 5
"""Matches told in one mail, best first; a link leads to the rest."""


@dataclass(frozen=True)
class Contact:
    """Someone who answers for a party; `email` is ASCII."""

    party: Party
    person_id: str
    email: str
    name: str | None = None
    role: str = "contact"


@dataclass(frozen=True)
class Item:
    """One match to tell, to the party that the recipient answers for."""

    match: MatchChanged
    party: Party
    counterparts: tuple[Contact, ...] = ()
    """Who to write to on the other side: given for an introduction alone."""
    owner_name: str | None = None
    """The real name of an individual who bears the project: given for an introduction alone."""

    @property
    def side(self) -> Side | None:
        return side_of(self.party)

    @property
    def owner(self) -> str:
        return self.owner_name or self.match.project.owner_name


@dataclass(frozen=True)
class Order:
    """One mail to make: `items` are best first, all of one kind, at least one."""

    kind: MailKind
    recipient: Contact
    items: tuple[Item, ...]
    today: date

    @property
    def shown(self) -> tuple[Item, ...]:
        return self.items[:SHOWN]

    @property
    def parties(self) -> tuple[Party, ...]:
        """The recipient's parties that the mail is about, in the order of its items."""
        return tuple(dict.fromkeys(item.party for item in self.items))


@dataclass(frozen=True)
class Link:
    """Words and the address they lead to."""

    label: str
    url: str


@dataclass(frozen=True)
class Card:
    """One match: what it is, who stands behind it, why it fits, how much and until when, what to do."""

    title: str
    who: str
    lines: tuple[str, ...] = ()
    fit: str | None = None
    reasons: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    contacts: tuple[Link, ...] = ()
    button: Link | None = None
    decline: Link | None = None


@dataclass(frozen=True)
class Letter:
    """All that a mail says, in order; the text part and the HTML part say exactly this."""

    sender: str
    subject: str
    opening: str | None
    cards: tuple[Card, ...]
    settings: Link
    rest: Link | None = None
    footer: tuple[str, ...] = field(default=())
