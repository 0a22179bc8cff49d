"""Turns a view into a page: templates, what every page carries, the headers of pages."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.console.pages.context import console_of
from services.console.pages.forms import COOKIE, FIELD, form_token, new_secret
from services.console.pages.visitors import visitor_of
from services.console.views.deposit_faults import NOTICES
from services.console.views.menu import main_menu
from services.console.views.project_page import need_words
from shared.words import french

HERE = Path(__file__).resolve().parents[1]
STATIC = HERE / "static"


@cache
def environment() -> Environment:
    """The templates, read once; an unknown name in one is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(static=static_address, need_words=need_words)
    made.filters.update(
        money=french.money,
        number=french.number,
        day=french.day,
        moment=french.day_and_time,
        quoted=french.quoted,
        capitalised=french.capitalised,
        typeset=french.typeset,
        host=lambda address: (urlsplit(str(address)).hostname or "").removeprefix("www."),
        segment=lambda value: quote(str(value), safe="~"),
    )
    return made


@cache
def static_address(name: str) -> str:
    """The address of a static file, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


async def render(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> HTMLResponse:
    """A page; its forms get their token, and the browser the secret that goes with it."""
    console, visitor = console_of(request), await visitor_of(request)
    secret = request.cookies.get(COOKIE) or new_secret()
    token = form_token(console.site.link_secret, secret, visitor.session)
    names = (await console.atlas()).names
    page = environment().get_template(template)
    response = HTMLResponse(
        page.render(
            request_path=request.url.path,
            done=request.query_params.get("fait", ""),
            notices=[NOTICES[code] for code in request.query_params.getlist("avis")[:2] if code in NOTICES],
            person=visitor.person,
            menu=main_menu(visitor.person, names, request.url.path),
            names=names,
            now=console.clock(),
            today=console.today(),
            demo=console.site.demo,
            contact_address=console.site.contact_address,
            form_field=FIELD,
            form_token=token,
            **context,
        ),
        status_code=status,
        headers={"Cache-Control": "no-store" if visitor.person else "private, no-cache", **(headers or {})},
    )
    if COOKIE not in request.cookies:
        response.set_cookie(
            COOKIE, secret, httponly=True, samesite="lax", secure=console.site.is_https, max_age=30 * 86_400
        )
    return response
