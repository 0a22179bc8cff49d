"""Who is looking: the person behind a session, with rights at most a minute old."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from services.console.connectors.ingest import ServiceAway
from services.console.pages.context import Console, console_of
from services.console.pages.forms import Form, read_form
from services.console.store import people, sessions
from services.console.views.rights import Person

SESSION_COOKIE = "essaim_session"
SESSION_DAYS = 30
RIGHTS_S = 60
RIGHTS_AWAY_S = 900
"""While ingest is away, rights serve for so long."""


class SignInNeeded(HTTPException):
    """The page is for people who signed in."""

    def __init__(self) -> None:
        super().__init__(401, "sign-in-needed")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Someone looking at a page, signed in or not."""

    person: Person | None = None
    session: str | None = None

    @property
    def known(self) -> Person:
        """The person. Raises `SignInNeeded` when nobody is signed in."""
        if self.person is None:
            raise SignInNeeded
        return self.person


async def visitor_of(request: Request) -> Visitor:
    """Whose session the request carries; nobody when it has none or it ended. Read once per request."""
    if not hasattr(request.state, "visitor"):
        request.state.visitor = await _read_visitor(request)
    visitor: Visitor = request.state.visitor
    return visitor


async def form_of(request: Request) -> Form:
    """The form sent with a request, its token checked."""
    visitor = await visitor_of(request)
    console = console_of(request)
    return await read_form(request, console.site.link_secret, visitor.session)


async def rights_of(console: Console, person_id: str) -> Person | None:
    """Someone's rights; nothing when they were erased. Raises `ServiceAway` when none are known and ingest is away."""
    async with console.pool.acquire() as connection:
        person = await people.person(connection, person_id, younger_than_s=RIGHTS_S)
    if person is not None:
        return person
    try:
        known = await console.ingest.person(person_id)
    except ServiceAway:
        async with console.pool.acquire() as connection:
            person = await people.person(connection, person_id, younger_than_s=RIGHTS_AWAY_S)
        if person is None:
            raise
        return person
    async with console.pool.acquire() as connection:
        if known is None:
            await people.delete_person(connection, person_id)
            return None
        await people.upsert_person(connection, known.person)
    return known.person


async def refresh_rights(console: Console, person_id: str) -> None:
    """Have someone's rights read anew, after they deposited something."""
    console.ingest.forget(person_id)
    async with console.pool.acquire() as connection:
        await people.outdate_person(connection, person_id)


async def _read_visitor(request: Request) -> Visitor:
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return Visitor()
    console = console_of(request)
    async with console.pool.acquire() as connection:
        person_id = await sessions.person_of_session(connection, token)
    person = await rights_of(console, person_id) if person_id else None
    return Visitor(person, token) if person else Visitor()


CurrentVisitor = Annotated[Visitor, Depends(visitor_of)]
CurrentConsole = Annotated[Console, Depends(console_of)]
SentForm = Annotated[Form, Depends(form_of)]
