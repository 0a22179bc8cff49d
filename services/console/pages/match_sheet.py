"""Shows a match to one reader: its facts, what they answered so far, who was told, and how to reach each other."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from services.console.connectors.ingest import Contacts, ServiceAway
from services.console.pages.context import Console
from services.console.pages.rendering import render
from services.console.store import answers, entities, people
from services.console.views.alerts import Delivery
from services.console.views.answers import GivenAnswer, Speaker, actions, hidden_until, quantities
from services.console.views.cards import card
from services.console.views.conclusion import Recap
from services.console.views.history import history_lines
from services.console.views.match_page import conditions, fact_rows, shares
from services.console.views.party import PartySheet, offer_sheet, project_sheet
from services.console.views.rights import Person, side_of
from services.console.views.speaking import speakers
from services.console.views.unheard import as_answered, unheard
from services.console.views.waiting import ending, thanks_words, waiting_words
from shared.events.matches import MatchChanged
from shared.events.vocabulary import Side
from shared.links import PARAMETER

CONTACTS_FROM = frozenset({"introduced", "concluded"})


@dataclass(frozen=True, slots=True)
class Reading:
    """A match and who reads it: signed in, or by the link of a mail, which `link` carries on."""

    match: MatchChanged
    person: Person
    link: str = ""

    @property
    def query(self) -> str:
        """What keeps the link in an address of this match."""
        return f"?{PARAMETER}={self.link}" if self.link else ""

    @property
    def voices(self) -> tuple[Speaker, ...]:
        """As whom they may speak, their own side first."""
        return speakers(self.person, self.match)


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that waits: what it said, what is wrong with each field, what it would conclude once confirmed."""

    values: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    recap: Recap | None = None


@dataclass(frozen=True, slots=True)
class _Reach:
    """The contacts of everyone concerned; `is_away` when ingest does not answer."""

    contacts: Contacts
    is_away: bool = False

    def roles(self) -> dict[str, Speaker]:
        """Which side each known person is on, by their id; who is on several is on the first."""
        found: dict[str, Speaker] = {}
        for one in self.contacts.contacts:
            role: Speaker = {"project": "project", "territory": "coordinator"}.get(one.type, "offer")  # type: ignore[assignment]  # the three values above
            found.setdefault(one.person_id, role)
        return found


async def show(
    request: Request,
    console: Console,
    reading: Reading,
    *,
    opened: str = "",
    thanks: str = "",
    typed: Typed | None = None,
    status: int = 200,
) -> Response:
    """The page of a match; what the reader answered counts at once, contacts only once the match says so."""
    match, today = reading.match, console.today()
    async with console.pool.acquire() as connection:
        mails = await people.deliveries_about(connection, match.match_id)
        given = await answers.of_match(connection, match.match_id)
    own = unheard(match, given, reading.voices)
    standing = as_answered(match, own, today)
    return await render(
        request,
        "match.html",
        status=status,
        reading=reading,
        opened=opened,
        thanks=thanks_words(thanks, standing, reading.voices[0]),
        typed=typed or Typed(),
        form_id=uuid.uuid4().hex,
        sheets=await _sheets(console, match),
        **await _facts(console, reading, standing),
        **_answering(console, reading, standing, own),
        **await _told(console, reading, mails, own),
    )


async def _sheets(console: Console, match: MatchChanged) -> dict[Side, PartySheet]:
    """What both parties say of themselves: whoever may read the match may read it, before any answer."""
    names, today = (await console.atlas()).names, console.today()
    async with console.pool.acquire() as connection:
        project = await entities.project(connection, match.project_id)
        offer = await entities.offer(connection, match.offer_type, match.offer_id)
    return {"project": project_sheet(project, names, today), "offer": offer_sheet(offer, names, today)}


async def _facts(console: Console, reading: Reading, standing: MatchChanged) -> dict[str, Any]:
    """The parties, why they fit or no longer do, and the share of each criterion."""
    names, today, side = (await console.atlas()).names, console.today(), side_of(reading.person, standing)
    return {
        "match": standing,
        "side": side,
        "card": card(standing, names, console.clock(), reader=side),
        "facts": fact_rows(standing, names, today),
        "shares": shares(standing, names, reader=side),
        "conditions": conditions(standing, names, reader=side),
        "ending": ending(standing, names, today, reader=side),
    }


def _answering(
    console: Console, reading: Reading, standing: MatchChanged, own: tuple[GivenAnswer, ...]
) -> dict[str, Any]:
    """What the reader may answer now, as each of their voices; what can still be taken back."""
    today, voices = console.today(), reading.voices
    offered = {voice: actions(standing, voice, today) for voice in voices}
    return {
        "voices": voices,
        "offered": {voice: found for voice, found in offered.items() if found},
        "waiting": waiting_words(standing, voices[0]),
        "held": next((one for one in own if one.is_held), None),
        "hidden_until": hidden_until(standing, voices[0], today),
        "quantities": quantities(standing),
    }


async def _told(
    console: Console, reading: Reading, mails: list[Delivery], own: tuple[GivenAnswer, ...]
) -> dict[str, Any]:
    """The history with who was told, and the contacts once the match is introduced."""
    match = reading.match
    is_introduced = match.state in CONTACTS_FROM
    reach = await _reach(console, match) if is_introduced or mails else _Reach(Contacts())
    side = side_of(reading.person, match)
    shown = [one for one in reach.contacts.contacts if one.type in {"project", match.offer_type}]
    return {
        "history": history_lines(match, mails, own, reader=side, roles=reach.roles()),
        "contacts": shown if is_introduced else None,
        "owner_name": reach.contacts.owners.get(match.project_id, match.project.owner_name),
        "contacts_away": reach.is_away,
    }


async def _reach(console: Console, match: MatchChanged) -> _Reach:
    """Whoever answers for both sides and coordinates; nobody while ingest is away."""
    parties = [("project", match.project_id), (match.offer_type, match.offer_id)]
    parties += [("territory", territory_id) for territory_id in match.project.territories]
    try:
        return _Reach(await console.ingest.contacts(parties))
    except ServiceAway:
        return _Reach(Contacts(), is_away=True)
