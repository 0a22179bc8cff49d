"""The documentation page at `/docs`: plain HTML of our own, every call with an example to paste; no script, no CDN."""

import json
import shlex
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from services.ingest.accounts import SCOPES
from services.ingest.api.filters import filters_of
from services.ingest.api.openapi import openapi
from services.ingest.api.operations import Operation, operations
from services.ingest.api.problems import KINDS
from services.ingest.intake.columns import columns_of
from shared.words.french import typeset

_STYLE = (Path(__file__).parents[1] / "static" / "docs.css").read_text()
_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page, with this server's address in the examples."""
    base = str(request.base_url).rstrip("/")
    return HTMLResponse(page(base), headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/style.css")
async def style() -> Response:
    """Its look."""
    return Response(_STYLE, media_type="text/css")


@router.get("/openapi.json")
async def document() -> JSONResponse:
    """The OpenAPI document."""
    return JSONResponse(openapi())


def page(base: str) -> str:
    """The whole page for a server at this address."""
    body = "\n".join(_sections(base))
    return (
        '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Essaim\u00a0: documentation de l'API de dépôt</title>"
        '<link rel="stylesheet" href="/docs/style.css"></head>\n<body>'
        '<a class="skip" href="#contenu">Aller au contenu</a>'
        "<header><h1>API de dépôt d'Essaim</h1>"
        f"<p>{_said(openapi()['info']['description'])}</p>"
        '<p><a href="/openapi.json">Document OpenAPI</a></p></header>\n'
        f'<main id="contenu">{body}</main></body></html>\n'
    )


def curl(operation: Operation, base: str) -> str:
    """A command that works when pasted, once `ESSAIM_CLE` holds a key."""
    parts = ["curl", "-sS", "-X", operation.method, shlex.quote(base + operation.example_path)]
    command = " ".join(parts) + ' \\\n  -H "Authorization: Bearer $ESSAIM_CLE"'
    if operation.example is None:
        return command
    content = operation.example
    if not isinstance(content, str):
        content = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return f"{command} \\\n  -H 'Content-Type: {operation.content_type}' --data-binary @- <<'FIN'\n{content}FIN"


def _sections(base: str) -> Iterator[str]:
    listed = list(operations())
    yield '<nav aria-label="Appels"><ul>'
    for operation in listed:
        yield f'<li><a href="#{operation.name}">{_said(operation.summary)}</a></li>'
    yield '<li><a href="#problemes">Problèmes</a></li></ul></nav>'
    yield from _start(base)
    for tag, group in groupby(listed, key=lambda operation: operation.tag):
        yield f"<h2>{escape(tag)}</h2>"
        for operation in group:
            yield from _call(operation, base)
    yield from _columns()
    yield from _problems()


def _start(base: str) -> Iterator[str]:
    yield "<h2>Pour commencer</h2><p>L'opérateur vous remet une clé (<code>essaim key add</code>). "
    yield "Portées possibles\u00a0: "
    yield ", ".join(f"<code>{scope}</code>" for scope in SCOPES) + ".</p>"
    yield _block("export ESSAIM_CLE=essaim_xxxxxxxx_…")
    yield f"<p>Adresse de ce serveur\u00a0: <code>{escape(base)}</code>.</p>"


def _call(operation: Operation, base: str) -> Iterator[str]:
    yield f'<h3 id="{operation.name}"><span class="method">{operation.method}</span> '
    yield f"<code>{escape(operation.path)}</code></h3>"
    yield f"<p><strong>{_said(operation.summary)}.</strong> {_said(operation.description)}</p>"
    yield f"<p>Portée\u00a0: <code>{escape(operation.scope)}</code>.</p>"
    if operation.name.startswith("list_") and operation.entity_type:
        names = ", ".join(f"<code>{escape(name)}</code>" for name in filters_of(operation.entity_type))
        yield f"<p>Filtres\u00a0: {names}.</p>"
    yield _block(curl(operation, base))
    yield "<ul>"
    for status, meaning in sorted(operation.answers.items()):
        yield f"<li><strong>{status}</strong>\u00a0: {_said(meaning)}</li>"
    yield "</ul><p>Problèmes\u00a0: "
    yield ", ".join(f'<a href="#{kind}">{KINDS[kind].status} {escape(kind)}</a>' for kind in operation.problems)
    yield ".</p>"


def _columns() -> Iterator[str]:
    yield "<h2>Colonnes des fichiers CSV et XLSX</h2>"
    for title, entity_type in (("Projets", "project"), ("Engagements", "commitment"), ("Fonds", "fund")):
        names = ", ".join(f"<code>{escape(name)}</code>" for name in columns_of(entity_type))
        yield f"<h3>{title}</h3><p>{names}</p>"


def _problems() -> Iterator[str]:
    yield '<h2 id="problemes">Problèmes</h2><table><thead><tr><th scope="col">Type</th><th scope="col">Code HTTP</th>'
    yield '<th scope="col">Titre</th><th scope="col">Que faire</th></tr></thead><tbody>'
    for name, kind in KINDS.items():
        title, detail = kind.fr
        yield f'<tr id="{name}"><th scope="row">{name}</th><td>{kind.status}</td>'
        yield f"<td>{_said(title)}</td><td>{_said(detail)}</td></tr>"
    yield "</tbody></table>"


def _block(text: str) -> str:
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _said(french: str) -> str:
    return escape(typeset(french))
