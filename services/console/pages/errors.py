"""What is shown instead of a page that cannot be: each says why, and what to do next."""

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from services.console.connectors.ingest import ServiceAway
from services.console.pages.rendering import render
from services.console.pages.visitors import SignInNeeded
from shared.database import RETRIED

RETRY_S = 5

PAGES: Mapping[int, str] = {400: "refused", 403: "forbidden", 404: "missing", 409: "moved", 410: "gone"}

TITLES: Mapping[str, str] = {
    "form-expired": "Formulaire expiré",
    "body-too-large": "Contenu trop grand",
    "match-gone": "Ce rapprochement n'existe plus",
    "answer-not-open": "Cette réponse n'est plus possible",
}
"""What refusals of our own are called where a program reads them; a page says more."""


def install(app: FastAPI) -> None:
    """Have the application answer errors with these pages, and `/v1` with problems in JSON."""
    app.add_exception_handler(SignInNeeded, _sign_in_needed)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(ServiceAway, _away)
    app.add_exception_handler(Exception, _failed)
    for kind in RETRIED:
        if issubclass(kind, Exception):
            app.add_exception_handler(kind, _away)


def is_api(request: Request) -> bool:
    """Whether the answer is read by a program."""
    return request.url.path.startswith("/v1/")


def problem(status: int, title: str, **more: str) -> JSONResponse:
    """An RFC 9457 problem."""
    headers = {"Retry-After": str(RETRY_S)} if status == 503 else None
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, **more},
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


async def _sign_in_needed(request: Request, _: Exception) -> Response:
    if is_api(request):
        return problem(401, "Connexion nécessaire")
    if request.method != "GET" or "text/event-stream" in request.headers.get("accept", ""):
        return await render(request, "error.html", status=401, kind="sign-in")
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/connexion?suite={quote(then, safe='')}", 303)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException | StarletteHTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException | StarletteHTTPException) else ""
    if is_api(request):
        return problem(status, TITLES.get(detail, detail or "Erreur"))
    if status == 404 and request.method == "GET" and (page := _without_slash(request)):
        return RedirectResponse(page, 307)
    kind = detail if detail in TITLES else PAGES.get(status, "refused")
    return await render(request, "error.html", status=status, kind=kind)


def _without_slash(request: Request) -> str:
    """The address without the slash that someone typed at its end, on this very site; empty when there is none."""
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    page = "/" + quote(path.strip("/"))
    return page + (f"?{query}" if query else "") if path.endswith("/") and page != "/" else ""


async def _unreadable(request: Request, _: Exception) -> Response:
    if is_api(request):
        return problem(422, "Adresse ou contenu illisible")
    return await render(request, "error.html", status=404, kind="missing")


async def _away(request: Request, _: Exception) -> Response:
    """Says to come back: without template or database, since one of them may be what is missing."""
    if is_api(request):
        return problem(503, "Momentanément indisponible")
    return HTMLResponse(AWAY, 503, headers={"Retry-After": str(RETRY_S), "Cache-Control": "no-store"})


async def _failed(request: Request, _: Exception) -> Response:
    """A fault of ours: the log has it."""
    return problem(500, "Erreur interne") if is_api(request) else HTMLResponse(AWAY, 500)


AWAY = (
    '<!doctype html><html lang="fr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>Essaim revient dans un instant</title><main><h1>Essaim revient dans un instant</h1>"
    "<p>Une partie du service ne répond pas. Rien n'est perdu\u00a0: rechargez cette page dans quelques secondes.</p>"
    '<p><a href="/">Revenir à l\'accueil</a></p></main></html>'
)
