"""Says in RFC 9457 documents why a request is not answered as asked, in French or in English."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.ingest.intake.outcome import Fault
from services.ingest.intake.wording import Language, language_of, say_all
from services.ingest.submissions import SubmitterGone
from shared.bodies import BodyTooLarge
from shared.database import RETRIED
from shared.http import RETRY_AFTER_SECONDS
from shared.words.french import typeset


class Kind(NamedTuple):
    """One kind of problem: its status, its title and what to do about it, in French then in English."""

    status: int
    fr: tuple[str, str]
    en: tuple[str, str]


KINDS: dict[str, Kind] = {
    "json-invalide": Kind(
        400,
        ("Contenu illisible", "Envoyez un document JSON valable, en UTF-8."),
        ("Unreadable content", "Send a valid JSON document in UTF-8."),
    ),
    "cle-requise": Kind(
        401,
        (
            "Clé d'accès requise",
            "Ajoutez l'en-tête « Authorization: Bearer essaim_… » avec une clé en cours de validité.",
        ),
        ("Access key required", "Add the header “Authorization: Bearer essaim_…” with a valid key."),
    ),
    "portee-manquante": Kind(
        403,
        ("Cette clé n'a pas ce droit", "Il faut une clé avec la portée « {scope} »."),
        ("This key may not do that", "A key with the scope “{scope}” is needed."),
    ),
    "pas-a-vous": Kind(
        403,
        ("Cela appartient à une autre organisation", "Voyez chaque champ cité."),
        ("This belongs to another organisation", "See each field named."),
    ),
    "introuvable": Kind(
        404,
        ("Introuvable", "Rien n'a l'identifiant « {value} » ici."),
        ("Not found", "Nothing has the id “{value}” here."),
    ),
    "adresse-inconnue": Kind(
        404,
        ("Adresse inconnue", "Les adresses sont décrites à /docs."),
        ("No such address", "Addresses are described at /docs."),
    ),
    "methode-refusee": Kind(
        405,
        ("Méthode refusée", "Les méthodes admises sont dans l'en-tête Allow ; voyez /docs."),
        ("Method not allowed", "The methods allowed are in the Allow header; see /docs."),
    ),
    "version-depassee": Kind(
        412,
        ("La fiche a changé entre-temps", "Relisez-la, puis renvoyez votre changement avec le nouvel ETag."),
        ("It has changed meanwhile", "Read it again, then send your change with the new ETag."),
    ),
    "contenu-trop-grand": Kind(
        413,
        ("Contenu trop grand", "Envoyez au plus {limit} octets ; coupez un grand fichier en plusieurs."),
        ("Content too large", "Send at most {limit} bytes; split a large file."),
    ),
    "type-refuse": Kind(
        415,
        ("Type de contenu refusé", "Types admis : {allowed}."),
        ("Unsupported content type", "Types allowed: {allowed}."),
    ),
    "refuse": Kind(
        422,
        ("Dépôt refusé", "Corrigez chaque champ cité, puis renvoyez."),
        ("Submission refused", "Correct each field named, then send again."),
    ),
    "cle-reutilisee": Kind(
        422,
        (
            "Cette Idempotency-Key a servi à une autre demande",
            "Renvoyez la première demande à l'identique, ou prenez une nouvelle clé.",
        ),
        ("This Idempotency-Key served another request", "Send the first request again unchanged, or take a new key."),
    ),
    "trop-d-appels": Kind(
        429,
        ("Trop d'appels", "Attendez {seconds} s avant le prochain."),
        ("Too many calls", "Wait {seconds} s before the next one."),
    ),
    "erreur": Kind(
        500,
        ("Erreur d'Essaim", "Réessayez ; si cela se répète, signalez-le à l'opérateur avec l'heure et l'adresse."),
        ("An error of Essaim", "Try again; if it happens again, tell the operator the time and the address."),
    ),
    "indisponible": Kind(
        503,
        ("Service momentanément indisponible", "Rien n'a été enregistré. Réessayez dans quelques secondes."),
        ("Service unavailable for a moment", "Nothing was recorded. Try again in a few seconds."),
    ),
}
"""Last part of a problem's type -> what it is."""


