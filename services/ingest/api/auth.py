"""Tells on whose behalf a request is made: an organisation by its key, a person by the console's word, a service."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.ingest import accounts
from services.ingest.api.context import Context, context_of
from services.ingest.api.problems import CHALLENGE, Problem
from services.ingest.intake.rights import Submitter
from services.ingest.store import people
from services.ingest.store.accounts import ApiKey, key_with_digest

ACTING_FOR = "essaim-acting-for"

Caller = Callable[[Request], Awaitable[Submitter]]


def caller(scope: str) -> Caller:
    """A dependency: the submitter, who must hold the scope; counts the call."""

    async def find(request: Request) -> Submitter:
        found = await submission(request)
        if found.scopes is not None and scope not in found.scopes:
            raise Problem("portee-manquante", scope=scope)
        return found.who

    return find


async def require_service(request: Request) -> None:
    """A dependency: only the other services, by their shared token."""
    token = _bearer(request)
    if token is None or not hmac.compare_digest(token.encode(), context_of(request).service_token.encode()):
        raise Problem("cle-requise", headers=CHALLENGE)


@dataclass(frozen=True, slots=True)
class Submission:
    """A submitter with the scopes that bound what they may submit; None bounds nothing."""

    who: Submitter
    scopes: frozenset[str] | None


async def submission(request: Request) -> Submission:
    """A dependency: who submits a file; each of its rows needs its own scope."""
    token = _bearer(request)
    if token is not None and hmac.compare_digest(token.encode(), context_of(request).service_token.encode()):
        return Submission(await _person(context_of(request), request), None)
    key = await _key(context_of(request), request, token)
    operator = "admin" in key.scopes
    who = Submitter(organisation_id=key.organisation_id, operator=operator)
    return Submission(who, None if operator else frozenset(key.scopes))


Reader = Annotated[Submitter, Depends(caller("read"))]
Operator = Annotated[Submitter, Depends(caller("admin"))]


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def _key(context: Context, request: Request, token: str | None) -> ApiKey:
    split = accounts.split_key(token) if token else None
    found = await key_with_digest(context.pool, split[0]) if split else None
    if split is None or found is None or not hmac.compare_digest(found[1], accounts.digest_of(split[1])):
        # Counted by address, so that guessing is slow and uses up nobody's calls.
        _count(context, request, f"address {request.client.host if request.client else ''}")
        raise Problem("cle-requise", headers=CHALLENGE)
    _count(context, request, found[0].prefix)
    return found[0]


async def _person(context: Context, request: Request) -> Submitter:
    kind, _, person_id = request.headers.get(ACTING_FOR, "").partition(":")
    if kind != "person" or not person_id:
        raise Problem("cle-requise", headers=CHALLENGE)
    if await people.person_by(context.pool, person_id=person_id) is None:
        raise Problem("introuvable", value=person_id[:80])
    holding = await people.holding_of(context.pool, person_id)
    return Submitter(person_id=person_id, entities=holding.entities, party_ids=holding.party_ids)


def _count(context: Context, request: Request, name: str) -> None:
    allowance = context.limiter.take(name)
    request.state.allowance = allowance
    if allowance.wait_s:
        raise Problem("trop-d-appels", headers=allowance.headers, seconds=allowance.wait_s)
