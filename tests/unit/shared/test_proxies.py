"""A request comes from whom a trusted proxy says, and from nobody else's word."""

from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from services.console.views.sign_in import network_of
from shared.proxies import BehindProxies, Networks


class Settings(BaseSettings):
    """One with the type under test."""

    trusted_proxies: Networks = ()


async def seen_from(peer: str, trusted: Networks, headers: dict[str, str]) -> dict[str, Any]:
    app = FastAPI()

    @app.get("/")
    async def who(request: Request) -> dict[str, Any]:
        return {"host": request.client.host if request.client else None, "scheme": request.url.scheme}

    app.add_middleware(BehindProxies, trusted=lambda: trusted)
    transport = httpx.ASGITransport(app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://essaim.test") as client:
        answer: dict[str, Any] = (await client.get("/", headers=headers)).json()
        return answer


SAID = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize("peer", ["10.0.0.3", "127.0.0.1", "203.0.113.200"])
async def test_nobody_is_believed_unless_named(peer: str) -> None:
    assert await seen_from(peer, (), SAID) == {"host": peer, "scheme": "http"}
    assert await seen_from(peer, (ip_network("192.0.2.0/24"),), SAID) == {"host": peer, "scheme": "http"}


async def test_a_trusted_proxy_tells_who_came_to_it_not_what_they_say_of_others() -> None:
    trusted = (ip_network("10.0.0.0/8"),)
    assert await seen_from("10.0.0.3", trusted, SAID) == {"host": "203.0.113.9", "scheme": "https"}
    assert (await seen_from("10.0.0.3", trusted, {}))["host"] == "10.0.0.3"


async def test_a_chain_of_trusted_proxies_is_followed_to_its_end() -> None:
    trusted = (ip_network("10.0.0.0/8"), ip_network("203.0.113.9"))
    assert (await seen_from("10.0.0.3", trusted, SAID))["host"] == "198.51.100.7"


def test_proxies_are_named_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7,2001:db8::/32")
    assert [str(each) for each in Settings().trusted_proxies] == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
    monkeypatch.setenv("TRUSTED_PROXIES", "")
    assert Settings().trusted_proxies == ()


@pytest.mark.parametrize("text", ["*", "proxy.example.org", "10.0.0.1/8"])
def test_what_is_no_network_stops_the_service_at_its_start(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", text)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_a_household_counts_once(host: str, network: str) -> None:
    assert network_of(host) == network
