"""What someone wants to be told, and when: chosen here, signed in or by the link of a mail."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.console.pages.context import Console
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, SentForm, SignInNeeded, Visitor, rights_of
from services.console.store import matches, people
from services.console.views.alerts import FREQUENCIES, LANGUAGES, MINIMUMS, Preference, told_matches
from shared.database import Connection, in_transaction
from shared.events.event import Event
from shared.events.people import PreferenceSet
from shared.links import PARAMETER, verify
from shared.outbox import announce, next_version

MOST_MAILS = 10
LINK = Annotated[str, Query(max_length=2_000, alias=PARAMETER)]

router = APIRouter()


@router.get("/alertes")
async def alerts_page(
    request: Request, console: CurrentConsole, visitor: CurrentVisitor, lien: LINK = "", merci: str = ""
) -> Response:
    """The choices, as they are now, and the last mails sent."""
    person_id = await _person_id(console, visitor, lien)
    async with console.pool.acquire() as connection:
        chosen = await people.preference(connection, person_id)
        mails = await people.deliveries_to(connection, person_id, MOST_MAILS)
        told = await matches.by_id(connection, sorted({one for mail in mails for one in mail.match_ids}))
    reader = await rights_of(console, person_id)
    return await render(
        request,
        "alerts.html",
        chosen=chosen,
        frequencies=FREQUENCIES.items(),
        minimums=MINIMUMS.items(),
        languages=LANGUAGES.items(),
        mails=[(mail, told_matches(mail, told, reader)) for mail in mails],
        link=lien,
        is_saved=bool(merci),
    )


@router.post("/alertes")
async def set_alerts(console: CurrentConsole, visitor: CurrentVisitor, form: SentForm, lien: LINK = "") -> Response:
    """Keep the choices and say them; what is not among those offered is left as it was."""
    person_id = await _person_id(console, visitor, lien)
    asked = Preference(form.get("frequence"), form.get("minimum"), form.get("langue"))
    if asked.is_valid:
        await in_transaction(console.pool, lambda connection: _keep(connection, console, person_id, asked))
    sign = f"?{PARAMETER}={lien}&" if lien else "?"
    return RedirectResponse(f"/alertes{sign}merci=1", 303)


async def _keep(connection: Connection, console: Console, person_id: str, asked: Preference) -> None:
    if await people.preference(connection, person_id) == asked and await people.has_preference(connection, person_id):
        return
    version = await next_version(connection, "preferences", person_id)
    await people.upsert_preference(connection, person_id, asked)
    await announce(connection, _event(console, person_id, asked, version))


def _event(console: Console, person_id: str, asked: Preference, version: int) -> Event:
    return PreferenceSet.model_validate(
        {
            "version": version,
            "event_id": console.new_id(),
            "occurred_at": console.clock(),
            "person_id": person_id,
            "frequency": asked.frequency,
            "minimum": asked.minimum,
            "language": asked.language,
        }
    )


async def _person_id(console: Console, visitor: Visitor, link: str) -> str:
    """Whose choices these are: the bearer's of a mail's link, else the reader's. 410 when the bearer was erased."""
    fields = verify(console.site.link_secret, "alerts", link, console.clock()) if link else None
    if fields and fields.get("person"):
        if await rights_of(console, fields["person"]) is None:
            raise HTTPException(410)
        return fields["person"]
    if visitor.person is None:
        raise SignInNeeded
    return visitor.person.person_id
