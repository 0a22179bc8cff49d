"""Whom a request comes from, where reverse proxies stand before a service."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from shared.listed import listed

Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(listed)]
"""A setting: addresses and networks joined by commas, such as `10.0.0.0/8,192.0.2.7`."""


class BehindProxies:
    """Takes client and scheme from `X-Forwarded-For` and `-Proto` where the peer is trusted to write them, else never.

    `trusted` is asked at the first request, once settings are read. The command that starts the service turns off
    uvicorn's own, which would trust whatever comes from loopback.
    """

    def __init__(self, app: ASGIApp, trusted: Callable[[], Networks]) -> None:
        self._app = app
        self._trusted = trusted
        self._behind: ProxyHeadersMiddleware | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._behind is None:
            self._behind = ProxyHeadersMiddleware(self._app, [str(network) for network in self._trusted()])  # type: ignore[arg-type]  # two names of one protocol
        await self._behind(scope, receive, send)  # type: ignore[arg-type]  # same
