"""Each request is timed, and traced where that is on, under the pattern of its address: what fills it stays unsaid."""

import time

from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import tracing
from shared.measures import REQUEST_SECONDS

UNKNOWN = "unknown"
_UNTRACED = ("/health/", "/metrics", "/static/")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class WatchRequests:
    """To be the innermost middleware: the pattern of an address is known once it was routed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not tracing.is_on() or scope["path"].startswith(_UNTRACED):
            await self._timed(scope, receive, send)
        else:
            cause = Headers(scope=scope).get("traceparent")
            with tracing.span(_method(scope), [cause], kind=SpanKind.SERVER) as begun:
                status = await self._timed(scope, receive, send)
                begun.update_name(f"{_method(scope)} {_route(scope)}")
                begun.set_attributes({"http.route": _route(scope), "http.response.status_code": status})

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Serve the request, time the beginning of its answer, and return its status."""
        began, status, seconds = time.perf_counter(), 500, None

        async def send_timed(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - began
            await send(message)

        try:
            await self._app(scope, receive, send_timed)
        finally:
            taken = time.perf_counter() - began if seconds is None else seconds
            REQUEST_SECONDS.labels(_method(scope), _route(scope), str(status)).observe(taken)
        return status


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "OTHER"


def _route(scope: Scope) -> str:
    """The pattern that the address matched; one name for all that match none, or anybody could make new ones."""
    return getattr(scope.get("route"), "path", None) or UNKNOWN
