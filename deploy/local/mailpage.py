"""The page that shows the mails of the sink, and the same as JSON for programs."""

import re
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy.local.mailstore import Mail, MailStore

PARIS = ZoneInfo("Europe/Paris")
SHOWN = 100
PAGE_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'"
# A mail runs nothing and fetches nothing; its links open in a new tab, outside of the frame's sandbox.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox"
)
STATIC = Path(__file__).with_name("static")


def build_app(store: MailStore) -> Starlette:
    """The web application; it answers to loopback names only, so that no foreign page can read it."""
    routes = [
        Route("/", lambda request: _list_page(request, store)),
        Route("/mails/{id}", lambda request: _mail_page(request, store)),
        Route("/mails/{id}/html", lambda request: _html_part(request, store)),
        Route("/mails/{id}/source", lambda request: _source(request, store)),
        Route("/api/v1/messages", lambda request: _list_json(request, store), methods=["GET", "DELETE"]),
        Route("/api/v1/message/{id}", lambda request: JSONResponse(_wanted(request, store).details())),
        Route("/livez", lambda request: PlainTextResponse("ok")),
        Route("/readyz", lambda request: PlainTextResponse("ok")),
        Route("/mails.css", lambda request: FileResponse(STATIC / "mails.css")),
        Route("/mails.js", lambda request: FileResponse(STATIC / "mails.js")),
    ]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return Starlette(routes=routes, middleware=[hosts])


def _list_page(request: Request, store: MailStore) -> Response:
    mails = store.mails(SHOWN)
    total = len(store.ids())
    news = f'<p hidden data-latest="{mails[0].id if mails else ""}" aria-live="polite"><a href="/"></a></p>'
    heading = f"<h1>Mails envoyés par la démonstration</h1><p>{_count(total)}. Aucun n'a quitté cette machine.</p>"
    head = '<thead><tr><th scope="col">Reçu</th><th scope="col">Pour</th><th scope="col">Objet</th></tr></thead>'
    table = f"<table>{head}<tbody>{''.join(map(_row, mails))}</tbody></table>" if mails else ""
    return _page("Mails de la démonstration", news + heading + table)


def _count(total: int) -> str:
    if not total:
        return "Rien pour l'instant : les premiers arrivent quelques secondes après un rapprochement"
    shown = f", les {SHOWN} derniers sont affichés" if total > SHOWN else ""
    return f"{total}\u00a0mails{shown}" if total > 1 else "1\u00a0mail"


def _row(mail: Mail) -> str:
    to = ", ".join(mail.recipients)
    subject = mail.subject or "(sans objet)"
    return (
        f"<tr><td>{mail.received_at.astimezone(PARIS):%d/%m %H:%M:%S}</td><td>{escape(to)}</td>"
        f'<td><a href="/mails/{mail.id}">{escape(subject)}</a></td></tr>'
    )


def _mail_page(request: Request, store: MailStore) -> Response:
    mail = _wanted(request, store)
    facts = {
        "De": str(mail.message["From"] or mail.sender),
        "Pour": ", ".join(mail.recipients),
        "Reçu": f"{mail.received_at.astimezone(PARIS):%d/%m/%Y à %H:%M:%S}",
        "Message-ID": mail.message_id,
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    html = mail.body("html")
    frame = (
        '<h2>Version mise en forme</h2><iframe title="Contenu du mail" sandbox="allow-popups '
        f'allow-popups-to-escape-sandbox" src="/mails/{mail.id}/html"></iframe>'
    )
    text = f"<h2>Version texte</h2><pre>{escape(mail.body('plain'))}</pre>"
    links = f'<p><a href="/mails/{mail.id}/source">Source du message</a></p>'
    title = mail.subject or "(sans objet)"
    body = f'<p><a href="/">← Tous les mails</a></p><h1>{escape(title)}</h1><dl>{listed}</dl>'
    return _page(title, body + (frame if html else "") + text + links)


def _html_part(request: Request, store: MailStore) -> Response:
    content = _wanted(request, store).body("html")
    opened, found = re.subn(r"(<head[^>]*>)", r'\1<base target="_blank">', content, count=1, flags=re.IGNORECASE)
    return HTMLResponse(
        opened if found else f'<base target="_blank">{content}', headers={"Content-Security-Policy": MAIL_POLICY}
    )


def _source(request: Request, store: MailStore) -> Response:
    return PlainTextResponse(_wanted(request, store).message.as_bytes())


def _list_json(request: Request, store: MailStore) -> Response:
    if request.method == "DELETE":
        store.clear()
        return PlainTextResponse("ok")
    limit, start = (_number(request, name, otherwise) for name, otherwise in (("limit", 50), ("start", 0)))
    messages = [mail.summary() for mail in store.mails(min(limit, SHOWN), start)]
    return JSONResponse({"total": len(store.ids()), "messages_count": len(store.ids()), "messages": messages})


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() else otherwise


def _wanted(request: Request, store: MailStore) -> Mail:
    mail = store.mail(request.path_params["id"])
    if mail is None:
        raise HTTPException(404, "Ce mail n'existe pas, ou plus : les mille derniers sont gardés.")
    return mail


def _page(title: str, body: str) -> Response:
    html = (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/mails.css">'
        f'<script src="/mails.js" defer></script></head><body><main>{body}</main></body></html>'
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"})
