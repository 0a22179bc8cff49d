"""A match: why it fits, what happened, and the answers of both sides and of the coordinator."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.console.pages.answering import give_answer
from services.console.pages.context import Console
from services.console.pages.match_sheet import Reading, Typed, show
from services.console.pages.visitors import (
    CurrentConsole,
    CurrentVisitor,
    SentForm,
    SignInNeeded,
    Visitor,
    refresh_rights,
    rights_of,
)
from services.console.store import answers, matches
from services.console.views.answers import Speaker, quantities
from services.console.views.conclusion import recap_of
from services.console.views.rights import Person, may_see
from services.console.views.speaking import read_answer
from shared.database import in_transaction
from shared.events.matches import MatchChanged
from shared.links import PARAMETER, verify

LINK = Annotated[str, Query(max_length=2_000, alias=PARAMETER)]

router = APIRouter(prefix="/rapprochements/{match_id}")


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
    return await show(request, console, reading, opened=reponse, thanks=merci)


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
    """Keep an answer, then show the match again; with faults, the form keeps what was typed.

    A conclusion is said back first, with what it takes from both sides; it is kept once that was confirmed.
    """
    reading = await _reading(console, visitor, match_id, lien)
    speaker, person_id = _speaker(reading, form.get("qualite")), reading.person.person_id
    counted_in = quantities(reading.match)
    asked, faults = read_answer(
        dict(form), match_id=match_id, speaker=speaker, person_id=person_id, counted_in=counted_in
    )
    if faults:
        typed = Typed(dict(form), faults)
        return await show(request, console, reading, opened=asked.answer, typed=typed, status=422)
    if asked.answer == "concluded" and form.get("confirme") != "oui":
        typed = Typed(dict(form), recap=recap_of(reading.match, asked))
        return await show(request, console, reading, opened=asked.answer, typed=typed)
    await give_answer(console, match_id, speaker, asked, person_id=person_id)
    return _back(reading, asked.answer)


@router.post("/annuler")
async def take_back(
    match_id: str, console: CurrentConsole, visitor: CurrentVisitor, form: SentForm, lien: LINK = ""
) -> Response:
    """Take a decline or a conclusion back while nobody was told of it."""
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
    return next((one for one in reading.voices if one == asked), reading.voices[0])
