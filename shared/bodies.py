"""What a request carries is read up to a limit, and as JSON only once its sender was let in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_INTERNAL_BYTES = 64 * 1024
"""For services that take nothing in over HTTP."""
_NO_PATHS: Mapping[str, int] = MappingProxyType({})

T = TypeVar("T", bound=BaseModel)


class BodyTooLarge(HTTPException):
    """413: the body is longer than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, "body-too-large")
        self.limit = limit


class BoundBodies:
    """Whoever reads a body of more than `most` bytes gets `BodyTooLarge`, as soon as its header or its parts show it.

    `larger` has the limits of single paths. The application answers it as any HTTP error, in its own manner; what
    nobody reads the server discards. The body of a GET means nothing and is dropped as it comes: who only listens
    for the client to leave, as a stream does, goes on.
    """

    def __init__(self, app: ASGIApp, *, most: int, larger: Mapping[str, int] = _NO_PATHS) -> None:
        self._app = app
        self._most = most
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _emptied(receive) if scope["method"] == "GET" else self._bounded(scope, receive)
        await self._app(scope, receive, send)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        limit = self._larger.get(scope["path"], self._most)
        announced = Headers(scope=scope).get("content-length", "")
        is_too_long = announced.isdecimal() and int(announced) > limit
        arrived = 0

        async def receive_bounded() -> Message:
            nonlocal arrived
            if is_too_long:
                raise BodyTooLarge(limit)
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise BodyTooLarge(limit)
            return message

        return receive_bounded


def _emptied(receive: Receive) -> Receive:
    """Tells that the client left, and nothing that it sends."""

    async def receive_emptied() -> Message:
        message = await receive()
        return {**message, "body": b""} if message["type"] == "http.request" else message

    return receive_emptied


def json_body(shape: type[T]) -> Any:
    """A dependency: the body as `shape`, read after the dependencies before it; 422 when it is none.

    A parameter of the shape itself would be parsed before any dependency asks who sends it.
    """

    async def read(request: Request) -> T:
        try:
            return shape.model_validate_json(await request.body())
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found]) from None

    return Depends(read)
