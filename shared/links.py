"""Signed links: what a mail lets its reader do without signing in, said by the notifier and believed by the console."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import quote

Purpose = Literal["match", "alerts", "sign-in"]
"""`match`: read a match as one side and answer it; `alerts`: set one's preferences; `sign-in`: open a session."""

PARAMETER = "lien"
"""Name of the query parameter that carries a token."""

_SHORTEST_SECRET = 16


def sign(secret: str, purpose: Purpose, fields: Mapping[str, str], expires: datetime) -> str:
    """A token, safe in an address, that `verify` believes until `expires` (aware); the same arguments, the same token.

    Raises `ValueError` on a secret shorter than 16 characters.
    """
    content = {"p": purpose, "e": int(expires.timestamp()), "f": dict(sorted(fields.items()))}
    body = _encode(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())
    return f"{body}.{_signature(secret, body)}"


def verify(secret: str, purpose: Purpose, token: str, now: datetime) -> dict[str, str] | None:
    """The fields of a token signed with this secret for this purpose, not expired at `now`; else nothing."""
    body, _, signature = token.partition(".")
    if not hmac.compare_digest(_signature(secret, body).encode(), signature.encode()):
        return None
    try:
        content = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (BadBase64, ValueError):
        return None
    if content["p"] != purpose or now.timestamp() >= content["e"]:
        return None
    return {str(key): str(value) for key, value in content["f"].items()}


def match_link(base_url: str, match_id: str, token: str, *, declines: bool = False) -> str:
    """The page of a match for the bearer of a `match` token; `declines` opens it at « Pas pour nous », which asks once.

    Opening an address never answers by itself: programs that read mail follow links.
    """
    answer = "reponse=declined&" if declines else ""
    return f"{base_url.rstrip('/')}/rapprochements/{quote(match_id, safe='~')}?{answer}{PARAMETER}={token}"


def alerts_link(base_url: str, token: str) -> str:
    """The preferences of the bearer of an `alerts` token."""
    return f"{base_url.rstrip('/')}/alertes?{PARAMETER}={token}"


def _signature(secret: str, body: str) -> str:
    if len(secret) < _SHORTEST_SECRET:
        raise ValueError(f"the secret of links has fewer than {_SHORTEST_SECRET} characters")
    return _encode(hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest())


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
