"""Tokens that prove a form came from our pages, and forms read with bounds."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

COOKIE = "essaim_formulaire"
FIELD = "jeton"
MOST_FIELDS = 400
_SALT = 16


class FormExpired(HTTPException):
    """The form's token is missing or not ours: the page must be opened again."""

    def __init__(self) -> None:
        super().__init__(403, "form-expired")


class Form:
    """The fields of a form that was sent, in order; a name may come several times."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = [(name, value.strip()) for name, value in pairs]

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field, without spaces around."""
        return next((value for field, value in self._pairs if field == name), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, empty ones left out."""
        return tuple(value for field, value in self._pairs if field == name and value)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)


def new_secret() -> str:
    """What a browser keeps to send with its forms."""
    return secrets.token_urlsafe(24)


def form_token(key: str, secret: str, session: str | None) -> str:
    """A token bound to this browser and session, different each time, so that compressed pages tell nothing of it."""
    salt = secrets.token_hex(_SALT)
    return salt + _signature(key, salt, secret, session)


def is_form_token(key: str, token: str, secret: str, session: str | None) -> bool:
    """Whether `form_token` made this for the same browser and session."""
    salt, signature = token[: 2 * _SALT], token[2 * _SALT :]
    return bool(secret) and hmac.compare_digest(signature.encode(), _signature(key, salt, secret, session).encode())


async def read_form(request: Request, key: str, session: str | None) -> Form:
    """The fields sent, once their token was checked. Raises `FormExpired`."""
    try:
        form = Form(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise HTTPException(400, "form-unreadable") from error
    if any("\0" in name + value for name, value in form):
        raise HTTPException(400, "form-unreadable")
    if not is_form_token(key, form.get(FIELD), request.cookies.get(COOKIE, ""), session):
        raise FormExpired
    return form


def _signature(key: str, salt: str, secret: str, session: str | None) -> str:
    return hmac.new(key.encode(), f"form:{salt}:{secret}:{session or ''}".encode(), hashlib.sha256).hexdigest()
