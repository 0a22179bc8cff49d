"""HTTP manners that services share: health that says why not, RFC 9457 problems, tokens between services, headers."""

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from faststream import FastStream
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database import CONNECTION_LOST, RETRIED, Pool

RETRY_AFTER_SECONDS = 5

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def problem(
    status: int,
    title: str,
    *,
    detail: str | None = None,
    kind: str = "about:blank",
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An RFC 9457 problem; `errors` has one `{field, code, message, remedy}` per fault."""
    body: dict[str, Any] = {"type": kind, "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = [dict(error) for error in errors]
    return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")


async def answer_away(request: Request, error: Exception) -> Response:
    """503 with `Retry-After`: nothing was committed, the same request may be sent again."""
    nothing = "" if request.method in {"GET", "HEAD"} else "Rien n'a été enregistré. "
    return problem(
        503,
        "Service momentanément indisponible",
        detail=f"{nothing}Réessayez dans quelques secondes.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def answer_while_away(app: FastAPI) -> None:
    """Answer 503 with `Retry-After` wherever PostgreSQL is away or a transaction cannot end."""
    for kind in RETRIED:
        app.add_exception_handler(kind, answer_away)  # type: ignore[arg-type]  # all are exceptions


def health_routes(
    problems: Callable[[], list[str]],
    pool: Callable[[], Pool | None],
    stuck: Callable[[], bool] = lambda: False,
    notes: Callable[[], list[str]] = list,
) -> APIRouter:
    """`/health/live`, 200 while the loop turns and work is not `stuck`, and
    `/health/ready`, 503 with the reasons in words while any stand, and the seconds since the process began; `notes`
    are told beside and change nothing.
    """
    router = APIRouter(prefix="/health", include_in_schema=False)
    began = time.monotonic()

    @router.get("/live")
    async def live() -> Response:
        return JSONResponse({"status": "stuck" if stuck() else "live"}, 503 if stuck() else 200)

    @router.get("/ready")
    async def ready() -> Response:
        found = [*problems(), *await _database_problems(pool())]
        told = {
            "status": "not ready" if found else "ready",
            "problems": found,
            "up_seconds": round(time.monotonic() - began),
        }
        return JSONResponse(told | ({"notes": noted} if (noted := notes()) else {}), 503 if found else 200)

    return router


async def _database_problems(pool: Pool | None) -> list[str]:
    if pool is None:
        return ["PostgreSQL has not answered yet"]
    try:
        async with pool.acquire(timeout=2) as connection:
            await connection.fetchval("SELECT 1", timeout=2)
    except CONNECTION_LOST:
        return ["PostgreSQL does not answer"]
    return []


def service_token(expected: Callable[[Request], str]) -> Any:
    """A dependency that lets other services in: `Authorization: Bearer <token>` compared in constant time; else 401."""

    async def check(request: Request, authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode("latin-1"), expected(request).encode()):
            raise HTTPException(401, "Jeton de service absent ou faux", {"WWW-Authenticate": "Bearer"})

    return Depends(check)


def refuse_nul(request: Request) -> None:
    """A dependency: nothing of ours has a NUL in its address, and PostgreSQL takes none. Raises 404."""
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise HTTPException(404)


def asyncapi_routes(stream: FastStream) -> APIRouter:
    """`/asyncapi.json` and `.yaml`: what the service hears and says. No page: it would call a CDN, and publish."""
    router = APIRouter(include_in_schema=False)

    @router.get("/asyncapi.json")
    async def as_json() -> Response:
        return JSONResponse(stream.schema.to_specification().to_jsonable())

    @router.get("/asyncapi.yaml")
    async def as_yaml() -> Response:
        return Response(stream.schema.to_specification().to_yaml(), media_type="application/yaml")

    return router


class SecurityHeaders:
    """Adds to every answer the headers that keep a browser to this site; an answer's own header stays."""

    def __init__(self, app: ASGIApp, *, policy: str = "default-src 'none'; frame-ancestors 'none'") -> None:
        """`policy` is the Content-Security-Policy."""
        self._app = app
        self._headers = {**_HEADERS, "Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class AnswerHead:
    """Answers HEAD as GET would, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        if scope["type"] == "http" and scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, send_without_body)
        else:
            await self._app(scope, receive, send)
