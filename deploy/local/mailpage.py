"""The page that shows the mails of the sink, and the same as JSON for programs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy.local.mailstore import Mail, MailStore
from shared.words.french import PARIS, count, number

SHOWN = 100
PAGE_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'"
# A mail runs nothing and fetches nothing; its links open in a new tab, outside of the frame's sandbox.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox"
)
STATIC = Path(__file__).with_name("static")


@dataclass(frozen=True)
class Asked:
    """Which mails are wanted: to whom, with which words; empty for all."""

    recipient: str
    words: str

    @classmethod
    def of(cls, request: Request) -> "Asked":
        """As the page's address says it."""
        return cls(request.query_params.get("pour", ""), request.query_params.get("q", "").strip())

    @property
    def query(self) -> str:
        """The same, as the query of an address."""
        return urlencode({name: text for name, text in (("pour", self.recipient), ("q", self.words)) if text})


def build_app(store: MailStore, pages: str = "") -> Starlette:
    """The web application; it answers to loopback names only, so that no foreign page can read it.

    `pages`: where the console answers, whose addresses are links in the text of a mail too; no other is.
    """
    routes = [
        Route("/", lambda request: _list_page(request, store)),
        Route("/mails/{id}", lambda request: _mail_page(request, store, pages)),
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
    asked = Asked.of(request)
    mails = store.mails(asked.recipient, asked.words)
    again = escape(f"/?{asked.query}" if asked.query else "/")
    news = f'<p hidden data-latest="{mails[0].id if mails else ""}" aria-live="polite"><a href="{again}"></a></p>'
    heading = f"<h1>Mails envoyés par la démonstration</h1><p>{_kept(store)}. Aucun n'a quitté cette machine.</p>"
    head = '<thead><tr><th scope="col">Reçu</th><th scope="col">Pour</th><th scope="col">Objet</th></tr></thead>'
    table = f"<table>{head}<tbody>{''.join(map(_row, mails[:SHOWN]))}</tbody></table>" if mails else ""
    return _page("Mails de la démonstration", news + heading + _form(asked, store) + _found(asked, mails) + table)


def _form(asked: Asked, store: MailStore) -> str:
    options = "".join(
        f"<option{' selected' if address == asked.recipient else ''}>{escape(address)}</option>"
        for address in store.recipients()
    )
    return (
        '<form role="search" action="/"><label>Pour <select name="pour"><option value="">tout le monde</option>'
        f'{options}</select></label> <label>Mots <input type="search" name="q" value="{escape(asked.words)}"></label>'
        " <button>Chercher</button></form>"
    )


def _kept(store: MailStore) -> str:
    kept, received = len(store.ids()), store.received
    if not kept:
        return "Rien pour l'instant\u00a0: les premiers arrivent quelques secondes après un rapprochement"
    return f"Les {number(kept)} derniers sur {number(received)}" if received > kept else count(kept, "mail")


def _found(asked: Asked, mails: Sequence[Mail]) -> str:
    shown = f", les {SHOWN} derniers sont affichés" if len(mails) > SHOWN else ""
    if asked.query:
        found = count(len(mails), "mail trouvé", "mails trouvés") if mails else "Aucun mail trouvé"
        return f'<p>{found}{shown}. <a href="/">Tous les mails</a></p>'
    return f"<p>{number(SHOWN)} sont affichés, les plus récents d'abord.</p>" if shown else ""


def _row(mail: Mail) -> str:
    to = ", ".join(mail.recipients)
    subject = mail.subject or "(sans objet)"
    return (
        f"<tr><td>{mail.received_at.astimezone(PARIS):%d/%m %H:%M:%S}</td><td>{escape(to)}</td>"
        f'<td><a href="/mails/{mail.id}">{escape(subject)}</a></td></tr>'
    )


def _mail_page(request: Request, store: MailStore, pages: str) -> Response:
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
    text = f"<h2>Version texte</h2><pre>{linked(mail.body('plain'), pages)}</pre>"
    links = f'<p><a href="/mails/{mail.id}/source">Source du message</a></p>'
    title = mail.subject or "(sans objet)"
    body = f'<p><a href="/">← Tous les mails</a></p><h1>{escape(title)}</h1><dl>{listed}</dl>'
    return _page(title, body + (frame if html else "") + text + links)


def linked(text: str, pages: str) -> str:
    """A text as HTML, with a link for each address of these pages; what else it holds, markup too, stays text."""
    safe = escape(text)
    if not pages:
        return safe
    # After escaping, an address has no quote nor angle bracket; a full stop at its end is the sentence's.
    found = re.compile(rf"{re.escape(escape(pages))}/(?:(?!&(?:quot|lt|gt|#x27);)[^\s])*(?<![.,;])")
    return found.sub(lambda address: f'<a href="{address[0]}" target="_blank" rel="noopener">{address[0]}</a>', safe)


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
    limit, start = (_whole(request, name, otherwise) for name, otherwise in (("limit", 50), ("start", 0)))
    asked = Asked.of(request)
    mails = store.mails(asked.recipient, asked.words)
    messages = [mail.summary() for mail in mails[start : start + min(limit, SHOWN)]]
    return JSONResponse({"total": len(store.ids()), "messages_count": len(mails), "messages": messages})


def _whole(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= 9 else otherwise


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
