"""Reads a feed politely: only what changed since, bounded in time and size, and no sooner than it asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

MOST_BYTES = 30 * 1024 * 1024
TIMEOUT_S = 30.0
_AGENT = "Essaim (reads public funds for social innovation projects)"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer; `payload` is None when nothing changed since the given tag or date."""

    payload: Any
    etag: str | None
    last_modified: str | None


class Unanswered(Exception):
    """The feed gave nothing to read; `retry_after_s` is what it asks to wait, if it does."""

    def __init__(self, why: str, retry_after_s: int | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


async def fetch(client: httpx.AsyncClient, url: str, etag: str | None, last_modified: str | None) -> Fetched:
    """The feed's JSON if it changed; raises `Unanswered` otherwise than by an answer."""
    headers = {"Accept": "application/json", "User-Agent": _AGENT}
    headers |= {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": last_modified} if last_modified else {}
    try:
        async with client.stream("GET", url, headers=headers, timeout=TIMEOUT_S) as answer:
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return Fetched(None, etag, last_modified)
            if answer.status_code != httpx.codes.OK:
                raise Unanswered(f"HTTP {answer.status_code}", _seconds(answer.headers))
            body = await _bounded(answer)
    except httpx.HTTPError as error:
        raise Unanswered(type(error).__name__) from None
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise Unanswered("no JSON") from None
    return Fetched(payload, answer.headers.get("etag"), answer.headers.get("last-modified"))


async def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise Unanswered("answer too large")
    return bytes(body)


def _seconds(headers: Mapping[str, str]) -> int | None:
    said = headers.get("retry-after", "")
    return min(int(said), 86_400) if said.isdigit() and len(said) < 9 else None
