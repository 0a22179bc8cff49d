"""Signing in and out: a mailed link that serves once, and the roles of the demonstration."""

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.console.connectors.ingest import ServiceAway
from services.console.pages.context import Console
from services.console.pages.rendering import render
from services.console.pages.visitors import SESSION_COOKIE, SESSION_DAYS, CurrentConsole, CurrentVisitor, SentForm
from services.console.store import people, sessions
from services.console.views.sign_in import (
    DEMO_ROLES,
    LINK_MINUTES,
    MOST_PER_ADDRESS,
    MOST_PER_NETWORK,
    link_digest,
    looks_like_address,
    network_of,
    safe_path,
)
from shared.links import verify

router = APIRouter()


@router.get("/connexion")
async def sign_in_page(request: Request, visitor: CurrentVisitor, suite: str = "/") -> Response:
    """The form that asks for a link; who is in already goes on."""
    if visitor.person:
        return RedirectResponse(safe_path(suite), 303)
    return await render(request, "sign_in.html", then=safe_path(suite), roles=DEMO_ROLES, error="", typed="")


@router.post("/connexion")
async def ask_for_link(request: Request, console: CurrentConsole, form: SentForm) -> Response:
    """Have a link mailed; the answer is the same whether or not somebody here reads that address."""
    address, then = form.get("adresse")[:320], safe_path(form.get("suite", "/"))
    if not looks_like_address(address):
        return await render(
            request, "sign_in.html", status=422, then=then, roles=DEMO_ROLES, typed=address, error="address"
        )
    if await _is_allowed(request, console, address):
        console.mailer.ask(address, then)
    return RedirectResponse("/connexion/envoye", 303)


@router.get("/connexion/envoye")
async def link_sent(request: Request, console: CurrentConsole) -> Response:
    """Says to look into one's mail; in the demonstration, where its mails are read."""
    site = console.site
    mail_page = site.demo_mail_page if site.demo else None
    return await render(request, "sign_in_sent.html", minutes=LINK_MINUTES, mail_page=mail_page)


@router.get("/connexion/entrer")
async def link_opened(
    request: Request,
    jeton: Annotated[str, Query(max_length=200)] = "",
    compte: Annotated[str, Query(max_length=2_000)] = "",
    suite: str = "/",
) -> Response:
    """What the mailed link opens: a button, since programs that read mail follow links, and this one serves once."""
    return await render(request, "sign_in_enter.html", token=jeton, account=compte, then=safe_path(suite))


@router.post("/connexion/entrer")
async def enter(request: Request, console: CurrentConsole, form: SentForm) -> Response:
    """Use a link up and open a session."""
    token = form.get("lien")[:200]
    async with console.pool.acquire() as connection:
        used = await sessions.use_link(connection, token)
    person_id = (used.person_id or await _new_person_id(console, form.get("compte"), token)) if used else None
    if person_id is None:
        return await render(request, "sign_in_over.html", status=410, minutes=LINK_MINUTES)
    return await _open_session(console, person_id, safe_path(form.get("suite", "/")))


@router.post("/connexion/demo")
async def enter_as_role(request: Request, console: CurrentConsole, form: SentForm) -> Response:
    """Enter the demonstration as one of its roles. Not found anywhere else."""
    role = next((one for one in DEMO_ROLES if one.role == form.get("role")), None)
    if not console.site.demo or role is None:
        raise HTTPException(404)
    address = console.site.demo_addresses.get(role.role, role.address)
    try:
        known = await console.ingest.person_at(address)
    except ServiceAway:
        known = None
    if known is None:
        return await render(request, "sign_in.html", status=503, then="/", roles=DEMO_ROLES, typed="", error=role.label)
    async with console.pool.acquire() as connection:
        await people.upsert_person(connection, known.person)
    asked = safe_path(form.get("suite", "/"))
    return await _open_session(console, known.person.person_id, role.lands_on if asked == "/" else asked)


@router.post("/deconnexion")
async def leave(console: CurrentConsole, visitor: CurrentVisitor, form: SentForm) -> Response:
    """Close the session."""
    if visitor.session:
        async with console.pool.acquire() as connection:
            await sessions.delete_session(connection, visitor.session)
    response = RedirectResponse("/", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


async def _open_session(console: Console, person_id: str, then: str) -> Response:
    token = secrets.token_urlsafe(32)
    async with console.pool.acquire() as connection:
        await sessions.insert_session(connection, token, person_id, days=SESSION_DAYS)
    response = RedirectResponse(then, 303)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        httponly=True,
        samesite="lax",
        secure=console.site.is_https,
        max_age=SESSION_DAYS * 86_400,
    )
    return response


async def _new_person_id(console: Console, account: str, token: str) -> str | None:
    """Makes known who proved an address that nobody here had; nothing when it was not signed by us for this link."""
    fields = verify(console.site.link_secret, "sign-in", account, console.clock())
    if fields is None or not hmac.compare_digest(fields.get("link", ""), link_digest(token)):
        return None
    known = await console.ingest.new_person(fields["address"])
    return known.person.person_id if known else None


async def _is_allowed(request: Request, console: Console, address: str) -> bool:
    """Whether neither this network nor this address asked too often; known addresses or not are counted alike.

    Nobody is locked out by another: the mails that used up an address's limit carry links that still serve.
    """
    network = network_of(request.client.host if request.client else "")
    async with console.pool.acquire() as connection:
        return await sessions.take_attempt(
            connection, _subject(console, f"network:{network}"), most=MOST_PER_NETWORK, within_minutes=LINK_MINUTES
        ) and await sessions.take_attempt(
            connection,
            _subject(console, f"address:{address.lower()}"),
            most=MOST_PER_ADDRESS,
            within_minutes=LINK_MINUTES,
        )


def _subject(console: Console, what: str) -> bytes:
    return hmac.new(console.site.link_secret.encode(), what.encode(), hashlib.sha256).digest()
