"""A match: why it fits, what happened, and the answers of both sides and of the coordinator."""

import uuid
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.console.connectors.ingest import Contacts, ServiceAway
from services.console.pages.answering import give_answer
from services.console.pages.context import Console
from services.console.pages.rendering import render
from services.console.pages.visitors import (
    CurrentConsole,
    CurrentVisitor,
    SentForm,
    SignInNeeded,
    Visitor,
    refresh_rights,
    rights_of,
)
from services.console.store import answers, matches, people
from services.console.views.answers import Speaker, actions, hidden_until, waiting_words
from services.console.views.cards import card
from services.console.views.match_page import conditions, fact_rows, history_lines, refusals_now, shares
from services.console.views.rights import Person, may_see, side_of
from services.console.views.speaking import read_answer, speakers
from shared.database import in_transaction
from shared.events.matches import MatchChanged
from shared.links import PARAMETER, verify

CONTACTS_FROM = frozenset({"introduced", "concluded"})
LINK = Annotated[str, Query(max_length=2_000, alias=PARAMETER)]

router = APIRouter(prefix="/rapprochements/{match_id}")


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


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that was refused: what it said, and what is wrong with each field."""

    values: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


@router.get("")
async def match_page(
    request: Request,
    *,
    match_id: str,
    console: CurrentConsole,
    visitor: CurrentVisitor,
    lien: LINK = "",
    reponse: str = "",
    merci: str = "",
) -> Response:
    """Both sides, the shares, the history, the answers."""
    reading = await _reading(console, visitor, match_id, lien)
    return await _show(request, console, reading, opened=reponse, thanks=merci, typed=Typed())


@router.post("/reponses")
async def answer(
    request: Request,
    *,
    match_id: str,
    console: CurrentConsole,
    visitor: CurrentVisitor,
    form: SentForm,
    lien: LINK = "",
) -> Response:
    """Keep an answer, then show the match again; with faults, the form keeps what was typed."""
    reading = await _reading(console, visitor, match_id, lien)
    speaker, person_id = _speaker(reading, form.get("qualite")), reading.person.person_id
    asked, faults = read_answer(dict(form), match_id=match_id, speaker=speaker, person_id=person_id)
    if faults:
        typed = Typed(dict(form), faults)
        return await _show(request, console, reading, opened=asked.answer, thanks="", typed=typed, status=422)
    await give_answer(console, reading.match, speaker, asked, person_id=person_id)
    return _back(reading, asked.answer)


@router.post("/annuler")
async def take_back(
    match_id: str, console: CurrentConsole, visitor: CurrentVisitor, form: SentForm, lien: LINK = ""
) -> Response:
    """Take a decline back while nobody was told of it."""
    reading = await _reading(console, visitor, match_id, lien)
    speaker = _speaker(reading, form.get("qualite"))
    taken = await in_transaction(console.pool, lambda connection: answers.take_back(connection, match_id, speaker))
    return _back(reading, "taken-back" if taken else "too-late")


def _back(reading: Reading, thanks: str) -> Response:
    sign = "&" if reading.link else "?"
    return RedirectResponse(f"/rapprochements/{reading.match.match_id}{reading.query}{sign}merci={thanks}#reponse", 303)


async def _reading(console: Console, visitor: Visitor, match_id: str, link: str) -> Reading:
    """The match with its reader. 404 when there is none, 403 when it is not theirs, sign-in when nobody is known."""
    person = visitor.person
    async with console.pool.acquire() as connection:
        match = await matches.match(connection, match_id)
    by_link = await _bearer(console, match_id, match, link) if link else None
    if person is None and by_link is None:
        raise SignInNeeded
    if match is None:
        raise HTTPException(404, "match-gone")
    if person is not None and may_see(person, match):
        return Reading(match, person)
    if by_link is not None and may_see(by_link, match):
        return Reading(match, by_link, link)
    raise HTTPException(403)


async def _bearer(console: Console, match_id: str, match: MatchChanged | None, link: str) -> Person | None:
    """The person whom a mail's link stands for, for this match alone; rights older than the mail are read anew."""
    fields = verify(console.site.link_secret, "match", link, console.clock())
    if fields is None or fields.get("match") != match_id:
        return None
    person_id = fields.get("person", "")
    person = await rights_of(console, person_id)
    if person and match and not may_see(person, match):
        await refresh_rights(console, person_id)
        person = await rights_of(console, person_id)
    return person


def _speaker(reading: Reading, asked: str) -> Speaker:
    found = speakers(reading.person, reading.match)
    return next((one for one in found if one == asked), found[0])


async def _show(
    request: Request,
    console: Console,
    reading: Reading,
    *,
    opened: str,
    thanks: str,
    typed: Typed,
    status: int = 200,
) -> Response:
    match, today = reading.match, console.today()
    names = (await console.atlas()).names
    side = side_of(reading.person, match)
    voices = speakers(reading.person, match)
    async with console.pool.acquire() as connection:
        mails = await people.deliveries_about(connection, match.match_id)
        given = await answers.of_match(connection, match.match_id)
    held = [one for one in given if one.is_held and one.side == voices[0]]
    offered = {voice: actions(match, voice, today) for voice in voices}
    return await render(
        request,
        "match.html",
        status=status,
        match=match,
        reading=reading,
        card=card(match, names, console.clock(), reader=side),
        side=side,
        voices=voices,
        facts=fact_rows(match, names, today),
        shares=shares(match, names, reader=side),
        conditions=conditions(match, names, reader=side),
        refusals=refusals_now(match, names, today, reader=side),
        history=history_lines(match, mails, given, reader=side, speaker=voices[0]),
        offered={} if held else {voice: found for voice, found in offered.items() if found},
        waiting=waiting_words(match, voices[0]),
        held=held[-1] if held else None,
        hidden_until=hidden_until(match, side, today),
        form_id=uuid.uuid4().hex,
        opened=opened,
        thanks=thanks,
        typed=typed,
        **await _contacts(console, match),
    )


async def _contacts(console: Console, match: MatchChanged) -> dict[str, Any]:
    """How to reach each other, once introduced; when ingest is away, that is said instead."""
    if match.state not in CONTACTS_FROM:
        return {"contacts": None, "contacts_away": False}
    try:
        found = await console.ingest.contacts((("project", match.project_id), (match.offer_type, match.offer_id)))
    except ServiceAway:
        return {"contacts": Contacts(), "contacts_away": True}
    return {"contacts": found, "contacts_away": False}