CHALLENGE = {"WWW-Authenticate": 'Bearer realm="essaim"'}
"""What goes with `cle-requise`."""


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self, kind: str, *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None, **facts: object
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.facts = facts


def language_for(request: Request) -> Language:
    """The language of the answer: French unless `Accept-Language` prefers English."""
    return language_of(request.headers.get("accept-language"))


def document(problem: Problem, language: Language, path: str = "") -> dict[str, Any]:
    """The members of the problem document; `type` is an address on the documentation page."""
    kind = KINDS[problem.kind]
    title, detail = kind.fr if language == "fr" else kind.en
    detail = detail.format_map(problem.facts)
    body: dict[str, Any] = {
        "type": f"/docs#{problem.kind}",
        "title": typeset(title) if language == "fr" else title,
        "status": kind.status,
        "detail": typeset(detail) if language == "fr" else detail,
    }
    if path:
        body["instance"] = path
    if problem.faults:
        body["errors"] = say_all(problem.faults, language)
    return body


async def answer_problem(request: Request, problem: Problem) -> JSONResponse:
    """The answer that a `Problem` ends a request with."""
    language = language_for(request)
    return JSONResponse(
        document(problem, language, request.url.path),
        KINDS[problem.kind].status,
        {"Content-Language": language, "Vary": "Accept-Language", **problem.headers},
        "application/problem+json",
    )


async def answer_gone(request: Request, error: SubmitterGone) -> JSONResponse:
    """They were erased while their request was on its way: it is answered as one that comes after."""
    person_id = error.who.person_id
    problem = Problem("introuvable", value=person_id) if person_id else Problem("cle-requise", headers=CHALLENGE)
    return await answer_problem(request, problem)


async def answer_away(request: Request, _error: Exception) -> JSONResponse:
    """PostgreSQL is away: nothing was committed, the same request may be sent again."""
    return await answer_problem(request, Problem("indisponible", headers={"Retry-After": str(RETRY_AFTER_SECONDS)}))


async def answer_http_error(request: Request, error: HTTPException) -> JSONResponse:
    """What is refused before a route of ours: no such address, no such method, a body longer than its limit."""
    if isinstance(error, BodyTooLarge):
        return await answer_problem(request, Problem("contenu-trop-grand", limit=error.limit))
    kind = {401: "cle-requise", 404: "adresse-inconnue", 405: "methode-refusee"}.get(error.status_code, "json-invalide")
    return await answer_problem(request, Problem(kind, headers=error.headers))


async def answer_misshapen(request: Request, error: RequestValidationError) -> JSONResponse:
    """What an internal read is asked wrongly."""
    faults = [Fault(".".join(map(str, detail["loc"][1:])), "invalide") for detail in error.errors()]
    return await answer_problem(request, Problem("refuse", faults=faults))


async def answer_unkeepable(request: Request, _error: asyncpg.DataError) -> JSONResponse:
    """An address or a parameter holds a character that no database keeps."""
    return await answer_problem(request, Problem("refuse", faults=[Fault("", "caractere-interdit")]))


async def answer_failure(request: Request, _error: Exception) -> JSONResponse:
    """A mistake in this service: it is logged by the server, and told without details."""
    return await answer_problem(request, Problem("erreur"))


def add_problem_handlers(app: FastAPI) -> None:
    """Makes every refusal and failure of the application a problem document."""
    handlers: dict[type[Exception], Any] = {
        Problem: answer_problem,
        SubmitterGone: answer_gone,
        HTTPException: answer_http_error,
        RequestValidationError: answer_misshapen,
        asyncpg.DataError: answer_unkeepable,
        Exception: answer_failure,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    for away in RETRIED:
        app.add_exception_handler(away, answer_away)  # type: ignore[arg-type]  # all are exceptions
